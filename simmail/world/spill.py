"""Records that are no longer new, on the disk of the machine that runs the simulator."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from typing import IO

from simmail.mail.records import Row

_LENGTH = 4


class Spill:
    """Records in a file without a name, which is there only if it is needed, and as long as it is."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._end = 0

    def append(self, rows: list[Row], /) -> None:
        """Keep some more."""
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (ends with the world)
        pack = pickle.dumps(rows, protocol=5)
        self._file.seek(self._end)
        self._end += self._file.write(len(pack).to_bytes(_LENGTH, "big") + pack)

    def __iter__(self) -> Iterator[list[Row]]:
        position = 0
        while self._file is not None and position < self._end:
            self._file.seek(position)
            length = int.from_bytes(self._file.read(_LENGTH), "big")
            yield pickle.loads(self._file.read(length))  # noqa: S301 (our own)
            position += _LENGTH + length

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()
