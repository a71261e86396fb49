"""Which tables of a host are compiled: as its folder shows, or its world."""

from __future__ import annotations

from pathlib import Path

from simmail.files.paths import normal
from simmail.lab.explain.place import Place
from simmail.world.folder import is_file

#: By how many seconds a source must be newer than its database to be told.
GRACE = 1.0


class Databases:
    """The compiled tables of a host.

    A folder outside of a world tells by what lies beside a source.  One without a single database is a folder of
    sources alone, of which nothing can be told; one with nothing but etc/postfix in it tells nothing of other files.

    Args:
        place: the host.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.tells = place.folder is None or any(place.folder.rglob("*.db"))

    def _path(self, name: str) -> Path | None:
        """A file's place in the user's folder; None where it would be outside of it."""
        folder = self.place.folder
        assert folder is not None
        name = normal(name)
        if not self.place.bare:
            whole = any(path.is_file() and (folder / "etc/postfix") not in path.parents for path in folder.rglob("*"))
            return folder / name.lstrip("/") if whole or name.startswith("/etc/postfix/") else None
        return folder / name.removeprefix("/etc/postfix/") if name.startswith("/etc/postfix/") else None

    def _there(self, name: str) -> bool:
        if self.place.folder is None:
            return self.place.host.machine.files.exists(name)
        path = self._path(name)
        return path is None or is_file(path)

    def given(self, name: str) -> bool:
        """Whether a table's source is there, or lies where this folder does not reach."""
        return self._there(name)

    def compiled(self, name: str) -> bool:
        """Whether its database is there."""
        return self._there(f"{name}.db")

    def uncompiled(self, name: str) -> bool:
        """Whether its database is missing."""
        return self.tells and not self._there(f"{name}.db")

    def stale(self, name: str) -> bool:
        """Whether its source was changed after its database was made."""
        if self.place.folder is None:
            files = self.place.host.machine.files
            source, database = files.find(name), files.find(f"{name}.db")
            return source is not None and database is not None and source.modified > database.modified + GRACE
        path, compiled = self._path(name), self._path(f"{name}.db")
        if path is None or compiled is None or not (is_file(path) and is_file(compiled)):
            return False
        return path.stat().st_mtime > compiled.stat().st_mtime + GRACE
