"""NAME
    fast_flush - the domains whose mail may be sent for

DESCRIPTION
    flush(8) keeps a note of the deferred mail for these domains.  Every program that can defer mail has the list open.

PARAMETERS
    fast_flush_domains, parent_domain_matches_subdomains

SEE ALSO
    flush(8), ETRN_README
"""

from __future__ import annotations

from simmail.postfix.config import Config
from simmail.postfix.match_lists import PARENTS, DomainList, takes_parents
from simmail.postfix.tables import TableEnvironment


def fast_flush_domains(config: Config, environment: TableEnvironment) -> DomainList:
    """The domains whose mail may be sent for."""
    name = "fast_flush_domains"
    return DomainList.open(name, config[name], environment, takes_parents(name, config[PARENTS], environment))
