"""Sizes, times and counts that contradict each other, or can hardly be meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Parsed

MEGABYTE = 1_000_000
#: The usual message_size_limit.
USUAL_SIZE = 10_240_000
#: What base64 makes of an attachment, line ends and headers included.
BASE64 = 1.4

MAILBOX = Kind(
    "error", "mailbox-below-message",
    "{agent} does not run: mail is accepted, and stays in the queue.",
    "{mailbox} ({small}) is smaller than message_size_limit ({large}), which is a fatal error for {agent}.",
    "Set {mailbox} to 0 (no limit), or well above message_size_limit.",
    "local(8)",
)  # fmt: skip
BASE64_NOTE = Kind(
    "note", "base64-size",
    "Attachments of more than {fits} are refused: 552 5.3.4 Error: message file too big.",
    "Mail carries attachments in base64, which adds 37 %, and the limit is for the whole message.",
    "For attachments of {limit} octets write message_size_limit = {better}.",
    "postconf(5)",
)  # fmt: skip
ABSURD = Kind(
    "warning", "absurd-number",
    "{name} = {value}: {effect}",
    "{why}",
    "Leave the line out (default {default}), or write what you mean in {unit}.",
    "postconf(5)",
)  # fmt: skip
LIFETIME = Kind(
    "warning", "no-patience",
    "{name} = {value}: the first temporary failure of a remote server returns the mail to its sender.",
    "Greylisting servers, and busy ones, answer the first attempt with a 4xx; a queue is there to try again.",
    "Leave the line out (5d).",
    "qmgr(8)",
)  # fmt: skip
ORDER = Kind(
    "warning", "backoff-order",
    "{small} ({first:g} s) is longer than {large} ({second:g} s).",
    "The shorter of two waits is the longer one: the schedule of attempts is not what either says.",
    "Make {small} the smaller of the two.",
    "qmgr(8)",
)  # fmt: skip
SCAN = Kind(
    "note", "backoff-below-scan",
    "minimal_backoff_time ({first:g} s) is never kept: deferred mail is looked at every {second:g} s only.",
    "The deferred queue is scanned every queue_run_delay; all that is due leaves then, at once.",
    "Make queue_run_delay no longer than minimal_backoff_time.",
    "qmgr(8)",
)  # fmt: skip
PER_RECIPIENT = Kind(
    "note", "rate-per-recipient",
    "The delay of {delay} is kept between mails to one recipient, not to one site.",
    "With {limit} = 1 each recipient is a destination of its own.",
    "Leave {limit} out, or set it to more than 1.",
    "postconf(5)",
)  # fmt: skip


class Bounds(NamedTuple):
    """What a number can hardly be meant to be: `least` to `most`, 0 for no limit there, and what then happens.

    `zero`: whether 0 is one of these, too.
    """

    least: float
    most: float
    zero: bool
    effect: str
    why: str
    unit: str


BOUNDS: dict[str, Bounds] = {
    "message_size_limit": Bounds(
        100_000, 1_000_000_000, False, "ordinary mail is refused (552), or everybody hears 452 4.3.1.",
        "smtpd wants one and a half times the limit free on the disk before it takes any mail.", "octets",
    ),
    "queue_minfree": Bounds(
        0, 20_000_000_000, False, "everybody hears 452 4.3.1 Insufficient system storage.",
        "smtpd takes no mail when less than that is free on the disk.", "octets",
    ),
    "qmgr_message_active_limit": Bounds(
        1000, 0, True, "a few mails for a slow site keep all others waiting, local ones too.",
        "Mail is delivered from the active queue only; what does not fit waits in incoming.", "messages",
    ),
    "default_process_limit": Bounds(
        10, 0, True, "a few idle clients keep all others waiting.",
        "Each connection occupies an smtpd process until it ends.", "processes",
    ),
    "smtpd_client_connection_rate_limit": Bounds(
        10, 0, False, "busy honest servers hear 421 4.7.0 Error: too many connections.",
        "The limit holds for every client outside of mynetworks, large providers too.", "connections a minute",
    ),
    "smtpd_client_message_rate_limit": Bounds(
        10, 0, False, "busy honest servers hear 450 4.7.1 Error: too much mail.",
        "The limit holds for every client outside of mynetworks, large providers too.", "messages a minute",
    ),
    "smtpd_recipient_limit": Bounds(
        10, 0, True, "mail to several people is refused: 452 4.5.3 Error: too many recipients.",
        "Senders expect at least 100 (RFC 5321, section 4.5.3.1.8).", "recipients",
    ),
    "smtpd_hard_error_limit": Bounds(
        3, 0, True, "a client with one or two unknown recipients is hung up on.",
        "Each refused recipient counts as an error.", "errors",
    ),
    "smtpd_timeout": Bounds(
        10, 0, True, "slow clients are hung up on while they send.", "Each reply and each line has that long.",
        "seconds",
    ),
    "delay_warning_time": Bounds(
        0, 432_000, False, "nobody is told that a letter is late before it comes back.",
        "A number without a unit means hours here.", "hours, as in 4h",
    ),
}  # fmt: skip


def mailbox_limits(host: Parsed) -> Iterator[Finding]:
    """A mailbox that may be smaller than one message."""
    message = host.number("message_size_limit")
    agents = {"mailbox_size_limit": "local", "virtual_mailbox_limit": "virtual"}
    for name, agent in agents.items():
        mailbox = host.number(name)
        if agent == "virtual" and not host.words("virtual_mailbox_domains"):
            continue
        if mailbox and message is not None and (message == 0 or mailbox < message):
            set_here = [n for n in ("message_size_limit", name) if host.is_set(n)]
            latest = max((host.where(n) for n in set_here), default=host.where(name))
            large = f"{message:.0f}" if message else "none at all"
            yield MAILBOX.at(
                latest, *(p for n in set_here if (p := host.where(n)) != latest), agent=f"{agent}(8)", mailbox=name,
                small=f"{mailbox:.0f}", large=large,
            )  # fmt: skip


def base64(host: Parsed) -> Iterator[Finding]:
    """A limit in whole megabytes, which is meant for attachments."""
    limit = host.number("message_size_limit")
    whole = limit is not None and (limit % MEGABYTE == 0 or limit % 2**20 == 0)
    if limit and whole and BOUNDS["message_size_limit"].least <= limit < USUAL_SIZE:
        fits = f"{limit / BASE64 / MEGABYTE:.1f} MB"
        yield BASE64_NOTE.at(
            host.where("message_size_limit"), fits=fits, limit=f"{limit:.0f}", better=f"{limit * BASE64:.0f}"
        )


def absurd(host: Parsed) -> Iterator[Finding]:
    """Numbers that can hardly be meant."""
    for name, bounds in BOUNDS.items():
        value = host.number(name)
        if not host.is_set(name) or value is None:
            continue
        small = bounds.least and value < bounds.least and (value != 0 or bounds.zero)
        if small or (bounds.most and value > bounds.most):
            yield ABSURD.at(
                host.where(name), name=name, value=host.told(name), effect=bounds.effect, why=bounds.why,
                default=host.config.default(name), unit=bounds.unit,
            )  # fmt: skip


def lifetimes(host: Parsed) -> Iterator[Finding]:
    """Queues that give up at once."""
    for name in ("maximal_queue_lifetime", "bounce_queue_lifetime"):
        value = host.number(name)
        if host.is_set(name) and value is not None and value < 3600:
            yield LIFETIME.at(host.where(name), name=name, value=host.told(name))


def schedule(host: Parsed) -> Iterator[Finding]:
    """Waits between attempts that contradict each other."""
    least, most = host.number("minimal_backoff_time"), host.number("maximal_backoff_time")
    scan = host.number("queue_run_delay")
    if least is None or most is None or scan is None:
        return
    if least > most:
        yield ORDER.at(
            host.where("minimal_backoff_time", "maximal_backoff_time"), small="minimal_backoff_time",
            large="maximal_backoff_time", first=least, second=most,
        )  # fmt: skip
    elif least < scan:
        yield SCAN.at(host.where("queue_run_delay", "minimal_backoff_time"), first=least, second=scan)


def rate_delays(host: Parsed) -> Iterator[Finding]:
    """A delay for each destination, where each recipient is one."""
    for prefix in ("smtp", "relay", "default"):
        delay, limit = f"{prefix}_destination_rate_delay", f"{prefix}_destination_recipient_limit"
        if host.is_set(delay) and host.number(delay) and host.told(limit) == "1":
            yield PER_RECIPIENT.at(host.where(limit, delay), delay=host.told(delay), limit=limit)


RULES = (mailbox_limits, base64, absurd, lifetimes, schedule, rate_delays)
