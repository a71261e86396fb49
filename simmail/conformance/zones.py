"""The names of a case, answered for as the recorder's server answers."""

from __future__ import annotations

from simmail.dns.zones import Zones


class CaseZones(Zones):
    """The zones of a case: as a world's, but for wildcards.

    The recorder's own DNS server goes up from a name that owns no records, and the first wildcard it meets speaks for
    the name; only a name that owns records stops it.  A real name server stops at a name that merely has others below
    it (RFC 4592 section 2.2.2), as a world's zones do, and gives such a name itself no wildcard's records.  What is
    judged in a case is Postfix: both sides must hear the same answers, so a case's names are answered in
    the recorder's way, and no learner's.
    """

    def wildcard(self, name: str) -> str:
        """The nearest wildcard above a name, below the nearest name that owns records; "" for none."""
        while name:
            name = name.partition(".")[2]
            wildcard = f"*.{name}" if name else "*"
            if self.owns(wildcard):
                return wildcard
            if self.owns(name):
                break
        return ""
