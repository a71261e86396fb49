"""NAME
    bounce_template - the words of delivery status notifications

DESCRIPTION
    The built-in templates, and those of a file that replace them.

PARAMETERS
    bounce_template_file, delay_warning_time, maximal_queue_lifetime

DIAGNOSTICS
    zero result in delay template conversion of parameter "delay_warning_time_hours"
        A time is shorter than the unit in which the template tells it.

SEE ALSO
    bounce(5)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from simmail.files.tree import FileError
from simmail.mail.errors import Fatal
from simmail.postfix.config import Config

_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
_TIME_NAME = re.compile(r"\$(?:\{|\()?(delay_warning_time|maximal_queue_lifetime)_([a-z]+)")
_BEGIN = re.compile(r"(\w+)\s*=\s*<<\s*(\S+)\s*\Z")

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
    if config["header_from_format"] == "obsolete":
        return "MAILER-DAEMON (Mail Delivery System)"
    return "Mail Delivery System <MAILER-DAEMON>"


def expanded(template: Template, config: Config, warn: Warn) -> list[str]:
    """The template's text with its parameters; a time is told in the unit that its name ends in."""
    text = "\n".join(template.text)
    extra: dict[str, str] = {}
    for match in _TIME_NAME.finditer(text):
        name, unit = match.groups()
        key = f"{name}_{unit}"
        if unit not in _UNITS:
            warn("warning", f'{template.origin}: unknown time unit "{unit}" of "{key}" in {template.kind} template')
            continue
        seconds: float = config[name]
        count = int(seconds) // _UNITS[unit]
        if not count and key not in extra:
            warn(
                "warning",
                f'{template.origin}: zero result in {template.kind} template conversion of parameter "{key}"',
            )
            warn("warning", f'please reduce time unit "{unit}" of "{key}" in {template.kind} template')
            warn("warning", "for instructions see the bounce(5) manual")
        extra[key] = str(count)
    return config.expand(text, extra).split("\n")


def load_templates(config: Config, warn: Warn) -> Mapping[str, Template]:
    """The templates in use.

    Args:
        config: the bounce daemon's.
        warn: hears what is wrong with the template file.

    Raises:
        Fatal: where bounce_template_file cannot be read.
    """
    path: str = config["bounce_template_file"]
    if not path:
        return BUILT_IN
    try:
        text = config.machine.files.read(path)
    except FileError as error:
        raise Fatal(f"open {path}: {error.reason}") from None
    return {**BUILT_IN, **_parse(path, text, warn)}


def _parse(path: str, text: str, warn: Warn) -> dict[str, Template]:
    found: dict[str, Template] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        match = _BEGIN.match(line.strip())
        if match is None:
            if line.strip() and not line.lstrip().startswith("#"):
                warn("warning", f"{path}: unexpected text: {line}")
            continue
        name, end = match.groups()
        body: list[str] = []
        for inner in lines:
            if inner == end:
                break
            body.append(inner)
        kind = name.removesuffix("_template")
        if kind in BUILT_IN and name.endswith("_template"):
            found[kind] = _template(path, BUILT_IN[kind], body)
    return found


def _template(path: str, built_in: Template, lines: list[str]) -> Template:
    """One template of a file; what its headers do not say is as in the built-in one."""
    fields: dict[str, str] = {}
    index = 0
    while index < len(lines) and lines[index].strip():
        name, _, value = lines[index].partition(":")
        fields[name.strip().lower()] = value.strip()
        index += 1
    return Template(
        built_in.kind,
        path,
        fields.get("charset", "").replace(PLAIN_CHARSET, ""),
        fields.get("from", built_in.sender),
        fields.get("subject", built_in.subject),
        fields.get("postmaster-subject", built_in.postmaster_subject),
        tuple(lines[index + 1 :]),
    )
