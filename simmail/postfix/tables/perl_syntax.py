"""The grammar of Perl-compatible patterns, as far as the translation knows it (pcre2pattern(3)).

Left out are recursion, conditions, verbs, callouts and Unicode properties: such a pattern is refused as not supported.
"""

from __future__ import annotations

from simmail.postfix.tables.patterns import BadPattern
from simmail.postfix.tables.syntax import (
    CLASSES,
    DIGIT,
    NEWLINE,
    OCTETS,
    SPACE,
    WORD,
    Atomic,
    Back,
    Choice,
    Edge,
    Group,
    Look,
    Node,
    One,
    Repeat,
    Sequence,
    Tree,
    both_cases,
    octet_range,
)  # fmt: skip

DEPTH, REPEATS = 200, 65535
BLANK = frozenset(b" \t\xa0")
VERTICAL = frozenset(b"\n\v\f\r\x85")
_SETS = {
    "d": DIGIT, "D": OCTETS - DIGIT, "w": WORD, "W": OCTETS - WORD, "s": SPACE, "S": OCTETS - SPACE,
    "h": BLANK, "H": OCTETS - BLANK, "v": VERTICAL, "V": OCTETS - VERTICAL, "N": OCTETS - NEWLINE,
}  # fmt: skip
_EDGES = {"b": "word", "B": "inside", "A": "start", "G": "start", "z": "end", "Z": "last"}
_CONTROLS = {"a": 7, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9}
_MODES = {"": "greedy", "?": "lazy", "+": "possessive"}
_SWAPPED = {"greedy": "lazy", "lazy": "greedy", "possessive": "possessive"}


