"""NAME
    flush - fast flush server

DESCRIPTION
    Sends what waits for one domain, where fast_flush_domains has it: for ETRN and `postqueue -s`.

PARAMETERS
    fast_flush_domains, parent_domain_matches_subdomains

BUGS
    The real program keeps a file for each domain and refreshes it now and then; here the deferred queue is looked
    through.  A fast_flush_domains of its own in master.cf makes no difference.

SEE ALSO
    flush(8), ETRN_README
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.questions import Decision, Note, Trigger
from simmail.postfix.program import Program

if TYPE_CHECKING:
    from simmail.postfix.system import MailSystem

#: Where it listens.
SOCKET = "public/flush"


class Flush(Program):
    """Sends the mail of one domain."""

    command = "flush"

    def send_site(self, domain: str) -> Decision[None]:
        """Try what waits for a domain."""
        yield send_site(domain)


def unasked(system: MailSystem) -> str:
    """What a program says that looks for flush(8) in vain; "" where it is there."""
    return system.unreachable(SOCKET) if system.silent(SOCKET) else ""


def send_site(domain: str) -> Trigger:
    """The request to the queue manager to try what waits for a domain."""
    return Trigger(lambda manager, now: manager.flush_site(domain, now))


def flush_words(system: MailSystem) -> list[Note]:
    """What flush(8) says of main.cf where it is needed for the first time: two of its processes start."""
    return 2 * system.others.roused("flush")
