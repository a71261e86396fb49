"""`diff`: which kinds of mail fare differently under two configurations, with one witness each."""

from __future__ import annotations

from pathlib import Path

from simmail.lab.diff.comparison import Comparison, compare
from simmail.lab.diff.played import Side
from simmail.lab.explain.place import Place, find
from simmail.lab.lint.databases import Databases
from simmail.lab.lint.parsed import Parsed
from simmail.world.host import Host

__all__ = ["Comparison", "diff"]


def diff(
    a: Host | str | Path, b: Host | str | Path, world: str = "", *, policies: tuple[str, str] = ("", "")
) -> Comparison:
    """Compare two configurations by what becomes of mail.

    Args:
        a, b: hosts of a running world, or the folders of some: a world's `hosts/NAME`, or a bare /etc/postfix.
        world: the world around both; that of their folders by default.
        policies: folders below the world's policies/, laid over the hosts of the one and the other.

    Raises:
        InputError: for a host that is none.
    """
    places = [find(host, (), world, policy=policy) for host, policy in zip((a, b), policies, strict=True)]
    names = [f"{host.name if isinstance(host, Host) else host}" for host in (a, b)]
    sides = [Side(f"{n} {p}".strip(), _as_found(place)) for n, p, place in zip(names, policies, places, strict=True)]
    return compare(sides[0], sides[1])


def _as_found(place: Place) -> Place:
    """A host as its folder shows it: tables that are not compiled there are not compiled here, either."""
    databases, files = Databases(place), place.host.machine.files
    for table in Parsed(place).tables if place.folder is not None else ():
        if databases.uncompiled(table.name) and files.exists(f"{table.name}.db"):
            files.remove(f"{table.name}.db")
    return place