class PerlParser:
    """Reads one pattern.

    Args:
        text: the pattern, a character for each octet.
        options: the letters in force: i, m, s, x, U, E.
    """

    def __init__(self, text: str, options: frozenset[str]) -> None:
        self.text, self.options = text, options
        self.position = 0
        self.groups = 0
        self.names: dict[str, int] = {}
        self.asked: list[tuple[int, int]] = []

    def parse(self) -> Tree:
        """The pattern's tree.  Raises BadPattern."""
        node = self._choice(0)
        if self.position < len(self.text):
            self._refuse("unmatched closing parenthesis")
        for number, position in self.asked:
            if number > self.groups:
                self._refuse("reference to non-existent subpattern", position)
        return Tree(node, self.groups)

    def _refuse(self, reason: str, position: int | None = None) -> None:
        raise BadPattern(f"error in regex at offset {self.position if position is None else position}: {reason}")

    def _unsupported(self, what: str) -> BadPattern:
        return BadPattern(f"error in regex at offset {self.position}: {what} is not supported without PCRE2")

    def _peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def _take(self, token: str) -> bool:
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    # ---- structure

    def _choice(self, depth: int) -> Node:
        if depth > DEPTH:
            self._refuse("parentheses are too deeply nested")
        before = self.options
        items = [self._sequence(depth)]
        while self._take("|"):
            items.append(self._sequence(depth))
        self.options = before
        return items[0] if len(items) == 1 else Choice(tuple(items))

    def _sequence(self, depth: int) -> Node:
        items: list[Node] = []
        while self.position < len(self.text):
            character = self._peek()
            if character in "|)":
                break
            if "x" in self.options and self._skip_blank():
                continue
            if self._take("(?#"):
                self._skip_to(")", "missing ) after (?# comment")
                continue
            if self._take("\\Q"):
                items += self._quoted()
                continue
            if self._take("\\E"):
                continue
            if character in "*+?" or self._bounds(peek=True) is not None:
                self._refuse("quantifier does not follow a repeatable item")
            atom = self._atom(depth)
            if atom is not None:
                items.append(self._repeat(atom))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _skip_blank(self) -> bool:
        if self._peek() in " \t\n\v\f\r":
            self.position += 1
            return True
        if self._peek() == "#":
            end = self.text.find("\n", self.position)
            self.position = len(self.text) if end < 0 else end + 1
            return True
        return False

    def _skip_to(self, token: str, reason: str) -> str:
        """The text up to a token, which is passed."""
        end = self.text.find(token, self.position)
        if end < 0:
            self._refuse(reason, len(self.text))
        found = self.text[self.position : end]
        self.position = end + len(token)
        return found

    def _quoted(self) -> list[Node]:
        end = self.text.find("\\E", self.position)
        inner = self.text[self.position :] if end < 0 else self.text[self.position : end]
        self.position = len(self.text) if end < 0 else end + 2
        nodes = [self._literal(ord(c)) for c in inner]
        if nodes:
            nodes[-1] = self._repeat(nodes[-1])
        return nodes

    def _repeat(self, atom: Node) -> Node:
        while True:
            while "x" in self.options and self._peek() and self._skip_blank():
                pass
            if self._take("*"):
                low, high = 0, None
            elif self._take("+"):
                low, high = 1, None
            elif self._take("?"):
                low, high = 0, 1
            else:
                bounds = self._bounds(peek=False)
                if bounds is None:
                    return atom
                low, high = bounds
            sign = self._peek() if self._peek() in ("?", "+") else ""
            self.position += len(sign)
            mode = _MODES[sign]
            atom = Repeat(atom, low, high, _SWAPPED[mode] if "U" in self.options else mode)

    def _bounds(self, peek: bool) -> tuple[int, int | None] | None:
        """`{m}`, `{m,}`, `{m,n}`; None where the brace is an ordinary character."""
        if self._peek() != "{":
            return None
        end = self.text.find("}", self.position)
        low, comma, high = self.text[self.position + 1 : max(end, 0)].partition(",")
        if end < 0 or not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
            return None
        first, last = int(low[-9:]), (int(high[-9:]) if high else None) if comma else int(low[-9:])
        if peek:
            return first, last
        self.position = end + 1
        if max(first, last or 0) > REPEATS:
            self._refuse("number too big in {} quantifier")
        if last is not None and last < first:
            self._refuse("numbers out of order in {} quantifier")
        return first, last

    # ---- atoms

    def _atom(self, depth: int) -> Node | None:
        character = self.text[self.position]
        self.position += 1
        if character == "(":
            return self._parenthesis(depth)
        if character == "[":
            return self._bracket()
        if character == "\\":
            return self._escape()
        if character == ".":
            return One(OCTETS if "s" in self.options else OCTETS - NEWLINE)
        if character == "^":
            return Edge("line-start" if "m" in self.options else "start")
        if character == "$":
            return Edge("line-end" if "m" in self.options else "end" if "E" in self.options else "last")
        return self._literal(ord(character))

    def _literal(self, octet: int) -> Node:
        octets = frozenset({octet})
        return One(both_cases(octets) if "i" in self.options else octets)

    def _parenthesis(self, depth: int) -> Node | None:
        opened = self.position
        node: Node | None
        if self._take("?"):
            node = self._special(depth)
            if node is None:
                return None
        elif self._peek() == "*":
            raise self._unsupported("a verb")
        else:
            node = self._group(depth)
        if not self._take(")"):
            self._refuse("missing closing parenthesis", max(opened, len(self.text)))
        return node

    def _group(self, depth: int, name: str = "") -> Node:
        self.groups += 1
        number = self.groups
        if name:
            if name in self.names:
                self._refuse("two named subpatterns have the same name (PCRE2_DUPNAMES not set)")
            self.names[name] = number
        return Group(self._choice(depth + 1), number)

    def _special(self, depth: int) -> Node | None:
        """What follows `(?`; None for options that stay in force."""
        for token, make in (
            (":", lambda node: node),
            (">", Atomic),
            ("=", lambda node: Look(node, True, True)),
            ("!", lambda node: Look(node, True, False)),
            ("<=", lambda node: Look(node, False, True)),
            ("<!", lambda node: Look(node, False, False)),
        ):
            if self._take(token):
                found: Node = make(self._choice(depth + 1))
                return found
        for token, closing in (("P<", ">"), ("<", ">"), ("'", "'")):
            if self._take(token):
                name = self._skip_to(closing, "syntax error in subpattern name (missing terminator?)")
                if not name or not name.replace("_", "a").isalnum() or name[0].isdigit():
                    self._refuse("subpattern name must start with a non-digit")
                return self._group(depth, name)
        if self._take("P="):
            number = self._named(self._skip_to(")", "missing closing parenthesis"))
            self.position -= 1
            return Back(number, "i" in self.options)
        return self._switch(depth)

    def _switch(self, depth: int) -> Node | None:
        on, off, target = set(self.options), False, ""
        if self._take("^"):
            on -= set("imsx")
        while True:
            target = self._peek()
            self.position += 1
            if target == "-":
                off = True
            elif target in tuple("imsxU"):
                (on.discard if off else on.add)(target)
            elif target in ("n", "J"):
                continue
            elif target in (")", ":"):
                break
            elif target in tuple("R&P|(C0123456789+"):
                self.position -= 1
                raise self._unsupported(f"(?{target}")
            else:
                self.position -= 1
                self._refuse("unrecognized character after (? or (?-")
        if target == ")":
            self.options = frozenset(on)
            return None
        before, self.options = self.options, frozenset(on)
        node = self._choice(depth + 1)
        self.options = before
        return node

    def _named(self, name: str) -> int:
        number = self.names.get(name)
        if number is None:
            raise BadPattern(f"error in regex at offset {self.position}: reference to non-existent subpattern")
        return number

    # ---- escapes

    def _escape(self) -> Node:
        character = self._peek()
        if not character:
            self._refuse("\\ at end of pattern")
        self.position += 1
        if character in _SETS:
            return One(_SETS[character])
        if character in _EDGES:
            return Edge(_EDGES[character])
        if character == "R":
            return Atomic(Choice((Sequence((One(frozenset({13})), One(NEWLINE))), One(VERTICAL))))
        if character == "K":
            return Sequence()  # only what the groups hold is ever asked for
        if character in "123456789" or character in "gk":
            return self._reference(character)
        if character in "pPXC":
            raise self._unsupported("\\" + character)
        return self._literal(self._octet(character))

    def _reference(self, character: str) -> Node:
        start = self.position - 1
        if character in "gk":
            opening = self._peek()
            closing = {"{": "}", "<": ">", "'": "'"}.get(opening)
            if closing is None:
                name = self._digits()
            else:
                self.position += 1
                name = self._skip_to(closing, "reference to non-existent subpattern")
        else:
            name = character + self._digits()
        if not name.lstrip("-").isdigit():
            return Back(self._named(name), "i" in self.options)
        number = int(name[-5:])
        number = self.groups + 1 + number if number < 0 else number
        if character not in "gk" and number > 9 and number > self.groups:
            self.position = start
            return self._literal(self._octal(3))
        self.asked.append((number, start))
        return Back(number, "i" in self.options)

    def _digits(self) -> str:
        start = self.position
        while self._peek().isascii() and (self._peek().isdigit() or (self._peek() == "-" and start == self.position)):
            self.position += 1
        return self.text[start : self.position]

    def _octal(self, most: int) -> int:
        start = self.position
        while self.position < start + most and self._peek() and self._peek() in "01234567":
            self.position += 1
        return int(self.text[start : self.position] or "0", 8) & 255

    def _octet(self, character: str) -> int:
        """The octet that an escape stands for."""
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character == "0":
            return self._octal(2)
        if character == "c":
            follower = self._peek()
            if not follower:
                self._refuse("\\c at end of pattern")
            self.position += 1
            return ord(follower.upper()) ^ 64 & 255
        if character in "xo":
            return self._coded(character)
        if character.isalnum() and character.isascii():
            self._refuse("unrecognized character follows \\", self.position - 1)
        return ord(character)

    def _coded(self, character: str) -> int:
        base, allowed = (16, "0123456789abcdefABCDEF") if character == "x" else (8, "01234567")
        if self._take("{"):
            digits = self._skip_to("}", f"missing terminating }} after \\{character}")
        else:
            start = self.position
            while self.position < start + 2 and self._peek() and self._peek() in allowed:
                self.position += 1
            digits = self.text[start : self.position]
        if any(digit not in allowed for digit in digits):
            kind = "hex" if base == 16 else "octal"
            self._refuse(f"non-{kind} character in \\{character}{{}} (closing brace missing?)")
        value = int(digits[-9:] or "0", base)
        if value > 255:
            self._refuse("character code point value in \\x{} or \\o{} is too large")
        return value

    # ---- brackets

    def _bracket(self) -> Node:
        negated = self._take("^")
        begin = self.position
        octets: set[int] = set()
        while True:
            if self.position >= len(self.text):
                self._refuse("missing terminating ] for character class")
            if self._peek() == "]" and self.position > begin:
                self.position += 1
                break
            octets |= self._member()
        found = both_cases(frozenset(octets)) if "i" in self.options else frozenset(octets)
        return One(OCTETS - found if negated else found)

    def _member(self) -> frozenset[int]:
        text = self.text
        if text.startswith("[:", self.position):
            end = text.find(":]", self.position + 2)
            name = text[self.position + 2 : max(end, 0)].removeprefix("^")
            if end >= 0 and name.isalpha():
                if name not in CLASSES:
                    self._refuse("unknown POSIX class name", self.position + 2)
                wanted = CLASSES[name] if text[self.position + 2] != "^" else OCTETS - CLASSES[name]
                self.position = end + 2
                return wanted
        if self._take("\\Q"):
            end = text.find("\\E", self.position)
            inner = text[self.position : end if end >= 0 else len(text)]
            self.position = end + 2 if end >= 0 else len(text)
            return frozenset(map(ord, inner))
        if self._take("\\E"):
            return frozenset()
        first = self._single()
        if isinstance(first, frozenset):
            return first
        if not text.startswith("-", self.position) or text.startswith("-]", self.position):
            return frozenset({first})
        self.position += 1
        last = self._single()
        if isinstance(last, frozenset):
            self._refuse("invalid range in character class")
            return last
        if last < first:
            self._refuse("range out of order in character class", self.position - 1)
        return octet_range(first, last)

    def _single(self) -> int | frozenset[int]:
        """One character of a bracket, or the set that an escape stands for."""
        if self.position >= len(self.text):
            self._refuse("missing terminating ] for character class")
        character = self.text[self.position]
        self.position += 1
        if character != "\\":
            return ord(character)
        character = self._peek()
        if not character:
            self._refuse("\\ at end of pattern")
        self.position += 1
        if character in _SETS and character != "N":
            return _SETS[character]
        if character == "b":
            return 8
        if character in "BNRX":
            self._refuse("escape sequence is invalid in character class", self.position - 1)
        if character in "1234567":
            self.position -= 1
            return self._octal(3)
        return self._octet(character)
