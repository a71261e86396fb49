"""NAME
    ratelimit - policy server that counts

SYNOPSIS
    ratelimit --inet=[host:]port | --unix=path [--key=attribute,...] [--limit=n] [--period=s] [--action=action]
        [--count=messages | recipients]

DESCRIPTION
    Allows so many requests with the same attributes (`sender`, unless --key names others) in each period; what is
    beyond that gets the action.  The period begins with the first request and ends `period` seconds later.  Refused
    requests do not count.

    With --count=recipients a request counts as many as its recipient_count says, which is of use at the end of
    data (smtpd_end_of_data_restrictions).

DIAGNOSTICS
    limit of 100 in 3600 s reached: sender=spam@domain.ork

BUGS
    It is no program that Debian has: it stands for the many of its kind.

SEE ALSO
    SMTPD_POLICY_README, anvil(8)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from simmail.files.machine import Machine
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note
from simmail.userland.policy.options import Option, read_options
from simmail.userland.policy.protocol import endpoint

OPTIONS = (
    Option("inet", "i"),
    Option("unix", "u"),
    Option("key", default="sender"),
    Option("limit", default="100"),
    Option("period", default="3600"),
    Option("action", default="DEFER_IF_PERMIT 4.7.1 Rate limit exceeded, try again later"),
    Option("count", default="messages"),
)
MOST_KEYS = 100_000


class RateLimiter:
    """A rate limiter that runs.

    Args:
        machine: the host.
        argv: its command line.
        now: when it was started; it does not matter.

    Raises:
        Fatal: for a command line that it does not take.
    """

    name = "ratelimit"

    def __init__(self, machine: Machine, argv: tuple[str, ...], now: float = 0.0) -> None:
        given = read_options(argv, OPTIONS)
        if not given["inet"] and not given["unix"]:
            raise Fatal("--unix or --inet must be given")
        self.endpoint = endpoint(given["inet"], "inet") if given["inet"] else endpoint(given["unix"], "unix")
        for name in ("limit", "period"):
            if not re.fullmatch(r"\d{1,9}", given[name]):
                raise Fatal(f"--{name}={given[name]}: not a number")
        if given["count"] not in ("messages", "recipients"):
            raise Fatal(f"--count={given['count']}: neither messages nor recipients")
        self.keys = tuple(name for name in re.split(r"[\s,]+", given["key"]) if name)
        self.limit, self.period, self.action = int(given["limit"]), float(given["period"]), given["action"]
        self.by_recipients = given["count"] == "recipients"
        self._counts: dict[tuple[str, ...], tuple[float, int]] = {}

    def ask(self, attributes: Mapping[str, str], now: float) -> Decision[str | None]:
        """Answer one request, at once."""
        key = tuple(attributes.get(name, "").lower() for name in self.keys)
        begun, count = self._counts.get(key, (now, 0))
        if now >= begun + self.period:
            begun, count = now, 0
        number = attributes.get("recipient_count", "")
        more = max(int(number), 1) if self.by_recipients and re.fullmatch(r"\d{1,9}", number) else 1
        if count + more > self.limit:
            told = " ".join(f"{name}={value}" for name, value in zip(self.keys, key, strict=True))
            yield Note("policy-ratelimit", "text", "", f"limit of {self.limit} in {self.period:.0f} s reached: {told}")
            return self.action
        if len(self._counts) >= MOST_KEYS:
            self._counts = {k: entry for k, entry in self._counts.items() if now < entry[0] + self.period}
        self._counts[key] = (begun, count + more)
        return "DUNNO"
