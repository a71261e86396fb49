"""NAME
    flush - fast flush server

DESCRIPTION
    Sends what waits for one domain, where fast_flush_domains has it: for ETRN and `postqueue -s`.

PARAMETERS
    fast_flush_domains, parent_domain_matches_subdomains

BUGS
    The real program keeps a file for each domain and refreshes it now and then; here the deferred queue is looked
    through.

SEE ALSO
    flush(8), ETRN_README
"""

from __future__ import annotations

from simmail.mail.questions import Decision, Trigger
from simmail.postfix.config import Config
from simmail.postfix.match_lists import DomainList, StringList
from simmail.postfix.program import Program
from simmail.postfix.tables import TableEnvironment

PARENTS = "parent_domain_matches_subdomains"


class Flush(Program):
    """Sends the mail of one domain."""

    command = "flush"

    def send_site(self, domain: str) -> Decision[None]:
        """Try what waits for a domain."""
        yield send_site(domain)


def send_site(domain: str) -> Trigger:
    """The request to the queue manager to try what waits for a domain."""
    return Trigger(lambda manager, now: manager.flush_site(domain, now))


def fast_flush_domains(config: Config, environment: TableEnvironment) -> DomainList:
    """The domains whose mail may be sent for."""
    name = "fast_flush_domains"
    parents = StringList.open(PARENTS, config[PARENTS], environment).matches(name)
    return DomainList.open(name, config[name], environment, parents)
