"""Reads basic and extended regular expressions (regex(7), with the operators that GNU adds)."""

from __future__ import annotations

from simmail.userland.regex.tree import (
    Any,
    Char,
    CharSet,
    Edge,
    Either,
    Group,
    Node,
    OneOf,
    PatternError,
    Repeat,
    Same,
    Sequence,
)

CLASSES: dict[str, tuple[tuple[str, str], ...]] = {
    "alpha": (("a", "z"), ("A", "Z")),
    "digit": (("0", "9"),),
    "alnum": (("a", "z"), ("A", "Z"), ("0", "9")),
    "upper": (("A", "Z"),),
    "lower": (("a", "z"),),
    "space": ((" ", " "), ("\t", "\r")),
    "blank": ((" ", " "), ("\t", "\t")),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")),
    "print": ((" ", "~"),),
    "graph": (("!", "~"),),
    "cntrl": (("\0", "\x1f"), ("\x7f", "\x7f")),
    "xdigit": (("0", "9"), ("a", "f"), ("A", "F")),
}
WORD = (*CLASSES["alnum"], ("_", "_"))
#: Escapes that mean the same in both kinds of expression.
COMMON: dict[str, Node] = {
    "w": OneOf(CharSet(WORD)),
    "W": OneOf(CharSet(WORD, True)),
    "s": OneOf(CharSet(CLASSES["space"])),
    "S": OneOf(CharSet(CLASSES["space"], True)),
    "b": Edge("b"),
    "B": Edge("B"),
    "<": Edge("<"),
    ">": Edge(">"),
    "`": Edge("^"),
    "'": Edge("$"),
}
MOST_REPEATS = 32767
DEEPEST = 40
UNMATCHED_BRACKET = "Unmatched [, [^, [:, [., or [="


def basic(text: str) -> Node:
    """The tree of a basic regular expression (grep, sed).  Raises PatternError."""
    return _Reader(text, False).whole()


def extended(text: str) -> Node:
    """The tree of an extended regular expression (grep -E, sed -E, awk).  Raises PatternError."""
    return _Reader(text, True).whole()


