"""NAME
    bounce_template - the words of delivery status notifications

DESCRIPTION
    The built-in templates, and what becomes of the names in a template's text.

PARAMETERS
    delay_warning_time, maximal_queue_lifetime, header_from_format

DIAGNOSTICS
    zero result in delay template conversion of parameter "delay_warning_time_hours"
        A time is shorter than the unit in which the template tells it; `excessive result`: far longer.

SEE ALSO
    bounce(5)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from simmail.mail.errors import Fatal
from simmail.postfix.config import Config

_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
_TIME_NAME = re.compile(r"\$(?:\{|\()?(delay_warning_time|maximal_queue_lifetime)_(\w*)")
#: More of a unit than that reads badly.
_LARGEST = 999

Warn = Callable[[str, str], None]


class Template(NamedTuple):
    """One kind of notification.

    Args:
        kind: `failure`, `delay`, `success`, `verify`.
        origin: the file it comes from, or `[built-in]`.
        charset: of the text; "" for that of the notification.
        sender: the value of From:; "" for the mail system's.
        subject, postmaster_subject: of the notification and of the postmaster's copy.
        text: the lines of the message, parameters not expanded.
    """

    kind: str
    origin: str
    charset: str
    sender: str
    subject: str
    postmaster_subject: str
    text: tuple[str, ...]


_HOST = "This is the mail system at host $myhostname."
_HELP = (
    "For further assistance, please send mail to postmaster.",
    "",
    "If you do so, please include this problem report. You can",
    "delete your own text from the attached returned message.",
    "",
)
_SIGNED = "                   The mail system"

PLAIN_CHARSET = "us-ascii"

BUILT_IN = {
    template.kind: template
    for template in (
        Template(
            "failure", "[built-in]", "", "", "Undelivered Mail Returned to Sender",
            "Postmaster Copy: Undelivered Mail",
            (
                _HOST,
                "",
                "I'm sorry to have to inform you that your message could not",
                "be delivered to one or more recipients. It's attached below.",
                "",
                *_HELP,
                _SIGNED,
            ),
        ),
        Template(
            "delay", "[built-in]", "", "", "Delayed Mail (still being retried)",
            "Postmaster Warning: Delayed Mail",
            (
                _HOST,
                "",
                "####################################################################",
                "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #",
                "####################################################################",
                "",
                "Your message could not be delivered for more than $delay_warning_time_hours hour(s).",
                "It will be retried until it is $maximal_queue_lifetime_days day(s) old.",
                "",
                *_HELP,
                _SIGNED,
            ),
        ),
        Template(
            "success", "[built-in]", "", "", "Successful Mail Delivery Report", "",
            (
                _HOST,
                "",
                "Your message was successfully delivered to the destination(s)",
                "listed below. If the message was delivered to mailbox you will",
                "receive no further notifications. Otherwise you may still receive",
                "notifications of mail delivery errors from other systems.",
                "",
                _SIGNED,
            ),
        ),
        Template(
            "verify", "[built-in]", "", "", "Mail Delivery Status Report", "",
            (_HOST, "", "Enclosed is the mail delivery report that you requested.", "", _SIGNED),
        ),
    )
}  # fmt: skip


def sender(template: Template, config: Config) -> str:
    """The value of a notification's From:, the mail system's own in the form that header_from_format asks for."""
    if template.sender:
        return template.sender
    if config["header_from_format"].lower() == "obsolete":
        return "MAILER-DAEMON (Mail Delivery System)"
    return "Mail Delivery System <MAILER-DAEMON>"


def expanded(template: Template, config: Config, warn: Warn) -> list[str]:
    """The template's text with its parameters; a time is told in the unit that its name ends in.

    Raises:
        Fatal: for a name that is none, or without a value.
    """
    times: dict[str, str] = {}
    lines: list[str] = []
    for line in template.text:
        _add_times(times, line, template, config, warn)
        done = config.expansion(line, times)
        if done.failed or done.undefined:
            what = "bad $name syntax" if done.failed else "undefined $name"
            raise Fatal(f"{template.origin}: {what} in {template.kind} template: {line}")
        lines.append(done.text)
    return lines


def _add_times(times: dict[str, str], line: str, template: Template, config: Config, warn: Warn) -> None:
    """Add the times that a line names, each in its unit."""
    where, what = template.origin, f"in {template.kind} template"
    for name, unit in _TIME_NAME.findall(line):
        key = f"{name}_{unit}"
        if unit not in _UNITS:
            raise Fatal(f'{where}: unrecognized suffix "{unit}" in parameter "{key}"')
        if key in times:
            continue
        seconds: float = config[name]
        count = int(seconds) // _UNITS[unit]
        times[key] = str(count)
        if count > _LARGEST or (seconds and not count):
            kind, change = (f'excessive result "{count}"', "increase") if count else ("zero result", "reduce")
            warn("warning", f'{where}: {kind} {what} conversion of parameter "{key}"')
            warn("warning", f'please {change} time unit "{unit}" of "{key}" {what}')
            warn("warning", "for instructions see the bounce(5) manual")
