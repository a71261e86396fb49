"""`lint`: mistakes in a host's configuration, most of which Postfix keeps silent about."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from simmail.lab.explain.place import Place, find
from simmail.lab.lint.finding import Finding
from simmail.lab.lint.parsed import Parsed
from simmail.lab.lint.report import Report
from simmail.lab.lint.rules import RULES
from simmail.lab.lint.rules.running import DIES, FATAL, LACKS
from simmail.lab.lint.rules.syntax import SAVED
from simmail.postfix.config import MAIN_CF, MASTER_CF
from simmail.world.host import Host

__all__ = ["Report", "lint"]

#: What a trial finds, which another finding may have explained.
TRIED = frozenset({FATAL.code, DIES.code, LACKS.code})


def lint(host: Host | str | Path, *, world: str = "", policy: str = "", zones: tuple[str, ...] = ()) -> Report:
    """Look for mistakes in a host's configuration.

    Args:
        host: a host of a running world; or the folder of one, a world's `hosts/NAME` or a bare /etc/postfix.
        world: the world around the host; that of its folder by default.
        policy: a folder below the world's policies/, laid over its hosts.
        zones: master files that answer for names, instead of the world's.

    Raises:
        InputError: for a host that is none.
    """
    return check(find(host, tuple(zones), world, policy=policy))


def check(place: Place) -> Report:
    """Look for mistakes in the configuration of a host that has been found."""
    parsed = Parsed(place)
    found = {(f.code, f.location, f.why if f.code in TRIED else ""): f for rule in RULES for f in rule(parsed)}
    spoilt = {f.location.file for f in found.values() if f.code == SAVED.code}
    kept = (f for f in found.values() if not _follows(f, found.values(), spoilt))
    return Report(place, sorted((_named(place, f) for f in kept), key=lambda finding: finding.order))


def _follows(finding: Finding, others: Collection[Finding], spoilt: set[str]) -> bool:
    """Whether a finding follows from another, and is not worth a word of its own.

    It does where its file cannot be read; and where it tells what Postfix dies of, if one of Postfix's own files
    cannot be read, or if another finding is about the lines that it dies of.

    Args:
        finding: which.
        others: all of them.
        spoilt: the files that cannot be read.
    """
    if finding.code == SAVED.code:
        return False
    if finding.location.file in spoilt:
        return True
    if finding.code not in TRIED:
        return False
    places = {finding.location, *finding.related}
    return bool(spoilt & {MAIN_CF, MASTER_CF}) or any(
        f.severity == "error" and f.code not in TRIED and f.location in places for f in others
    )


def _named(place: Place, finding: Finding) -> Finding:
    """A finding with its places as the user knows them."""
    first, *related = (where._replace(file=place.name(where.file)) for where in (finding.location, *finding.related))
    return finding._replace(location=first, related=tuple(related))
