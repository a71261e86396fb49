"""A session of a POP3 server (RFC 1939): USER, PASS, STAT, LIST, UIDL, TOP, RETR, DELE, RSET, NOOP, CAPA, QUIT."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from simmail.files.tree import FileSystem
from simmail.userland.maildrop.answers import Answer, bad, good
from simmail.userland.maildrop.store import Maildrop

NO_SUCH = bad("-ERR no such message")


class Pop3:
    """One session.

    Args:
        files: the host's.
        passwords: user -> password.
        name: what the host calls itself.
    """

    PORT = 110

    def __init__(self, files: FileSystem, passwords: Mapping[str, str], name: str) -> None:
        self.files, self.passwords, self.name = files, passwords, name
        self.user = ""
        self.drop: Maildrop | None = None
        self.deleted: set[int] = set()

    def greeting(self) -> Answer:
        """What it says first."""
        return good(f"+OK {self.name} POP3 server ready")

    def answer(self, verb: str, argument: str) -> Answer:
        """The answer to a line."""
        words = argument.split()
        handler = self.BEFORE.get(verb.upper())
        if handler is not None:
            return handler(self, words)
        handler = self.AFTER.get(verb.upper())
        if handler is None:
            return bad("-ERR unknown command")
        if self.drop is None:
            return bad("-ERR log in first")
        return handler(self, words)

    def _user(self, words: list[str]) -> Answer:
        self.user = words[0] if words else ""
        return good("+OK")

    def _pass(self, words: list[str]) -> Answer:
        if not self.user or self.passwords.get(self.user) != " ".join(words):
            return bad("-ERR [AUTH] authentication failed")
        self.drop = Maildrop(self.files, self.user)
        return good("+OK logged in")

    def _capa(self, words: list[str]) -> Answer:
        return good("+OK", "USER", "UIDL", "TOP", ".")

    def _quit(self, words: list[str]) -> Answer:
        if self.drop is not None:
            self.drop.remove(self.deleted)
        return good("+OK bye", closes=True)

    def _there(self) -> list[int]:
        assert self.drop is not None
        return [index for index in range(len(self.drop.messages)) if index not in self.deleted]

    def _index(self, words: list[str]) -> int | None:
        text = words[0] if words else ""
        index = int(text) - 1 if text.isascii() and text.isdigit() and len(text) < 10 else -1
        return index if index in self._there() else None

    def _stat(self, words: list[str]) -> Answer:
        assert self.drop is not None
        there = self._there()
        return good(f"+OK {len(there)} {sum(map(self.drop.size, there))}")

    def _listing(self, words: list[str], tell: Callable[[int], object]) -> Answer:
        if words:
            index = self._index(words)
            return NO_SUCH if index is None else good(f"+OK {index + 1} {tell(index)}")
        return good("+OK", *(f"{index + 1} {tell(index)}" for index in self._there()), ".")

    def _list(self, words: list[str]) -> Answer:
        assert self.drop is not None
        return self._listing(words, self.drop.size)

    def _uidl(self, words: list[str]) -> Answer:
        assert self.drop is not None
        return self._listing(words, self.drop.unique)

    def _retr(self, words: list[str]) -> Answer:
        index = self._index(words)
        if index is None:
            return NO_SUCH
        assert self.drop is not None
        lines = self.drop.messages[index].removesuffix("\n").split("\n")
        stuffed = ("." + line if line.startswith(".") else line for line in lines)
        return good(f"+OK {self.drop.size(index)} octets", *stuffed, ".")

    def _top(self, words: list[str]) -> Answer:
        whole = self._retr(words[:1])
        count = int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) < 10 else 0
        if not whole.good:
            return whole
        lines = whole.lines[:-1]
        header = lines.index("") + 1 if "" in lines else len(lines)
        return good(*lines[: header + count], ".")

    def _dele(self, words: list[str]) -> Answer:
        index = self._index(words)
        if index is None:
            return NO_SUCH
        self.deleted.add(index)
        return good("+OK deleted")

    def _rset(self, words: list[str]) -> Answer:
        self.deleted.clear()
        return good("+OK")

    def _noop(self, words: list[str]) -> Answer:
        return good("+OK")

    #: What may be said at any time, and what only by a user who has logged in.
    BEFORE: ClassVar[dict[str, Callable[[Pop3, list[str]], Answer]]] = {
        "USER": _user, "PASS": _pass, "CAPA": _capa, "QUIT": _quit,
    }  # fmt: skip
    AFTER: ClassVar[dict[str, Callable[[Pop3, list[str]], Answer]]] = {
        "STAT": _stat, "LIST": _list, "UIDL": _uidl, "RETR": _retr, "TOP": _top, "DELE": _dele, "RSET": _rset,
        "NOOP": _noop,
    }  # fmt: skip
