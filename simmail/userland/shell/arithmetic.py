"""`$((...))`: whole numbers of 64 bits, C's operators (POSIX.1, Shell Command Language, section 2.6.4)."""

from __future__ import annotations

import re
from collections.abc import Callable

from simmail.userland.numbers import number

TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator><<=|>>=|&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%&|^]=|[-+*/%&|^~!<>=?:()]))"
)
#: Binary operators, those that bind weakest first.
LEVELS = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<=", ">=", "<", ">"),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
DEEPEST = 20


class NoValue(Exception):
    """An expression without a value; the text is dash's."""


def wrapped(number: int) -> int:
    """A number in 64 bits."""
    return (number + 2**63) % 2**64 - 2**63


def divided(left: int, right: int) -> int:
    """C's division, towards zero."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "||": lambda a, b: int(bool(a or b)),
    "&&": lambda a, b: int(bool(a and b)),
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divided,
    "%": lambda a, b: a - b * divided(a, b),
}


class Evaluation:
    """One expression's value.

    Args:
        text: the expression.
        get: a variable's text, None where it is not set.
        put: sets a variable.
    """

    def __init__(self, text: str, get: Callable[[str], str | None], put: Callable[[str, str], None]) -> None:
        self.text, self.get, self.put = text, get, put
        self.tokens: list[tuple[str, str]] = []
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            found = TOKEN.match(stripped, position)
            if found is None:
                raise self.error("expecting EOF")
            self.tokens.append((str(found.lastgroup), str(found.group(str(found.lastgroup)))))
            position = found.end()
        self.position = 0
        self.depth = 0

    def error(self, text: str) -> NoValue:
        """An error to raise."""
        return NoValue(f'arithmetic expression: {text}: "{self.text}"')

    def value(self) -> int:
        """The value.  Raises NoValue."""
        if not self.tokens:
            raise self.error("expecting primary")
        value = self.assignment(True)
        if self.position < len(self.tokens):
            raise self.error("expecting EOF")
        return value

    def peek(self) -> str:
        """The operator that comes next; "" where none does."""
        kind, text = self.tokens[self.position] if self.position < len(self.tokens) else ("", "")
        return text if kind == "operator" else ""

    def assignment(self, live: bool) -> int:
        """`name = value`, or what binds more; what is not `live` is read but not done."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error("nested too deeply")
        kind, name = self.tokens[self.position] if self.position < len(self.tokens) else ("", "")
        following = self.tokens[self.position + 1][1] if self.position + 1 < len(self.tokens) else ""
        if kind == "name" and following in ASSIGNMENTS:
            self.position += 2
            value = self.assignment(live)
            if following != "=":
                value = self.operate(following[:-1], self.variable(name), value, live)
            if live:
                self.put(name, str(value))
        else:
            value = self.conditional(live)
        self.depth -= 1
        return value

    def conditional(self, live: bool) -> int:
        """`a ? b : c`."""
        condition = self.binary(0, live)
        if self.peek() != "?":
            return condition
        self.position += 1
        yes = self.assignment(live and bool(condition))
        if self.peek() != ":":
            raise self.error("expecting ':'")
        self.position += 1
        no = self.assignment(live and not condition)
        return yes if condition else no

    def binary(self, level: int, live: bool) -> int:
        """A row of operands with operators of one level between them."""
        if level == len(LEVELS):
            return self.unary(live)
        left = self.binary(level + 1, live)
        while (operator := self.peek()) in LEVELS[level]:
            self.position += 1
            needed = live and not (operator == "||" and left) and not (operator == "&&" and not left)
            left = self.operate(operator, left, self.binary(level + 1, needed), needed or operator in ("||", "&&"))
        return left

    def operate(self, operator: str, left: int, right: int, live: bool) -> int:
        """One operation."""
        if operator in "/%" and right == 0:
            if live:
                raise self.error("division by zero")
            return 0
        return wrapped(OPERATIONS[operator](left, right))

    def unary(self, live: bool) -> int:
        """`-a`, `!a`, a number, a variable, parentheses."""
        if self.position >= len(self.tokens):
            raise self.error("expecting primary")
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "number":
            value = number(text)
            if value is None:
                raise self.error("expecting EOF")
            return value
        if kind == "name":
            return self.variable(text)
        if text in "-+!~":
            self.depth += 1
            if self.depth > DEEPEST:
                raise self.error("nested too deeply")
            operand = self.unary(live)
            self.depth -= 1
            return {"-": wrapped(-operand), "+": operand, "!": int(not operand), "~": ~operand}[text]
        if text == "(":
            value = self.assignment(live)
            if self.peek() != ")":
                raise self.error("expecting ')'")
            self.position += 1
            return value
        raise self.error("expecting primary")

    def variable(self, name: str) -> int:
        """A variable's value; 0 where it is not set."""
        text = self.get(name)
        if not text:
            return 0
        value = number(text)
        if value is None:
            raise NoValue(f"Illegal number: {text}")
        return value
