"""NAME
    fast_flush - the domains whose mail may be sent for

DESCRIPTION
    flush(8) keeps a note of the deferred mail for these domains.  Every program that can defer mail has the list open.

PARAMETERS
    fast_flush_domains, relay_domains, parent_domain_matches_subdomains, compatibility_level

DIAGNOSTICS
    using backwards-compatible default setting relay_domains=$mydestination to ... for domain "DOMAIN"

SEE ALSO
    flush(8), ETRN_README
"""

from __future__ import annotations

from simmail.postfix.config import Config
from simmail.postfix.match_lists import PARENTS, DomainList, Pattern, takes_parents
from simmail.postfix.tables import TableEnvironment


class FastFlush:
    """The domains of fast_flush_domains.

    Args:
        config: the parameters.
        environment: where the list's tables find files, and what they have to say goes.

    Raises:
        Fatal: for a list that cannot be read.

    Attributes:
        old: whether they are those of mydestination because of compatibility_level, which the log is to hear of.
    """

    __slots__ = ("_domains", "old")

    def __init__(self, config: Config, environment: TableEnvironment) -> None:
        name = "fast_flush_domains"
        parents = takes_parents(name, config[PARENTS], environment)
        self._domains = DomainList.open(name, config[name], environment, parents)
        self.old = config.is_backwards("relay_domains") and name not in config.settings

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """The list's patterns."""
        return self._domains.patterns

    def serves(self, domain: str, purpose: str) -> bool:
        """Whether a domain is one of them.

        Args:
            domain: its name.
            purpose: what it is asked for, as the log shows it: `flush mail`.

        Raises:
            LookupFailure: where a table cannot tell; that is logged.
        """
        found = self._domains.matches(domain)
        if found and self.old:
            self._domains.environment.warn(
                "text",
                "using backwards-compatible default setting relay_domains=$mydestination "
                f'to {purpose} for domain "{domain}"',
            )
        return found
