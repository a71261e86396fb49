"""Addresses in the grammar of RFC 822: tokens, the addresses in a header, and their way back to text.

The grammar is read as mail systems have come to read it: `%`, `!` and `|` are operators too, missing commas are
added, and what makes no sense is kept as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from simmail.mail.address import quote_local

ATOM, QUOTED, LITERAL, COMMENT, GROUP = "atom", "quoted", "literal", "comment", "group"
WORDS = frozenset({ATOM, QUOTED, LITERAL})
_TEXTS = frozenset({ATOM, QUOTED, COMMENT})
#: A header's address gives up its comments and phrases where they take more than this (octets).
MAX_OTHER_TEXT = 250


class Token(NamedTuple):
    """One token: an operator (its own character), or a word with its text, unescaped; a comment keeps its form."""

    kind: str
    text: str = ""


class Address:
    """One address of a list: its tokens.

    Args:
        tokens: operators and words, in order.
        spaced: whether a blank goes between two words when it is written (what was rewritten).
    """

    __slots__ = ("spaced", "tokens")

    def __init__(self, tokens: list[Token], spaced: bool = False) -> None:
        self.tokens, self.spaced = tokens, spaced


Item = Token | Address

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<comment>\()"
    r"|\[(?P<literal>(?:\\[\s\S]|[^\\\]])*)\\?\]?"
    r'|"(?P<quoted>(?:\\[\s\S]|[^\\"])*)\\?"?'
    r"|(?P<atom>(?:\\[\s\S]|[^ \t\r\n|%!()<>@,;:\\\".\[\]])+\\?|\\)"
    r"|(?P<operator>[\s\S])"
)
_COMMENT = re.compile(r"\\[\s\S]?|[()]")
_ESCAPE = re.compile(r"\\([\s\S])")
_BLANK = re.compile(r"[\t\r\n]")
_QUOTE_ATOM = re.compile(r'[\x00-\x20\x7f|%!()<>@,;:\\".\[\]]')
_QUOTED_SPECIAL = re.compile(r'["\\\r\n]')
_LITERAL_SPECIAL = re.compile(r"[\\\r\n]")


def _plain(text: str) -> str:
    """Quoted pairs undone (a lone last backslash dropped), line ends and tabs as blanks."""
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text.removesuffix("\\") if _lone(text) else text)
    return _BLANK.sub(" ", text)


def _lone(text: str) -> bool:
    """Whether the text ends in a backslash that escapes nothing."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _comment_end(text: str, start: int) -> int:
    """Where the comment that opens before `start` ends."""
    level = 1
    for match in _COMMENT.finditer(text, start):
        if match.group() == "(":
            level += 1
        elif match.group() == ")":
            level -= 1
            if level == 0:
                return match.end()
    return len(text)


def scan(text: str, limit: int = 0) -> list[Token]:
    """The tokens of a text; after `limit` of them (0: no limit) the rest is dropped."""
    out: list[Token] = []
    position, end = 0, len(text)
    while position < end:
        match = _TOKEN.match(text, position)
        assert match is not None
        kind = match.lastgroup
        position = match.end()
        if kind == "space":
            continue
        if kind == "comment":
            close = _comment_end(text, position)
            out.append(Token(COMMENT, text[position - 1 : close]))
            position = close
        elif kind == "operator":
            out.append(Token(match.group()))
        elif kind == "atom":
            word = _plain(match.group())
            out.append(Token(QUOTED if _QUOTE_ATOM.search(word) else ATOM, word))
        else:
            assert kind is not None
            out.append(Token(LITERAL if kind == "literal" else QUOTED, _plain(match.group(kind))))
        if limit and len(out) >= limit:
            break
    return out


