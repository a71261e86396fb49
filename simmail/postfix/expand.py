"""NAME
    expand - $name in parameter values

DESCRIPTION
    `$name`, `${name}` and `$(name)` stand for a value, `$$` for a dollar sign.  `${name?text}` is the text if the
    value is not empty, `${name:text}` if it is; `${name?{text}:{other}}` chooses.  In the name's place may stand a
    comparison: `${{a} == {b} ? {text} : {other}}`, with `==`, `!=`, `<`, `<=`, `>` or `>=`: two numbers are compared
    as numbers, all else as text.  `<level` and its kin compare compatibility levels.

DIAGNOSTICS
    Every mistake is a warning in the words of the log, and sets `Expansion.failed`; whether that is fatal is for who
    asked to say.

    mac_exp_eval: bad conversion: NUMBER
        A comparison has a number that no long integer can hold, which is fatal.

BUGS
    A comparison that leads back to itself ends with "unreasonable macro call nesting"; the real program crashes.  A
    value that grows beyond 16 million characters, or needs more than 100,000 steps, is given up with a warning of our
    own; the real program goes on until it has no more memory.

SEE ALSO
    postconf(5), "main.cf file format"
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Container
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from simmail.mail.content import octets
from simmail.mail.digits import whole
from simmail.postfix.compatibility import LevelError, level

#: Gives a name's value (None: it has none); the flag tells a use of the value (True) from a mere test (False).
Lookup = Callable[[str, bool], str | None]
Complain = Callable[[str], None]

SPACE = " \t\n\v\f\r"
NESTING_LIMIT = 100
#: The largest number that can be compared with another.
LARGEST = 2**63 - 1
#: Of one text: references and literal pieces that are expanded, and characters that come of them.
STEPS_LIMIT, LENGTH_LIMIT = 100_000, 16_000_000
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    ">": operator.gt,
}
#: The operators as the warning lists them, its stray quotes included.
_ANY_OPERATOR = '"==" or "!="" or "<"" or "<="" or ">="" or ">"'
_CLOSING = {"(": ")", "{": "}"}
_NAME = re.compile(r"[A-Za-z0-9_]*")
_OPERATOR = re.compile(r"[<>!=?+\-*/~&|%]*")
_SUFFIX = re.compile(r"[A-Za-z0-9]*")
_DIGITS = re.compile(r"[0-9]+")


class Expansion(NamedTuple):
    """A text with its names expanded; whether a mistake was found in it; whether a name without a value was.

    `fatal` is what a program says that dies of the mistake, whatever it thinks of others.
    """

    text: str
    failed: bool = False
    undefined: bool = False
    fatal: str = ""


def masked(value: str, allowed: Container[str]) -> str:
    """A value with `_` for each octet of what is not allowed."""
    return "".join(c if c in allowed else "_" * octets(c) for c in value)


class Expander:
    """Expands texts.

    Args:
        lookup: gives values.
        complain: told of every mistake, in the log's words.
        recurse: whether values are expanded too.
        allowed: the characters that may appear in a value; each octet of others becomes `_`.  None allows all.
        scan: look up every name, in the branches not taken too, and make no text.
        simple: whatever stands in brackets is a name.
    """

    def __init__(
        self,
        lookup: Lookup,
        complain: Complain,
        *,
        recurse: bool = True,
        allowed: Container[str] | None = None,
        scan: bool = False,
        simple: bool = False,
    ) -> None:
        self.lookup, self.complain = lookup, complain
        self.recurse, self.allowed, self.scan, self.simple = recurse, allowed, scan, simple
        self.steps = self.length = 0
        self.fatal = ""

    def expand(self, text: str) -> Expansion:
        """The text with all names in it expanded."""
        if "$" not in text:
            return Expansion(text)
        names = None if self.recurse or self.scan else _names(text)
        if names is not None:
            return self._filled(names)
        return self.closely(text)

    def closely(self, text: str) -> Expansion:
        """The same for any text."""
        self.steps = self.length = 0
        self.fatal = ""
        if not self.recurse or self.scan or self.allowed is not None:
            return self._run(text)
        for known, expansion in _KNOWN.get(text, ()):
            if all(self.lookup(name, use) == value for name, use, value in known):
                return expansion
        return self._remembered(text)

    def _run(self, text: str) -> Expansion:
        run = _Run(self)
        run.parse(text)
        return Expansion("".join(run.parts), run.failed, run.undefined, self.fatal)

    def _remembered(self, text: str) -> Expansion:
        """The expansion of a text, kept with the values that it was made of; one with mistakes is not."""
        read: list[tuple[str, bool, str | None]] = []
        lookup = self.lookup

        def reading(name: str, use: bool) -> str | None:
            value = lookup(name, use)
            read.append((name, use, value))
            return value

        self.lookup = reading
        try:
            expansion = self._run(text)
        finally:
            self.lookup = lookup
        length = len(text) + len(expansion.text) + sum(len(name) + len(value or "") for name, _, value in read)
        if not expansion.failed and length <= LENGTH_KNOWN:
            if len(_KNOWN) >= TEXTS_KNOWN:
                _KNOWN.clear()
            _KNOWN[text] = [(tuple(read), expansion), *_KNOWN.get(text, ())][:WAYS_KNOWN]
        return expansion

    def _filled(self, pieces: tuple[tuple[bool, str], ...]) -> Expansion:
        """A text of literal pieces and names alone."""
        allowed, undefined = self.allowed, False
        parts: list[str] = []
        for is_name, piece in pieces:
            value = self.lookup(piece, True) if is_name else piece
            if value is None:
                undefined = True
            elif is_name and allowed is not None and not all(map(allowed.__contains__, value)):
                parts.append(masked(value, allowed))
            else:
                parts.append(value)
        return Expansion("".join(parts), False, undefined)


#: How many texts are remembered, for how many choices of values each (most defaults depend on one name alone), and
#: up to how many characters.
TEXTS_KNOWN, WAYS_KNOWN, LENGTH_KNOWN = 2048, 2, 4096
_KNOWN: dict[str, list[tuple[tuple[tuple[str, bool, str | None], ...], Expansion]]] = {}
_PIECE = re.compile(r"\$(?:([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\}|\(([A-Za-z0-9_]+)\)|(\$))|([^$]+)")


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[tuple[bool, str], ...] | None:
    """The pieces of a text, each a name or literal; None where anything but plain names stands in it."""
    pieces: list[tuple[bool, str]] = []
    position = 0
    while position < len(text):
        found = _PIECE.match(text, position)
        if found is None:
            return None
        name = found[1] or found[2] or found[3]
        pieces.append((bool(name), name or found[4] or found[5]))
        position = found.end()
    return tuple(pieces)


def plain_names(text: str) -> frozenset[str] | None:
    """The names that a text takes the values of; None where that depends on their values."""
    pieces = _names(text)
    return None if pieces is None else frozenset(piece for is_name, piece in pieces if is_name)


class _Stop(Exception):
    """The rest of one reference is not looked at; its warning has been given."""


class _Run:
    """One text being expanded.

    After a mistake what is left of the text is still taken apart, without effect, so that later mistakes are told too.

    Attributes:
        level: how deep references are nested; one that ended in a mistake is never left.
    """

    __slots__ = ("expander", "failed", "level", "parts", "undefined")

    def __init__(self, expander: Expander, level: int = 0) -> None:
        self.expander, self.level = expander, level
        self.parts: list[str] = []
        self.failed = self.undefined = False

    def wrong(self, text: str) -> None:
        """Tell of a mistake."""
        self.expander.complain(text)
        self.failed = True

    def parse(self, text: str) -> None:
        """Take a text apart into literal text and references, and expand these."""
        position, end = 0, len(text)
        literal: list[str] = []
        while position < end:
            dollar = text.find("$", position)
            if dollar < 0:
                literal.append(text[position:])
                break
            literal.append(text[position:dollar])
            if text.startswith("$$", dollar):
                literal.append("$")
                position = dollar + 2
                continue
            if any(literal):
                self.literal("".join(literal))
            literal.clear()
            opening = text[dollar + 1 : dollar + 2]
            if opening in _CLOSING:
                position = self.closing(text, dollar + 1)
                if self.failed:
                    return
                inner = text[dollar + 2 : position - 1]
            else:
                found = _NAME.match(text, dollar + 1)
                inner = found[0] if found else ""
                position = dollar + 1 + len(inner)
            if not inner:
                self.wrong(f'empty macro name: "{text}"')
                return
            self.reference(inner)
        if any(literal) and not self.failed:
            self.literal("".join(literal))

    def closing(self, text: str, start: int) -> int:
        """Where the text after the bracket that closes the one at `start` begins."""
        opening, closing, depth = text[start], _CLOSING[text[start]], 0
        for position in range(start, len(text)):
            if text[position] == opening:
                depth += 1
            elif text[position] == closing:
                depth -= 1
                if not depth:
                    return position + 1
        self.wrong(f'truncated macro reference: "{text}"')
        return len(text)

    def deeper(self, text: str) -> bool:
        """Go one level down; False where nothing further shall be done."""
        self.level += 1
        if self.level > NESTING_LIMIT + 1:
            self.wrong(f'unreasonable macro call nesting: "{text}"')
        elif self.expander.steps > STEPS_LIMIT and not self.failed:
            self.wrong(f'unreasonable number of macro calls: "{text[:20]}"')
        self.expander.steps += 1
        return not self.failed

    def literal(self, text: str) -> None:
        """Take literal text over."""
        if self.deeper(text):
            self.add(text)
            self.level -= 1

    def add(self, text: str) -> None:
        """Append to the result."""
        if self.expander.scan:
            return
        self.expander.length += len(text)
        if self.expander.length > LENGTH_LIMIT:
            self.wrong(f'unreasonable length of macro expansion: "{text[:20]}"')
            return
        self.parts.append(text)

    def reference(self, inner: str) -> None:
        """Expand what stands between the brackets, or the name behind the dollar sign."""
        if not self.deeper(inner):
            return
        try:
            value: str | None
            if inner.lstrip(SPACE).startswith("{") and not self.expander.simple:
                value, rest = self.comparison(inner.lstrip(SPACE))
                if rest and rest[0] not in "?:":
                    self.stop(f'"?" or ":" expected at: "...}}>>>{rest[:20]}"')
            else:
                value, rest = self.named(inner)
            self.choose(value, rest)
        except _Stop:
            return
        self.level -= 1

    def stop(self, text: str) -> NoReturn:
        """Tell of a mistake after which the rest of the reference means nothing."""
        self.wrong(text)
        raise _Stop

    def named(self, inner: str) -> tuple[str | None, str]:
        """The value of the name that starts here, and what follows it."""
        if self.expander.simple:
            return self.expander.lookup(inner, True), ""
        start = len(inner) - len(inner.lstrip(SPACE))
        found = _NAME.match(inner, start)
        end = found.end() if found else start
        rest = inner[end:].lstrip(SPACE)
        if rest and rest[0] not in "?:":
            self.stop(f'attribute name syntax error at: "...{inner[:end]}>>>{inner[end : end + 20]}"')
        return self.expander.lookup(inner[start:end], not rest), rest

    def choose(self, value: str | None, rest: str) -> None:
        """Go on with a value and what stands behind its name: nothing, `?text`, `:text`, `?{text}:{text}`."""
        if not rest:
            self.use(value)
            return
        scan = self.expander.scan
        if rest[0] == "?":
            chosen, rest = self.branch(rest[1:])
            if value or scan:
                self.parse(chosen)
            if not rest:
                return
            if rest[0] != ":":
                self.stop(f'":" expected at: "...{chosen}}}>>>{rest[:20]}"')
        chosen, rest = self.branch(rest[1:])
        if not value or scan:
            self.parse(chosen)
        if rest:
            self.stop(f'unexpected input at: "...{chosen}}}>>>{rest[:20]}"')

    def use(self, value: str | None) -> None:
        """Put a value into the result."""
        expander = self.expander
        if value is None:
            self.undefined = True
        elif not value or expander.scan:
            return
        elif expander.recurse:
            self.parse(value)
        elif expander.allowed is None:
            self.add(value)
        else:
            self.add(masked(value, expander.allowed))

    def branch(self, text: str) -> tuple[str, str]:
        """The text in braces that starts here, and what follows; without braces, everything."""
        stripped = text.lstrip(SPACE)
        return self.payload(stripped) if stripped.startswith("{") else (text, "")

    def payload(self, text: str) -> tuple[str, str]:
        """What stands in the braces that `text` starts with, and what follows them."""
        depth = 0
        for position, character in enumerate(text):
            if character == "{":
                depth += 1
            elif character == "}":
                depth -= 1
                if not depth:
                    return text[1:position], text[position + 1 :].lstrip(SPACE)
        self.wrong(f'unbalanced {{}} in attribute expression: "{text}"')
        raise _Stop

    def comparison(self, text: str) -> tuple[str, str]:
        """Evaluate `{a} == {b}`: "true" or "", and what follows."""
        left, rest = self.payload(text)
        found = _OPERATOR.match(rest)
        symbol = found[0] if found else ""
        compare = _OPERATORS.get(symbol)
        if compare is None:
            self.stop(f'{_ANY_OPERATOR} expected at: "...{left}}}>>>{rest[:20]}"')
        found = _SUFFIX.match(rest, len(symbol))
        kind = found[0] if found else ""
        if kind not in ("", "level"):
            self.stop(f'bad operator suffix at: "...{symbol}>>>{kind}"')
        after = rest[len(symbol) + len(kind) :]
        if not after.lstrip(SPACE).startswith("{"):
            self.stop(f'"{{expression}}" expected at: "...{{{left}}} {symbol}>>>{after[:20]}"')
        right, rest = self.payload(after.lstrip(SPACE))
        a, b = self.side(left), self.side(right)
        if self.expander.scan:
            return "", rest
        truth = self.compare(compare, kind, a, b)
        if self.failed:
            raise _Stop
        return ("true" if truth else ""), rest

    def side(self, text: str) -> str:
        """One side of a comparison, expanded."""
        run = _Run(self.expander, self.level)
        run.parse(text)
        self.failed |= run.failed
        self.undefined |= run.undefined
        return "".join(run.parts)

    def compare(self, how: Callable[[Any, Any], bool], kind: str, a: str, b: str) -> bool:
        """Hold two expanded texts against each other."""
        if kind == "level":
            try:
                return how(level(a), level(b))
            except LevelError as error:
                self.wrong(str(error))
                return False
        if _DIGITS.fullmatch(a) and _DIGITS.fullmatch(b):
            numbers = whole(a), whole(b)
            for text, number in zip((a, b), numbers, strict=True):
                if number > LARGEST and not self.failed:
                    self.expander.fatal, self.failed = f"mac_exp_eval: bad conversion: {text}", True
            return how(*numbers)
        return how(a, b)
