"""NAME
    expand - $name in parameter values

DESCRIPTION
    `$name`, `${name}` and `$(name)` stand for a value, `$$` for a dollar sign.  `${name?text}` is the text if the value is
    not empty, `${name:text}` if it is; `${name?{text}:{other}}` chooses.  In the name's place may stand a
    comparison: `${{a} == {b} ? {text} : {other}}`, with `==`, `!=`, `<`, `<=`, `>`, `>=`; two numbers are compared as numbers,
    all else as text.  `<level` and its kin compare compatibility levels.

DIAGNOSTICS
    Every mistake is a warning in the words of the log, and sets `Expansion.failed`; the caller decides what is fatal.

BUGS
    A comparison that leads back to itself ends with "unreasonable macro call nesting"; the real program runs out of memory.

SEE ALSO
    postconf(5), section "parameter values"
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Container
from typing import NamedTuple

from simmail.postfix.compatibility import LevelError, level

#: Gives a name's value (None: it has none); the flag tells a use of the value (True) from a mere test (False).
Lookup = Callable[[str, bool], str | None]
Complain = Callable[[str], None]

SPACE = " \t\r\n"
NESTING_LIMIT = 100
_OPERATORS: dict[str, Callable[[object, object], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    ">": operator.gt,
}
_CLOSING = {"(": ")", "{": "}"}
_NAME = re.compile(r"\w*", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d+", re.ASCII)
_OPERATOR = re.compile(r"[<>!=?+\-*/~&|%]*[A-Za-z]*")


class Expansion(NamedTuple):
    """A text with its names expanded; whether a mistake was found in it; whether a name without a value was."""

    text: str
    failed: bool = False
    undefined: bool = False


class _Mistake(Exception):
    """Something that cannot be parsed; its warning has been given."""


class Expander:
    """Expands texts.

    Args:
        lookup: gives values.
        complain: told of every mistake, in the log's words.
        recurse: whether values are expanded too.
        allowed: the characters that may appear in a value; others become `_`.  None allows all.
        scan: look up every name, in the branches not taken too, and make no text.
    """

    def __init__(
        self,
        lookup: Lookup,
        complain: Complain,
        *,
        recurse: bool = True,
        allowed: Container[str] | None = None,
        scan: bool = False,
    ) -> None:
        self.lookup, self.complain = lookup, complain
        self.recurse, self.allowed, self.scan = recurse, allowed, scan

    def expand(self, text: str) -> Expansion:
        """The text with all names in it expanded."""
        if "$" not in text:
            return Expansion(text)
        run = _Run(self)
        try:
            run.parse(text)
        except _Mistake:
            return Expansion("".join(run.parts), True, run.undefined)
        return Expansion("".join(run.parts), False, run.undefined)


class _Run:
    """One text being expanded."""

    __slots__ = ("expander", "level", "parts", "undefined")

    def __init__(self, expander: Expander, level: int = 0) -> None:
        self.expander, self.level = expander, level
        self.parts: list[str] = []
        self.undefined = False

    def wrong(self, text: str) -> _Mistake:
        self.expander.complain(text)
        return _Mistake()

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
            following = text[dollar + 1 : dollar + 2]
            if following == "$":
                literal.append("$")
                position = dollar + 2
                continue
            self.literal("".join(literal))
            literal.clear()
            if following in _CLOSING:
                position = self._closing(text, dollar + 1)
                inner = text[dollar + 2 : position - 1]
            else:
                found = _NAME.match(text, dollar + 1)
                inner = found[0] if found else ""
                position = dollar + 1 + len(inner)
            if not inner:
                raise self.wrong(f'empty macro name: "{text}"')
            self.reference(inner)
        self.literal("".join(literal))

    def _closing(self, text: str, start: int) -> int:
        """Where the text after the bracket that closes the one at `start` begins."""
        opening, closing, depth = text[start], _CLOSING[text[start]], 0
        for position in range(start, len(text)):
            if text[position] == opening:
                depth += 1
            elif text[position] == closing:
                depth -= 1
                if not depth:
                    return position + 1
        raise self.wrong(f'truncated macro reference: "{text}"')

    def literal(self, text: str) -> None:
        if text and not self.expander.scan:
            self.parts.append(text)

    def reference(self, inner: str) -> None:
        """Expand what stands between the brackets, or the name behind the dollar sign."""
        self.level += 1
        if self.level > NESTING_LIMIT + 1:
            raise self.wrong(f'unreasonable macro call nesting: "{inner}"')
        if inner.lstrip(SPACE).startswith("{"):
            value, rest = self.comparison(inner.lstrip(SPACE))
            if rest and rest[0] not in "?:":
                raise self.wrong(f'"?" or ":" expected at: "...}}>>>{rest[:20]}"')
            self.choose(value, rest)
        else:
            name = _NAME.match(inner)
            end = name.end() if name else 0
            rest = inner[end:]
            if rest and rest[0] not in "?:":
                raise self.wrong(f'attribute name syntax error at: "...{inner[:end]}>>>{rest[:20]}"')
            self.choose(self.expander.lookup(inner[:end], not rest), rest)
        self.level -= 1

    def choose(self, value: str | None, rest: str) -> None:
        """Go on with a value and what stands behind its name: nothing, `?text`, `:text`, `?{text}:{text}`."""
        if not rest:
            self.use(value)
            return
        scan = self.expander.scan
        if rest[0] == "?":
            chosen, rest = self.operand(rest[1:])
            if value or scan:
                self.parse(chosen)
            if not rest:
                return
            if rest[0] != ":":
                raise self.wrong(f'":" expected at: "...{chosen}}}>>>{rest[:20]}"')
        chosen, rest = self.operand(rest[1:])
        if not value or scan:
            self.parse(chosen)
        if rest:
            raise self.wrong(f'unexpected input at: "...{chosen}}}>>>{rest[:20]}"')

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
            self.parts.append(value)
        else:
            self.parts.append("".join(c if c in expander.allowed else "_" for c in value))

    def operand(self, text: str) -> tuple[str, str]:
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
        raise self.wrong(f'unbalanced {{}} in attribute expression: "{text}"')

    def comparison(self, text: str) -> tuple[str, str]:
        """Evaluate `{a} == {b}`: "true" or "", and what follows."""
        left, rest = self.payload(text)
        found = _OPERATOR.match(rest)
        word = found[0] if found else ""
        symbol = word.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        kind = word[len(symbol) :]
        compare = _OPERATORS.get(symbol)
        if compare is None or kind not in ("", "level"):
            raise self.wrong(f'relational operator expected at: "...{left}}}>>>{rest[:20]}"')
        after = rest[len(word) :]
        if not after.lstrip(SPACE).startswith("{"):
            raise self.wrong(f'"{{expression}}" expected at: "...{{{left}}} {word}>>>{after[:20]}"')
        right, rest = self.payload(after.lstrip(SPACE))
        return ("true" if self.compare(compare, kind, left, right) else ""), rest

    def compare(self, how: Callable[[object, object], bool], kind: str, left: str, right: str) -> bool:
        """Compare two operands once they are expanded."""
        a, b = self.operand_text(left), self.operand_text(right)
        if kind == "level":
            try:
                return how(level(a), level(b))
            except LevelError as error:
                raise self.wrong(str(error)) from None
        if _NUMBER.fullmatch(a) and _NUMBER.fullmatch(b):
            return how(int(a), int(b))
        return how(a, b)

    def operand_text(self, text: str) -> str:
        run = _Run(self.expander, self.level)
        try:
            run.parse(text)
        finally:
            self.undefined |= run.undefined
        return "".join(run.parts)
