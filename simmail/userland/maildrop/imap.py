"""A session of an IMAP server (RFC 3501), as far as clients that fetch mail ask: LOGIN, SELECT, FETCH, STORE, EXPUNGE.

BUGS
    There is one mailbox, INBOX; FETCH knows RFC822, RFC822.SIZE, BODY[], FLAGS and UID; literals cannot be sent.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from simmail.files.tree import FileSystem
from simmail.userland.maildrop.answers import Answer, bad, good
from simmail.userland.maildrop.store import Maildrop


class Imap:
    """One session.

    Args:
        files: the host's.
        passwords: user -> password.
        name: what the host calls itself.
        seen: the messages of all users that were read, by their unique names; kept between sessions.
    """

    PORT = 143

    def __init__(self, files: FileSystem, passwords: Mapping[str, str], name: str, seen: set[str]) -> None:
        self.files, self.passwords, self.name, self.seen = files, passwords, name, seen
        self.user = ""
        self.drop: Maildrop | None = None
        self.deleted: set[int] = set()

    def greeting(self) -> Answer:
        """What it says first."""
        return good(f"* OK {self.name} IMAP4rev1 server ready")

    def answer(self, verb: str, argument: str) -> Answer:
        """The answer to a line: a tag, then the command."""
        try:
            words = shlex.split(argument)
        except ValueError:
            return bad(f"{verb} BAD unbalanced quotes")
        name = words.pop(0).upper() if words else ""
        handler = self.HANDLERS.get(name)
        if handler is None:
            return bad(f"{verb} BAD unknown command")
        if name in self.NEEDS_LOGIN and not self.user:
            return bad(f"{verb} NO log in first")
        if name in self.NEEDS_MAILBOX and self.drop is None:
            return bad(f"{verb} NO select a mailbox first")
        lines, refusal = handler(self, words)
        if refusal:
            return bad(*lines, f"{verb} {refusal}")
        return good(*lines, f"{verb} OK {name} completed", closes=name == "LOGOUT")

    def _capability(self, words: list[str]) -> tuple[list[str], str]:
        return ["* CAPABILITY IMAP4rev1"], ""

    def _noop(self, words: list[str]) -> tuple[list[str], str]:
        return [], ""

    def _login(self, words: list[str]) -> tuple[list[str], str]:
        if len(words) != 2 or self.passwords.get(words[0]) != words[1]:
            return [], "NO [AUTHENTICATIONFAILED] authentication failed"
        self.user = words[0]
        return [], ""

    def _select(self, words: list[str]) -> tuple[list[str], str]:
        if [word.upper() for word in words] != ["INBOX"]:
            return [], "NO there is no such mailbox"
        self.drop = Maildrop(self.files, self.user)
        self.deleted.clear()
        return [f"* {len(self.drop.messages)} EXISTS", "* 0 RECENT", "* FLAGS (\\Seen \\Deleted)"], ""

    def _fetch(self, words: list[str]) -> tuple[list[str], str]:
        wanted = [word.strip("()").upper() for word in words[1:]]
        lines: list[str] = []
        for index in self._chosen(words[0] if words else ""):
            lines += self._told(index, wanted)
        return lines, ""

    def _told(self, index: int, wanted: list[str]) -> Iterator[str]:
        assert self.drop is not None
        unique = self.drop.unique(index)
        flags = " ".join(
            flag for flag, set_ in (("\\Seen", unique in self.seen), ("\\Deleted", index in self.deleted)) if set_
        )
        items = {
            "FLAGS": f"FLAGS ({flags})",
            "RFC822.SIZE": f"RFC822.SIZE {self.drop.size(index)}",
            "UID": f"UID {unique}",
        }
        told = " ".join(items[item] for item in wanted if item in items)
        body = next((item for item in wanted if item in ("RFC822", "BODY[]", "BODY.PEEK[]")), "")
        if not body:
            yield f"* {index + 1} FETCH ({told})"
            return
        if "PEEK" not in body:
            self.seen.add(unique)
        yield f"* {index + 1} FETCH ({told} {body} {{{self.drop.size(index)}}}".replace("( ", "(")
        yield from self.drop.messages[index].removesuffix("\n").split("\n")
        yield ")"

    def _chosen(self, text: str) -> list[int]:
        """The messages that a set of numbers names."""
        assert self.drop is not None
        count = len(self.drop.messages)
        found: set[int] = set()
        for part in text.split(","):
            low, _, high = part.partition(":")
            ends = [
                count if end == "*" else int(end) if end.isdigit() and len(end) < 8 else 0 for end in (low, high or low)
            ]
            found.update(range(max(min(ends), 1), min(max(ends), count) + 1))
        return [number - 1 for number in sorted(found)]

    def _store(self, words: list[str]) -> tuple[list[str], str]:
        assert self.drop is not None
        flags = " ".join(words[2:]).lower()
        for index in self._chosen(words[0] if words else ""):
            if "deleted" in flags:
                self.deleted.add(index)
            if "seen" in flags:
                self.seen.add(self.drop.unique(index))
        return [], ""

    def _expunge(self, words: list[str]) -> tuple[list[str], str]:
        assert self.drop is not None
        gone = sorted(self.deleted, reverse=True)
        self.drop.remove(self.deleted)
        self.drop = Maildrop(self.files, self.user)
        self.deleted.clear()
        return [f"* {index + 1} EXPUNGE" for index in gone], ""

    def _logout(self, words: list[str]) -> tuple[list[str], str]:
        return ["* BYE"], ""

    HANDLERS: ClassVar[dict[str, Callable[[Imap, list[str]], tuple[list[str], str]]]] = {
        "CAPABILITY": _capability, "NOOP": _noop, "LOGIN": _login, "SELECT": _select, "FETCH": _fetch, "STORE": _store,
        "EXPUNGE": _expunge, "CLOSE": _expunge, "LOGOUT": _logout,
    }  # fmt: skip
    NEEDS_LOGIN = frozenset({"SELECT", "FETCH", "STORE", "EXPUNGE", "CLOSE"})
    NEEDS_MAILBOX = frozenset({"FETCH", "STORE", "EXPUNGE", "CLOSE"})
