"""Reads the expressions of a program of awk."""

from __future__ import annotations

from collections.abc import Callable

from simmail.userland.commands.awk.lexer import BUILTINS, Token, tokens
from simmail.userland.commands.awk.nodes import (
    Assign,
    Binary,
    Builtin,
    Call,
    Concatenation,
    Conditional,
    Constant,
    Element,
    Expression,
    Field,
    Function,
    Getline,
    Name,
    Program,
    Regex,
    Step,
    Target,
    Unary,
    Within,
)
from simmail.userland.process import CommandError

ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "^="})
COMPARISONS = frozenset({"<", "<=", "==", "!=", ">", ">="})
#: What an operand that is put behind another one may begin with.
OPERANDS = frozenset({"name", "call", "builtin", "number", "string", "$", "!", "(", "++", "--", "-", "+"})
STATEMENT_ENDS = frozenset({";", "newline", "}", "end"})
REDIRECTIONS = frozenset({">", ">>", "|"})
DEEPEST = 60
OUTSIDE = {
    "system": "system() is not there on a simulated host",
    "getline": "no command can be read from on a simulated host; let the shell's pipe bring its output",
}


class ExpressionReader:
    """Reads the expressions of a program.

    Args:
        text: the program, octet by octet.
        name: what awk was called.
    """

    def __init__(self, text: str, name: str = "awk") -> None:
        self.name = name
        self.tokens = tokens(text)
        self.position = 0
        self.program = Program()
        self.function: Function | None = None
        self.kind = ""
        self.loops = self.depth = 0
        self.calls: list[tuple[Call, str]] = []
        self.kinds: dict[str, str] = {}

    # ---- tokens

    @property
    def token(self) -> Token:
        """The next word."""
        return self.tokens[self.position]

    def at(self, *kinds: str) -> bool:
        """Whether the next word is one of some kinds."""
        return self.tokens[self.position].kind in kinds

    def take(self) -> Token:
        """The next word, which is done with."""
        token = self.tokens[self.position]
        if token.kind != "end":
            self.position += 1
        return token

    def eat(self, kind: str) -> bool:
        """Go past a word if it comes next."""
        found = self.at(kind)
        if found:
            self.position += 1
        return found

    def expect(self, kind: str) -> Token:
        """Go past a word that must come next."""
        if not self.at(kind):
            raise self.wrong(kind)
        return self.take()

    def skip(self, *kinds: str) -> None:
        """Go past words."""
        while self.at(*kinds):
            self.position += 1

    def error(self, text: str, line: int | None = None) -> CommandError:
        """An error to raise."""
        return CommandError(f"line {self.token.line if line is None else line}: {text}", 2)

    def wrong(self, wanted: str = "") -> CommandError:
        """A word that may not stand here."""
        token = self.token
        if token.kind == "end":
            return self.error("missing } near end of file")
        if wanted == ")" and token.kind in (";", "newline", "}"):
            return self.error(f"missing ) near {token.text}")
        return self.error(f"syntax error at or near {token.text}")

    # ---- expressions, those first that bind least

    def arguments(self, where: str = ")") -> tuple[Expression, ...]:
        """Expressions with commas between; those of print know no `>`."""
        read = self.expression if where == ")" else self.unredirected
        found = [read()]
        while self.eat(","):
            self.skip("newline")
            found.append(read())
        return tuple(found)

    def expression(self) -> Expression:
        """Any expression."""
        return self.ternary(redirects=True)

    def unredirected(self) -> Expression:
        """One in which `>` compares nothing."""
        return self.ternary(redirects=False)

    def ternary(self, redirects: bool) -> Expression:
        """Assignments and `a ? b : c`."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error("nested too deeply")
        try:
            found = self.either(redirects)
            if self.eat("?"):
                self.skip("newline")
                yes = self.ternary(redirects)
                self.skip("newline")
                self.expect(":")
                self.skip("newline")
                return Conditional(found, yes, self.ternary(redirects))
            if self.at(*ASSIGNMENTS):
                return self.assigned(found, redirects)
            return found
        finally:
            self.depth -= 1

    def assigned(self, found: Expression, redirects: bool) -> Expression:
        """The rest of an assignment; in `a && b = 1` it is b that is assigned to."""
        if isinstance(found, Name | Element | Field):
            operator = self.take().kind
            self.skip("newline")
            return Assign(operator.removesuffix("="), self.target(found), self.ternary(redirects))
        if isinstance(found, Binary) and isinstance(found.right, Name | Element | Field):
            return Binary(found.operator, found.left, self.assigned(found.right, redirects))
        if isinstance(found, Unary) and isinstance(found.operand, Name | Element | Field):
            return Unary(found.operator, self.assigned(found.operand, redirects))
        raise self.wrong()

    def _chain(self, operators: tuple[str, ...], inner: Callable[[], Expression]) -> Expression:
        """Operators that bind alike, from left to right."""
        found = inner()
        while self.at(*operators):
            operator = self.take().kind
            self.skip("newline")
            found = Binary(operator, found, inner())
        return found

    def either(self, redirects: bool) -> Expression:
        """`||`."""
        return self._chain(("||",), lambda: self._chain(("&&",), lambda: self.within(redirects)))

    def within(self, redirects: bool) -> Expression:
        """`in`."""
        found = self.matching(redirects)
        while self.at("in"):
            self.take()
            found = Within((found,), self.array(self.expect("name")))
        return found

    def matching(self, redirects: bool) -> Expression:
        """`~` and `!~`."""
        return self._chain(("~", "!~"), lambda: self.comparison(redirects))

    def comparison(self, redirects: bool) -> Expression:
        """`<` and its kin."""
        operators = COMPARISONS if redirects else COMPARISONS - {">"}
        return self._chain(tuple(operators), self.concatenation)

    def concatenation(self) -> Expression:
        """Operands that stand side by side."""
        parts = [self.sum()]
        while self.at(*OPERANDS):
            parts.append(self.sum())
        if self.at("|") and self.tokens[self.position + 1].kind == "getline":
            raise self.error(OUTSIDE["getline"])
        return parts[0] if len(parts) == 1 else Concatenation(tuple(parts))

    def sum(self) -> Expression:
        """`+` and `-`."""
        return self._chain(("+", "-"), self.product)

    def product(self) -> Expression:
        """`*`, `/` and `%`."""
        return self._chain(("*", "/", "%"), self.signed)

    def signed(self) -> Expression:
        """`-x`, `+x`, `!x`."""
        if self.at("-", "+", "!"):
            operator = self.take().kind
            self.depth += 1
            if self.depth > DEEPEST:
                raise self.error("nested too deeply")
            operand = self.signed()
            self.depth -= 1
            return Unary(operator, operand)
        return self.power()

    def power(self) -> Expression:
        """`^`, from right to left."""
        found = self.stepped()
        if self.eat("^"):
            return Binary("^", found, self.signed())
        return found

    def stepped(self) -> Expression:
        """`++x`, `x--`."""
        if self.at("++", "--"):
            by = 1 if self.take().kind == "++" else -1
            if not self.at("name", "$", "("):
                raise self.wrong()
            operand = self.primary()
            if not isinstance(operand, Name | Element | Field):
                raise self.wrong()
            return Step(self.target(operand), by, before=True)
        found = self.primary()
        if self.at("++", "--") and isinstance(found, Name | Element | Field):
            return Step(self.target(found), 1 if self.take().kind == "++" else -1, before=False)
        return found

    def primary(self) -> Expression:
        """What all is made of."""
        reader = PRIMARIES.get(self.token.kind)
        if reader is None:
            raise self.wrong()
        return reader(self)

    def number(self) -> Expression:
        """A number."""
        return Constant(float(self.take().text))

    def string(self) -> Expression:
        """A text."""
        return Constant(self.take().text)

    def regex(self) -> Expression:
        """A regular expression."""
        token = self.take()
        return Regex(token.text, token.line)

    def field(self) -> Expression:
        """A field."""
        self.take()
        if self.at("++", "--"):
            return Field(self.stepped())
        if self.at("-", "+", "!"):
            return Field(Unary(self.take().kind, self.primary()))
        return Field(self.primary())

    def grouped(self) -> Expression:
        """What stands in parentheses: an expression, or the subscripts of `(a, b) in array`."""
        self.take()
        found = self.arguments()
        self.expect(")")
        if len(found) > 1:
            self.expect("in")
            return Within(found, self.array(self.expect("name")))
        return found[0]

    def named(self) -> Expression:
        """A variable, an element, or an array's name."""
        token = self.take()
        if self.at("["):
            array = self.array(token)
            self.take()
            subscripts = self.arguments()
            self.expect("]")
            return Element(array, subscripts)
        return Name(token.text, self._local(token.text), token.line)

    def call(self) -> Expression:
        """A call of one of the program's own functions."""
        token = self.take()
        self.take()
        arguments = self.arguments() if not self.at(")") else ()
        self.expect(")")
        found = Call(token.text, arguments, token.line)
        self.calls.append((found, self.function.name if self.function else ""))
        return found

    def builtin(self) -> Expression:
        """A call of a function that awk has."""
        token = self.take()
        fewest, most = BUILTINS[token.text]
        arguments: tuple[Expression, ...] = ()
        if self.eat("("):
            arguments = self.arguments() if not self.at(")") else ()
            self.expect(")")
        elif token.text != "length":
            raise self.wrong()
        if not fewest <= len(arguments) <= most:
            raise self.error(f"wrong number of arguments in call to {token.text}", token.line)
        if token.text == "system":
            raise self.error(OUTSIDE["system"], token.line)
        if token.text == "split" and isinstance(arguments[1], Name):
            self.array(Token("name", arguments[1].name, token.line))
        return Builtin(token.text, arguments, token.line)

    def getline(self) -> Expression:
        """`getline`."""
        self.take()
        self.program.waits = True
        target: Target | None = None
        if self.at("name", "$"):
            found = self.primary()
            if isinstance(found, Name | Element | Field):
                target = self.target(found)
        file = self.primary() if self.eat("<") else None
        return Getline(target, file)

    # ---- names

    def _local(self, name: str) -> int | None:
        if self.function is not None and name in self.function.parameters:
            return self.function.parameters.index(name)
        return None

    def target(self, found: Target) -> Target:
        """Something that is assigned to."""
        return self.variable(Token("name", found.name, found.line)) if isinstance(found, Name) else found

    def variable(self, token: Token) -> Name:
        """A name that can only be a variable's."""
        return self._named_as(token, "variable")

    def array(self, token: Token) -> Name:
        """A name that can only be an array's."""
        return self._named_as(token, "array")

    def _named_as(self, token: Token, kind: str) -> Name:
        local = self._local(token.text)
        if local is None:
            before = self.kinds.setdefault(token.text, kind)
            if before != kind:
                raise self.error(f"illegal reference to {before} {token.text}", token.line)
            if kind == "array":
                self.program.arrays.add(token.text)
        elif kind == "array" and self.function is not None:
            self.program.arrays.add((self.function.name, local))
        return Name(token.text, local, token.line)


PRIMARIES: dict[str, Callable[[ExpressionReader], Expression]] = {
    "number": ExpressionReader.number,
    "string": ExpressionReader.string,
    "regex": ExpressionReader.regex,
    "$": ExpressionReader.field,
    "(": ExpressionReader.grouped,
    "name": ExpressionReader.named,
    "call": ExpressionReader.call,
    "builtin": ExpressionReader.builtin,
    "getline": ExpressionReader.getline,
    "-": ExpressionReader.signed,
    "+": ExpressionReader.signed,
    "!": ExpressionReader.signed,
}
