"""Makes of each statement of a program a function that does it, and runs the whole program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simmail.mail.questions import Decision
from simmail.userland.commands.awk.evaluation import Act, Evaluation, Return
from simmail.userland.commands.awk.formats import clipped
from simmail.userland.commands.awk.formats import text as as_text
from simmail.userland.commands.awk.nodes import (
    Block,
    Delete,
    Each,
    Expression,
    If,
    Leave,
    Loop,
    Print,
    Rule,
    Simple,
)
from simmail.userland.commands.awk.runtime import Run
from simmail.userland.commands.awk.values import LARGEST, Seen, Value
from simmail.userland.regex import PatternError


class Break(Exception):
    """`break`."""


class Continue(Exception):
    """`continue`."""


class Next(Exception):
    """`next`; with `file`, `nextfile`."""

    def __init__(self, file: bool = False) -> None:
        self.file = file
        super().__init__()


class Exit(Exception):
    """`exit`."""


class Execution(Evaluation):
    """Runs a program.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.status = 0
        for name, function in self.program.functions.items():
            self.bodies[name] = self.block(function.body)
        rules = self.program.rules
        self.begin = [self.block(rule.body or ()) for rule in rules if rule.kind == "BEGIN"]
        self.end = [self.block(rule.body or ()) for rule in rules if rule.kind == "END"]
        self.rules = [self._rule(rule) for rule in rules if not rule.kind]

    def _rule(self, rule: Rule) -> Act:
        """What a rule does with each record."""
        body = self.block((Print(False, (), "", None),) if rule.body is None else rule.body)
        if rule.first is None:
            return body
        first = self.truth(rule.first)
        if rule.last is None:

            def one() -> None:
                if first():
                    body()

            return one
        last, within = self.truth(rule.last), False

        def ranged() -> None:
            nonlocal within
            if within or first():
                within = not last()
                body()

        return ranged

    def go(self) -> Decision[int]:
        """Run it; the exit status."""
        run = self.run
        try:
            try:
                for act in self.begin:
                    act()
                if self.rules or self.end:
                    yield from self._records()
            except Exit:
                pass
            try:
                for act in self.end:
                    act()
            except Exit:
                pass
        except PatternError as error:
            raise run.error(str(error)) from None
        yield from run.finish()
        return self.status

    def _records(self) -> Decision[None]:
        run, rules, record = self.run, self.rules, self.run.record
        while (text := (yield from run.next_record())) is not None:
            record.set(Seen(text))
            try:
                for act in rules:
                    act()
            except Next as skipped:
                if skipped.file:
                    run.source = None

    # ---- statements

    def block(self, statements: Block) -> Act:
        """What does some statements one after the other."""
        acts = [READERS[type(statement)](self, statement) for statement in statements]
        if len(acts) == 1:
            return acts[0]

        def all_of_them() -> None:
            for act in acts:
                act()

        return all_of_them

    def simple(self, node: Simple) -> Act:
        """An expression whose value nobody wants."""
        read = self.value(node.expression)

        def act() -> None:
            read()

        return act

    def print(self, node: Print) -> Act:
        """`print` and `printf`."""
        run = self.run
        to = None if node.to is None else self.text(node.to)
        how = node.how

        def write(shown: str) -> None:
            if to is None:
                run.print(shown)
            else:
                run.writer(how, to())(shown)

        if node.formatted:
            template, arguments = self.text(node.arguments[0]), [self.value(one) for one in node.arguments[1:]]

            def printf() -> None:
                self.filled(template(), [read() for read in arguments], "printf", write)

            return printf
        if not node.arguments:
            return lambda: write(run.record.text + run.setting("ORS"))
        values = [self.value(one) for one in node.arguments]

        def shown(value: Value) -> str:
            return value if isinstance(value, str) else as_text(value, run.setting("OFMT"))

        return lambda: write(run.setting("OFS").join([shown(read()) for read in values]) + run.setting("ORS"))

    def if_(self, node: If) -> Act:
        """`if`."""
        condition, yes, no = self.truth(node.condition), self.block(node.yes), self.block(node.no)

        def act() -> None:
            if condition():
                yes()
            else:
                no()

        return act

    def loop(self, node: Loop) -> Act:
        """`while`, `do` and `for`."""
        always: Callable[[], bool] = lambda: True  # noqa: E731
        condition = always if node.condition is None else self.truth(node.condition)
        before, body, after = self.block(node.before), self.block(node.body), self.block(node.after)
        turn, at_least_once = self.run.turn, node.at_least_once

        def act() -> None:
            before()
            first = at_least_once
            while first or condition():
                first = False
                turn()
                try:
                    body()
                except Break:
                    return
                except Continue:
                    pass
                after()

        return act

    def each(self, node: Each) -> Act:
        """`for (name in array)`."""
        (place, _, put), array = self.slot(node.target), self.array(node.array)
        body, turn = self.block(node.body), self.run.turn

        def act() -> None:
            for key in list(array().keys()):
                turn()
                put(place(), key)
                try:
                    body()
                except Break:
                    return
                except Continue:
                    pass

        return act

    def leave(self, node: Leave) -> Act:
        """`break`, `next` and their kin."""
        return LEAVING[node.kind](self, node.value)

    def delete(self, node: Delete) -> Act:
        """`delete`."""
        array = self.array(node.array)
        if not node.subscripts:
            return lambda: array().clear()
        subscript = self.subscript(node.subscripts)
        return lambda: array().delete(subscript()[0])

    # ---- leaving

    def raising(self, kind: Callable[[], Exception]) -> Act:
        """What raises an exception."""

        def act() -> None:
            raise kind()

        return act

    def exit(self, value: Expression | None) -> Act:
        """`exit`."""
        read = None if value is None else self.number(value)

        def act() -> None:
            if read is not None:
                self.status = clipped(read(), -LARGEST, LARGEST) & 0xFF
            raise Exit

        return act

    def return_(self, value: Expression | None) -> Act:
        """`return`."""
        read = None if value is None else self.value(value)

        def act() -> None:
            raise Return(None if read is None else read())

        return act


READERS: dict[type, Callable[[Execution, Any], Act]] = {
    Simple: Execution.simple,
    Print: Execution.print,
    If: Execution.if_,
    Loop: Execution.loop,
    Each: Execution.each,
    Leave: Execution.leave,
    Delete: Execution.delete,
}
LEAVING: dict[str, Callable[[Execution, Expression | None], Act]] = {
    "break": lambda self, value: self.raising(Break),
    "continue": lambda self, value: self.raising(Continue),
    "next": lambda self, value: self.raising(Next),
    "nextfile": lambda self, value: self.raising(lambda: Next(file=True)),
    "exit": Execution.exit,
    "return": Execution.return_,
}
