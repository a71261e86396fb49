"""The order in which a hash file of Berkeley DB gives its keys: by bucket, and sorted within a page."""

from __future__ import annotations

from collections.abc import Iterable

from simmail.postfix.tables.entries import Entry

PAGE = 4096
HEADER = 26
#: A key or value longer than this has pages of its own, and a reference of that many octets.
BIG = PAGE // 4
REFERENCE = 12


def fowler(key: bytes) -> int:
    """The hash of a key (FNV-1, 32 bits, from 0)."""
    value = 0
    for octet in key:
        value = (value * 16777619 & 0xFFFFFFFF) ^ octet
    return value


def hash_order(entries: Iterable[Entry]) -> list[Entry]:
    """The entries of a table in the order of its hash file.

    Args:
        entries: in the order in which they were stored.
    """
    table = _HashFile()
    for entry in entries:
        table.put(_Item(entry))
    return [item.entry for chain in table.buckets for page in chain for item in sorted(page, key=_octets_of)]


def stored_key(entry: Entry) -> bytes:
    """A key as the file has it."""
    return entry.key.encode("utf-8", "surrogateescape") + (b"" if entry.bare else b"\0")


class _Item:
    """An entry, its key's octets and hash, and the room it takes on a page."""

    __slots__ = ("entry", "hash", "octets", "room")

    def __init__(self, entry: Entry) -> None:
        self.entry, self.octets = entry, stored_key(entry)
        self.hash = fowler(self.octets)
        value = len(entry.value.encode("utf-8", "surrogateescape")) + (not entry.bare)
        self.room = 4 + sum(REFERENCE if size > BIG else size + 1 for size in (len(self.octets), value))


def _octets_of(item: _Item) -> bytes:
    return item.octets


def _free(page: list[_Item]) -> int:
    return PAGE - HEADER - sum(item.room for item in page)


class _HashFile:
    """Buckets, each a chain of pages; one more bucket each time that a chain grows."""

    def __init__(self) -> None:
        self.buckets: list[list[list[_Item]]] = [[[]], [[]]]
        self.high, self.low = 1, 0

    def _bucket(self, hash: int) -> int:
        number = hash & self.high
        return number if number < len(self.buckets) else hash & self.low

    def put(self, item: _Item) -> None:
        """Store an entry on the first page of its chain that has room."""
        chain = self.buckets[self._bucket(item.hash)]
        page = next((page for page in chain if _free(page) > item.room), chain[-1])
        if _free(page) >= item.room:
            page.append(item)
            return
        chain.append([item])
        self._grow()

    def _grow(self) -> None:
        new = len(self.buckets)
        if new > self.high:
            self.low, self.high = self.high, new | self.high
        old = new & self.low
        items = [item for page in self.buckets[old] for item in sorted(page, key=_octets_of)]
        self.buckets[old] = [[]]
        self.buckets.append([[]])
        for item in items:
            chain = self.buckets[self._bucket(item.hash)]
            if _free(chain[-1]) < item.room:
                chain.append([])
            chain[-1].append(item)
