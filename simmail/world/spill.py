"""What is many and seldom read - old records, delivered mail - on the disk of the machine that runs the simulator."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from typing import Any

from simmail.mail.records import Row

#: Octets that are kept in memory before a file is made; those that are written to it at once.
IN_MEMORY, TOGETHER = 1 << 20, 1 << 16
_LENGTH = 4


class Pile:
    """Octets in a file without a name, which is there only if it is needed, and as long as it is."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (ends with the world)
        self._end = self._written = 0
        #: What is not written yet.
        self._latest: list[bytes] = []

    def add(self, octets: bytes) -> int:
        """Keep some; where they are."""
        place, size = self._end, len(octets)
        self._latest.append(size.to_bytes(_LENGTH, "big") + octets)
        self._end = place + size + _LENGTH
        if self._end - self._written > TOGETHER:
            self._write()
        return place

    def _write(self) -> None:
        self._file.seek(self._written)
        self._file.write(b"".join(self._latest))
        self._latest.clear()
        self._written = self._end

    def at(self, place: int) -> bytes:
        """What was kept there."""
        if self._latest:
            self._write()
        self._file.seek(place)
        return self._file.read(int.from_bytes(self._file.read(_LENGTH), "big"))

    def __iter__(self) -> Iterator[bytes]:
        place = 0
        while place < self._end:
            octets = self.at(place)
            yield octets
            place += _LENGTH + len(octets)

    def __del__(self) -> None:
        self._file.close()


class Spill:
    """Records that are no longer new (a `simmail.mail.records.Store`)."""

    def __init__(self) -> None:
        self._pile = Pile()

    def append(self, rows: list[Row], /) -> None:
        """Keep some more."""
        self._pile.add(pickle.dumps(rows, protocol=5))

    def __iter__(self) -> Iterator[list[Row]]:
        return map(pickle.loads, self._pile)


class Texts:
    """Delivered and deferred mail (a `simmail.mail.content.TextStore`)."""

    def __init__(self) -> None:
        self._pile = Pile()

    def keep(self, text: str) -> int:
        """Keep a text; the number to ask for it by."""
        return self._pile.add(text.encode("utf-8", "surrogateescape"))

    def read(self, number: int) -> str:
        """The text of that number."""
        return self._pile.at(number).decode("utf-8", "surrogateescape")

    def put(self, values: tuple[Any, ...]) -> int:
        """Keep something else; the number to ask for it by."""
        return self._pile.add(pickle.dumps(values, protocol=5))

    def get(self, number: int) -> Any:
        """A copy of what has that number."""
        return pickle.loads(self._pile.at(number))  # noqa: S301 (nobody else has written there)