class _Reader:
    """Reads one expression; both kinds differ in which operators need a backslash."""

    def __init__(self, text: str, is_extended: bool) -> None:
        self.text, self.extended = text, is_extended
        self.position = self.groups = self.depth = 0
        self.closed: set[int] = set()

    def whole(self) -> Node:
        node = self.either()
        if self.position < len(self.text):
            raise PatternError("Unmatched ) or \\)")
        return node

    def at(self, operator: str) -> bool:
        """Whether an operator (of the list `( ) | { } + ?`) comes next, written as this kind writes it."""
        written = operator if self.extended or operator == "*" else "\\" + operator
        return self.text.startswith(written, self.position)

    def eat(self, operator: str) -> bool:
        """The same, and go past it."""
        found = self.at(operator)
        if found:
            self.position += 1 if self.extended or operator == "*" else 2
        return found

    def either(self) -> Node:
        branches = [self.sequence()]
        while self.eat("|"):
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else Either(tuple(branches))

    def sequence(self) -> Node:
        nodes: list[Node] = []
        while self.position < len(self.text) and not self.at("|"):
            if self.at(")") and (self.depth or not self.extended):
                break
            nodes.append(self.repeated(first=not nodes or nodes == [Edge("^")]))
        return nodes[0] if len(nodes) == 1 else Sequence(tuple(nodes))

    def repeated(self, first: bool) -> Node:
        """One atom with the repetitions behind it."""
        start = self.position
        node = self.atom(first)
        if isinstance(node, Edge) and node.kind == "^" and self.text[start] == "^" and not self.extended:
            return node
        while True:
            if self.eat("*"):
                node = Repeat(node, 0, None)
            elif self.eat("+"):
                node = Repeat(node, 1, None)
            elif self.eat("?"):
                node = Repeat(node, 0, 1)
            elif self.at("{") and (bounds := self.bounds()) is not None:
                node = Repeat(node, *bounds)
            else:
                return node

    def bounds(self) -> tuple[int, int | None] | None:
        """`{2}`, `{2,}`, `{,2}`, `{2,5}`; None where extended syntax takes the brace for itself."""
        opening = self.position
        self.eat("{")
        end = self.text.find("}" if self.extended else "\\}", self.position)
        inside = self.text[self.position : end] if end >= 0 else ""
        low, comma, high = inside.partition(",")
        numbers = all(not n or (n.isdecimal() and n.isascii()) for n in (low, high)) and bool(low or comma)
        if end < 0 or not numbers:
            if self.extended:
                self.position = opening
                return None
            raise PatternError("Unmatched \\{" if end < 0 else "Invalid content of \\{\\}")
        self.position = end + (1 if self.extended else 2)
        least = int(low or 0)
        most = least if not comma else int(high) if high else None
        if len(low) > 6 or len(high) > 6 or max(least, most or 0) > MOST_REPEATS:
            raise PatternError("Regular expression too big")
        if most is not None and most < least:
            raise PatternError("Invalid content of \\{\\}")
        return least, most

    def atom(self, first: bool) -> Node:
        char = self.text[self.position]
        if self.at("("):
            return self.group()
        if char == "\\":
            return self.escaped()
        self.position += 1
        if char == "[":
            return self.bracket()
        if char == ".":
            return Any()
        if char == "^" and (self.extended or first):
            return Edge("^")
        if char == "$" and (self.extended or self.at_end()):
            return Edge("$")
        if self.extended and char in "*+?" and first:
            return self.repeated(True) if self.position < len(self.text) and not self.at("|") else Sequence(())
        return Char(char)

    def at_end(self) -> bool:
        """Whether a basic expression, or the part of it in parentheses, ends here."""
        return self.position >= len(self.text) or self.at(")") or self.at("|")

    def group(self) -> Node:
        self.eat("(")
        self.groups += 1
        self.depth += 1
        if self.depth > DEEPEST:
            raise PatternError("Regular expression too big")
        number = self.groups
        node = self.either()
        if not self.eat(")"):
            raise PatternError("Unmatched ( or \\(")
        self.depth -= 1
        self.closed.add(number)
        return Group(number, node)

    def escaped(self) -> Node:
        if self.position + 1 >= len(self.text):
            raise PatternError("Trailing backslash")
        char = self.text[self.position + 1]
        self.position += 2
        if char in COMMON:
            return COMMON[char]
        if char in "123456789":
            if int(char) not in self.closed:
                raise PatternError("Invalid back reference")
            return Same(int(char))
        if char == "n":
            return Char("\n")
        if char == "t":
            return Char("\t")
        return Char(char)

    # ---- bracket expressions

    def bracket(self) -> Node:
        """What follows `[`."""
        negated = self.text.startswith("^", self.position)
        self.position += negated
        ranges: list[tuple[str, str]] = []
        first = True
        while first or not self.text.startswith("]", self.position):
            first = False
            low = self.member(ranges)
            if low is None:
                continue
            high = low
            dash, after = (*self.text[self.position : self.position + 2], "", "")[:2]
            if dash == "-" and after not in ("]", ""):
                self.position += 1
                high = self.member([]) or low
                if high < low:
                    raise PatternError("Invalid range end")
            ranges.append((low, high))
        self.position += 1
        return OneOf(CharSet(tuple(ranges), negated))

    def member(self, ranges: list[tuple[str, str]]) -> str | None:
        """One character of a set; None for a class, whose ranges are added."""
        if self.position >= len(self.text):
            raise PatternError("Invalid regular expression" if self.text[-1] == "[" else UNMATCHED_BRACKET)
        char = self.text[self.position]
        kind = self.text[self.position + 1 : self.position + 2]
        if char != "[" or kind not in (":", ".", "="):
            self.position += 1
            return char
        end = self.text.find(kind + "]", self.position + 2)
        if end < 0:
            raise PatternError(UNMATCHED_BRACKET)
        name = self.text[self.position + 2 : end]
        self.position = end + 2
        if kind != ":":
            if len(name) != 1:
                raise PatternError("Invalid collation character")
            return name
        if name not in CLASSES:
            raise PatternError("Invalid character class name")
        ranges.extend(CLASSES[name])
        return None
