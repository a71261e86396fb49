"""Reads a program of awk."""

from __future__ import annotations

from collections.abc import Callable

from simmail.userland.commands.awk.expressions import DEEPEST, REDIRECTIONS, STATEMENT_ENDS, ExpressionReader
from simmail.userland.commands.awk.nodes import (
    Block,
    Delete,
    Each,
    Expression,
    Function,
    If,
    Leave,
    Loop,
    Name,
    Print,
    Program,
    Rule,
    Simple,
    Statement,
)


class Parser(ExpressionReader):
    """Reads a program."""

    # ---- rules

    def read(self) -> Program:
        """The whole program.  Raises CommandError."""
        self.skip("newline", ";")
        while not self.at("end"):
            if self.at("function"):
                self.define()
            else:
                self.rule()
            if not self.at("end", ";", "newline") and self.tokens[self.position - 1].kind != "}":
                raise self.wrong()
            self.skip("newline", ";")
        self._resolve()
        return self.program

    def rule(self) -> None:
        """A pattern, an action, or both."""
        first = last = None
        self.kind = ""
        if self.at("BEGIN", "END"):
            self.kind = self.take().kind
        elif self.at("}"):
            raise self.error(
                "extra '}'\n" + f"{self.name}: line {self.token.line}: syntax error at or near end of line"
            )
        elif not self.at("{"):
            first = self.expression()
            if self.eat(","):
                self.skip("newline")
                last = self.expression()
        body = self.block() if self.at("{") else None
        if self.kind and body is None:
            raise self.wrong()
        self.program.rules.append(Rule(self.kind, first, last, body))

    def define(self) -> None:
        """A function."""
        self.take()
        if not self.at("name", "call"):
            raise self.wrong()
        name = self.take().text
        self.expect("(")
        parameters: list[str] = []
        while not self.eat(")"):
            token = self.expect("name")
            if token.text == name:
                raise self.error(f"syntax error at or near {name}", token.line)
            if token.text in parameters:
                raise self.error(f"{token.text} is duplicated in argument list", token.line)
            parameters.append(token.text)
            if self.eat(","):
                self.skip("newline")
            elif not self.at(")"):
                raise self.wrong(")")
        self.skip("newline")
        self.function = self.program.functions[name] = Function(name, tuple(parameters))
        self.kind = "function"
        self.function.body = self.block()
        self.function = None

    def block(self) -> Block:
        """Statements in braces."""
        self.expect("{")
        found: list[Statement] = []
        self.skip("newline", ";")
        while not self.eat("}"):
            found += self.statement()
            self.skip("newline", ";")
        return tuple(found)

    # ---- statements

    def body(self) -> Block:
        """What stands behind `if (...)` and its kin: one statement, perhaps on the next line, or none."""
        self.skip("newline")
        if self.eat(";"):
            return ()
        return self.statement()

    def statement(self) -> Block:
        """One statement, or the statements of a block."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error("nested too deeply")
        try:
            if self.at("{"):
                return self.block()
            reader = STATEMENTS.get(self.token.kind)
            if reader is not None:
                return (reader(self),)
            found = self.simple()
            self.ends()
            return (found,)
        finally:
            self.depth -= 1

    def ends(self) -> None:
        """A simple statement must end here."""
        if not self.at(*STATEMENT_ENDS):
            raise self.wrong()
        if self.at(";", "newline"):
            self.take()

    def simple(self) -> Statement:
        """What may stand in the head of a `for`."""
        if self.at("print", "printf"):
            return self.print()
        if self.at("delete"):
            return self.delete()
        return Simple(self.expression())

    def print(self) -> Print:
        """`print` and `printf`."""
        formatted = self.take().kind == "printf"
        arguments: tuple[Expression, ...] = ()
        if self.at("(") and self.tokens[self._closing()].kind in STATEMENT_ENDS | REDIRECTIONS:
            self.take()
            arguments = self.arguments(")") if not self.at(")") else ()
            self.expect(")")
        elif not self.at(*STATEMENT_ENDS, *REDIRECTIONS):
            arguments = self.arguments("print")
        if formatted and not arguments:
            raise self.error("no arguments in call to printf")
        how, to = "", None
        if self.at(*REDIRECTIONS):
            how = self.take().kind
            to = self.expression()
        return Print(formatted, arguments, how, to)

    def _closing(self) -> int:
        """The place behind the parenthesis that closes the one which comes next."""
        depth, index = 0, self.position
        while self.tokens[index].kind != "end":
            kind = self.tokens[index].kind
            depth += (kind == "(") - (kind == ")")
            index += 1
            if not depth:
                return index
        return self.position

    def delete(self) -> Delete:
        """`delete`."""
        self.take()
        array = self.array(self.expect("name"))
        subscripts: tuple[Expression, ...] = ()
        if self.eat("["):
            subscripts = self.arguments()
            self.expect("]")
        return Delete(array, subscripts)

    def condition(self) -> Expression:
        """An expression in parentheses."""
        self.expect("(")
        found = self.expression()
        self.expect(")")
        return found

    def if_(self) -> If:
        """`if`."""
        self.take()
        condition = self.condition()
        yes = self.body()
        before = self.position
        self.skip("newline", ";")
        if self.eat("else"):
            return If(condition, yes, self.body())
        self.position = before
        return If(condition, yes, ())

    def looped(self) -> Block:
        """A loop's body."""
        self.loops += 1
        found = self.body()
        self.loops -= 1
        return found

    def while_(self) -> Loop:
        """`while`."""
        self.take()
        condition = self.condition()
        return Loop(condition, self.looped())

    def do(self) -> Loop:
        """`do ... while`."""
        self.take()
        body = self.looped()
        self.skip("newline", ";")
        self.expect("while")
        condition = self.condition()
        self.ends()
        return Loop(condition, body, at_least_once=True)

    def for_(self) -> Statement:
        """`for`, of either kind."""
        self.take()
        self.expect("(")
        kinds = [token.kind for token in self.tokens[self.position : self.position + 4]]
        if kinds == ["name", "in", "name", ")"]:
            target = self.variable(self.take())
            self.take()
            array = self.array(self.take())
            self.take()
            return Each(target, array, self.looped())
        before: Block = () if self.at(";") else (self.simple(),)
        self.expect(";")
        self.skip("newline")
        condition = None if self.at(";") else self.expression()
        self.expect(";")
        self.skip("newline")
        after: Block = () if self.at(")") else (self.simple(),)
        self.expect(")")
        return Loop(condition, self.looped(), before, after)

    def leave(self) -> Leave:
        """`break`, `next`, `exit` and their kin."""
        token = self.take()
        kind, value = token.kind, None
        if kind in ("break", "continue") and not self.loops:
            raise self.error(f"{kind} statement outside of loop", token.line)
        if kind in ("next", "nextfile") and self.kind:
            raise self.error(f"improper use of {kind}", token.line)
        if kind == "return" and self.function is None:
            raise self.error("return outside function body", token.line)
        if kind in ("exit", "return") and not self.at(*STATEMENT_ENDS):
            value = self.expression()
        self.ends()
        return Leave(kind, value)

    def _resolve(self) -> None:
        """See that all functions are there, and which names are arrays because a function takes them for such."""
        functions, arrays = self.program.functions, self.program.arrays
        for call, _ in self.calls:
            function = functions.get(call.name)
            if function is None:
                raise self.error(f"function {call.name} never defined", self.tokens[-1].line)
            if len(call.arguments) > len(function.parameters):
                raise self.error(f"too many arguments in call to {call.name}", call.line)
        before = -1
        while before != len(arrays):
            before = len(arrays)
            for call, inside in self.calls:
                for number, argument in enumerate(call.arguments):
                    if isinstance(argument, Name) and (call.name, number) in arrays:
                        arrays.add(argument.name if argument.local is None else (inside, argument.local))


STATEMENTS: dict[str, Callable[[Parser], Statement]] = {
    "if": Parser.if_,
    "while": Parser.while_,
    "do": Parser.do,
    "for": Parser.for_,
    **dict.fromkeys(("break", "continue", "next", "nextfile", "exit", "return"), Parser.leave),
}
