"""The grammar of POSIX patterns (regex(7)), extended and basic, as the C library reads it."""

from __future__ import annotations

from simmail.mail.digits import whole
from simmail.postfix.tables.patterns import BadPattern
from simmail.postfix.tables.syntax import (
    CLASSES,
    NEWLINE,
    OCTETS,
    SPACE,
    WORD,
    Back,
    Choice,
    Edge,
    Group,
    Node,
    One,
    Repeat,
    Sequence,
    Tree,
    both_cases,
    octet_range,
)  # fmt: skip

#: How deep parentheses may stand in one another, and how often something may be repeated.
DEPTH, REPEATS = 200, 32767
_EDGES = {"b": "word", "B": "inside", "<": "word-start", ">": "word-end", "`": "start", "'": "end"}
_SETS = {"w": WORD, "W": OCTETS - WORD, "s": SPACE, "S": OCTETS - SPACE}


class PosixParser:
    """Reads one pattern.

    Args:
        text: the pattern, a character for each octet.
        extended: the extended grammar; otherwise the basic one.
        fold: whether case makes no difference.
        newline: whether a newline is special (REG_NEWLINE).
    """

    def __init__(self, text: str, extended: bool, fold: bool, newline: bool) -> None:
        self.text, self.extended, self.fold, self.newline = text, extended, fold, newline
        self.position = 0
        self.groups = 0
        self.closed: set[int] = set()

    def parse(self) -> Tree:
        """The pattern's tree.  Raises BadPattern with the C library's text."""
        node = self._choice(0)
        if self.position < len(self.text):
            raise BadPattern("Unmatched ) or \\)")
        return Tree(node, self.groups)

    def _at(self, token: str) -> bool:
        """Whether an operator comes: `(`, `)`, `|`, `{`, with its backslash in the basic grammar."""
        return self.text.startswith(token if self.extended else "\\" + token, self.position)

    def _take(self, token: str) -> bool:
        if self._at(token):
            self.position += len(token) + (not self.extended)
            return True
        return False

    def _choice(self, depth: int) -> Node:
        if depth > DEPTH:
            raise BadPattern("Memory exhausted")
        items = [self._sequence(depth)]
        while self._take("|"):
            items.append(self._sequence(depth))
        return items[0] if len(items) == 1 else Choice(tuple(items))

    def _sequence(self, depth: int) -> Node:
        items: list[Node] = []
        while self.position < len(self.text) and not self._at("|"):
            if self._at(")") and (depth or not self.extended):
                break
            atom = self._atom(depth, first=not items)
            items.append(self._repeats(atom))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _repeats(self, atom: Node) -> Node:
        while self.position < len(self.text):
            character = self.text[self.position]
            if character == "*":
                self.position += 1
                atom = Repeat(atom, 0, None)
            elif self._quantifier("+"):
                atom = Repeat(atom, 1, None)
            elif self._quantifier("?"):
                atom = Repeat(atom, 0, 1)
            elif self._at("{"):
                bounds = self._bounds()
                if bounds is None:
                    return atom
                atom = Repeat(atom, *bounds)
            else:
                return atom
        return atom

    def _quantifier(self, token: str) -> bool:
        return self._take(token)

    def _bounds(self) -> tuple[int, int | None] | None:
        """`{m,n}`; None where the brace is an ordinary character."""
        start = self.position
        self._take("{")
        close = "}" if self.extended else "\\}"
        end = self.text.find(close, self.position)
        inner = self.text[self.position : end] if end >= 0 else ""
        low, comma, high = inner.partition(",")
        digits = all(not part or (part.isascii() and part.isdigit()) for part in (low, high))
        if end < 0 or not digits or not (low or comma):
            if self.extended and not inner[:1].isdigit():
                self.position = start
                return None
            raise BadPattern("Unmatched { or \\{" if end < 0 else "Invalid content of \\{\\}")
        self.position = end + len(close)
        first = whole(low or "0")
        last = None if comma and not high else whole(high or low)
        if last is not None and last < first:
            raise BadPattern("Invalid content of \\{\\}")
        if max(first, last or 0) > REPEATS:
            raise BadPattern("Regular expression too big")
        return first, last

    def _atom(self, depth: int, first: bool) -> Node:
        if self._take("("):
            self.groups += 1
            number = self.groups
            node = self._choice(depth + 1)
            if not self._take(")"):
                raise BadPattern("Unmatched ( or \\(")
            self.closed.add(number)
            return Group(node, number)
        character = self.text[self.position]
        self.position += 1
        if character == "\\":
            return self._escape()
        if character == "[":
            return self._bracket()
        if character == ".":
            return One(OCTETS - NEWLINE if self.newline else OCTETS)
        if character == "^" and (self.extended or first):
            return Edge("line-start" if self.newline else "start")
        if character == "$" and (self.extended or self._ends()):
            return Edge("line-end" if self.newline else "end")
        if character in "*+?" and first and self.extended:
            return self._stray(character)
        if character == "{" and first and self.extended:
            raise BadPattern("Invalid preceding regular expression")
        return self._literal(character)

    def _stray(self, character: str) -> Node:
        """A repeat with nothing before it: refused after a parenthesis, otherwise without effect."""
        if character != "*" or self.position > 1:
            raise BadPattern("Invalid preceding regular expression")
        return Sequence()

    def _ends(self) -> bool:
        return self.position == len(self.text) or self._at(")") or self._at("|")

    def _literal(self, character: str) -> Node:
        octets = frozenset({ord(character)})
        return One(both_cases(octets) if self.fold else octets)

    def _escape(self) -> Node:
        if self.position == len(self.text):
            raise BadPattern("Trailing backslash")
        character = self.text[self.position]
        self.position += 1
        if character in "123456789":
            number = int(character)
            if number not in self.closed:
                raise BadPattern("Invalid back reference")
            return Back(number, self.fold)
        if character in _EDGES:
            return Edge(_EDGES[character])
        if character in _SETS:
            return One(_SETS[character])
        return self._literal(character)

    def _bracket(self) -> Node:
        text = self.text
        negated = text.startswith("^", self.position)
        self.position += negated
        octets: set[int] = set()
        begin = self.position
        while True:
            if self.position >= len(text):
                raise BadPattern("Unmatched [, [^, [:, [., or [=")
            if text[self.position] == "]" and self.position > begin:
                self.position += 1
                break
            octets |= self._member()
        found = both_cases(frozenset(octets)) if self.fold else frozenset(octets)
        if negated:
            found = OCTETS - found - (NEWLINE if self.newline else frozenset())
        return One(found)

    def _member(self) -> frozenset[int]:
        text, position = self.text, self.position
        if text.startswith("[:", position):
            end = text.find(":]", position + 2)
            if end >= 0:
                self.position = end + 2
                name = text[position + 2 : end]
                if name not in CLASSES or name in ("ascii", "word"):
                    raise BadPattern("Invalid character class name")
                return CLASSES[name]
        first = self._single()
        if text.startswith("-", self.position) and not text.startswith("-]", self.position):
            self.position += 1
            if self.position >= len(text):
                raise BadPattern("Unmatched [, [^, [:, [., or [=")
            last = self._single()
            if last < first:
                raise BadPattern("Invalid range end")
            return octet_range(first, last)
        return frozenset({first})

    def _single(self) -> int:
        """One character of a bracket, perhaps as `[.x.]` or `[=x=]`."""
        text, position = self.text, self.position
        for kind in (".", "="):
            if text.startswith("[" + kind, position):
                end = text.find(kind + "]", position + 2)
                if end != position + 3:
                    raise BadPattern("Invalid collation character")
                self.position = end + 2
                return ord(text[position + 2])
        self.position += 1
        return ord(text[position])