class _Parser:
    """Goes through the tokens from right to left; `out` and `pending` hold what was seen, last token first."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.index = len(tokens) - 1
        self.out: list[Item] = []
        self.pending: list[Token] = []

    def group(self, comma: bool) -> bool:
        """Make the pending tokens an address; put a missing comma before it."""
        if not self.pending:
            return False
        self.out.append(Address(self.pending[::-1]))
        self.pending = []
        if comma:
            self.out.append(Token(","))
        return True

    def skip_to(self, kinds: str) -> None:
        """Pass tokens on as they are, up to an operator of these."""
        while self.index >= 0 and self.tokens[self.index].kind not in kinds:
            self.out.append(self.tokens[self.index])
            self.index -= 1

    def route(self) -> None:
        """The inside of <...>, and the phrase before it."""
        self.group(True)
        self.out.append(self.tokens[self.index])
        self.index -= 1
        while self.index >= 0 and self.tokens[self.index].kind != "<":
            token = self.tokens[self.index]
            (self.out if token.kind == COMMENT else self.pending).append(token)
            self.index -= 1
        self.group(False)
        self.skip_to(">;,:")

    def parse(self) -> list[Item]:
        """The items in their order."""
        word_ok, group_ok, fresh = True, False, False
        while self.index >= 0:
            token = self.tokens[self.index]
            kind, boundary, fresh = token.kind, fresh, False
            if kind == COMMENT:
                self.out.append(token)
            elif kind == ";":
                self.group(True)
                self.out.append(token)
                word_ok = group_ok = True
            elif kind == ":" and group_ok:
                self.group(False)
                self.out.append(Token(GROUP))
                self.index -= 1
                self.skip_to(",")
                fresh = True
                continue
            elif kind == ">":
                self.route()
                word_ok = fresh = True
                continue
            elif kind in WORDS:
                if not word_ok:
                    self.group(True)
                word_ok = False
                self.pending.append(token)
            elif kind == ",":
                self.group(False)
                self.out.append(token)
                word_ok = True
            else:
                word_ok = True
                (self.out if boundary else self.pending).append(token)
            self.index -= 1
        self.group(False)
        return self.out[::-1]


def parse(text: str, limit: int = 0) -> list[Item]:
    """The addresses of a header's value, and what stands between them."""
    return _Parser(scan(text, limit)).parse()


def _blank_after(item: Item, following: Item | None) -> bool:
    """Whether a blank belongs between two items."""
    if following is None:
        return False
    if isinstance(item, Token) and item.kind in (",", GROUP):
        return True
    if isinstance(following, Token) and following.kind == "<":
        return True
    return _is_word(item) and _is_word(following)


def _is_word(item: Item) -> bool:
    return isinstance(item, Address) or item.kind in WORDS or item.kind == COMMENT


def internalize(items: Sequence[Item], spaced: bool = True) -> str:
    """Items as text in internal form, nothing quoted; `spaced`: with blanks between words."""
    out: list[str] = []
    for index, item in enumerate(items):
        if isinstance(item, Address):
            out.append(internalize(item.tokens, item.spaced))
        elif item.kind == LITERAL:
            out.append(f"[{item.text}]")
        elif item.kind == GROUP:
            out.append(":")
        else:
            out.append(item.text if item.kind in _TEXTS else item.kind)
        if spaced and index + 1 < len(items) and _blank_after(item, items[index + 1]):
            out.append(" ")
    return "".join(out)


def _external(item: Item) -> str:
    """One item in external form."""
    if isinstance(item, Address):
        return quote_local(internalize(item.tokens, item.spaced))
    if item.kind == QUOTED:
        return '"' + _QUOTED_SPECIAL.sub(lambda m: "\\" + m.group(), item.text) + '"'
    if item.kind == LITERAL:
        return "[" + _LITERAL_SPECIAL.sub(lambda m: "\\" + m.group(), item.text) + "]"
    if item.kind == GROUP:
        return ":"
    return item.text if item.kind in _TEXTS else item.kind


def external_address(address: Address) -> str:
    """The tokens of one address, each in external form: what it was written as, but for white space."""
    return externalize(address.tokens)[0] if address.spaced else "".join(map(_external, address.tokens))


def externalize(items: Sequence[Item], comma: str = ", ", limit: int = 0) -> tuple[str, list[str]]:
    """Items as text in external form.

    Args:
        items: what `parse` or `scan` gave, perhaps changed.
        comma: what a comma is written as.
        limit: octets of comments and phrases an address may have; beyond it stands `<address>` alone (0: any).

    Returns:
        The text, and the text of each expression that was cut down.
    """
    parts: list[str] = []
    cut: list[str] = []
    piece: list[str] = []
    address: Item | None = None
    shown = 0

    def close() -> None:
        nonlocal address, shown
        text = "".join(piece)
        piece.clear()
        if limit and address is not None and len(text.encode("utf-8", "surrogateescape")) - shown > limit:
            cut.append(text)
            tokens = address.tokens if isinstance(address, Address) else []
            text = "<" + (quote_local(internalize(tokens, False)) if tokens else "") + ">"
        parts.append(text)
        address, shown = None, 0

    for index, item in enumerate(items):
        following = items[index + 1] if index + 1 < len(items) else None
        if isinstance(item, Token) and item.kind == ",":
            close()
            parts.append(comma)
            continue
        text = _external(item)
        if isinstance(item, Address):
            address, shown = item, len(text.encode("utf-8", "surrogateescape"))
        elif item.kind == "<" and isinstance(following, Token) and following.kind == ">":
            address, shown = item, 0
        piece.append(text)
        if _blank_after(item, following):
            piece.append(" ")
    close()
    return "".join(parts), cut
