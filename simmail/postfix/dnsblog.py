"""NAME
    dnsblog - asks DNS lists for postscreen, and logs what they say

DESCRIPTION
    Asks all lists for a client's address at once, and logs each address that one answers with.

PARAMETERS
    dnsblog_reply_delay

DIAGNOSTICS
    addr ADDRESS listed by domain LIST as ANSWER
    warning: dnsblog_query: lookup error for DNS query NAME: Host or domain name not found. ...

SEE ALSO
    dnsblog(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from simmail.mail.answers import DnsAnswer
from simmail.mail.questions import Decision, Detach, LookUps, Sleep
from simmail.postfix.dns_data import trouble
from simmail.postfix.program import Program
from simmail.postfix.smtpd.dnsbl import reversed_address

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem


class ListReply(NamedTuple):
    """What a list says.

    Args:
        domain: the list.
        answer: its DNS answer.
        seconds: until postscreen has it.
    """

    domain: str
    answer: DnsAnswer
    seconds: float


class Dnsblog(Program):
    """The look-ups of one service."""

    command: ClassVar[str] = "dnsblog"

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        self.delay: float = self.config["dnsblog_reply_delay"]

    def ask(self, address: str, domains: tuple[str, ...]) -> Decision[tuple[ListReply, ...]]:
        """Ask lists for an address; what they say is logged when it comes, and no time passes here."""
        yield from self.spoken()
        reverse = reversed_address(address)
        answers = yield LookUps(tuple(f"{reverse}.{domain}" for domain in domains), "A")
        replies = [ListReply(domain, *answer) for domain, answer in zip(domains, answers, strict=True)]
        replies.sort(key=lambda reply: reply.seconds)
        yield Detach(self._logged(address, reverse, replies))
        return tuple(reply._replace(seconds=reply.seconds + self.delay) for reply in replies)

    def _logged(self, address: str, reverse: str, replies: list[ListReply]) -> Decision[None]:
        passed = 0.0
        for domain, answer, seconds in replies:
            if seconds > passed:
                yield Sleep(seconds - passed)
                passed = seconds
            if answer.temporary:
                name = f"{reverse}.{domain}"
                text = f"dnsblog_query: lookup error for DNS query {name}: {trouble(answer, name, 'A')}"
                yield self.note("warning", "", text)
            for record in answer.records:
                yield self.note("text", "", f"addr {address} listed by domain {domain} as {record.data}")
