"""Makes of each expression of a program a function that tells its value."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from simmail.userland.commands.awk.arrays import Array, whole_number
from simmail.userland.commands.awk.formats import FormatError, sprintf
from simmail.userland.commands.awk.functions import NOT_A_NUMBER, PLAIN, match, replaced, split
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
    Getline,
    Name,
    Regex,
    Step,
    Target,
    Unary,
    Within,
)
from simmail.userland.commands.awk.records import MOST_FIELDS
from simmail.userland.commands.awk.runtime import ELEMENT, Run, at_once
from simmail.userland.commands.awk.values import Seen, Value, compared, is_true, number
from simmail.userland.process import CommandError
from simmail.userland.regex import Pattern, PatternError

Evaluated = Callable[[], Value]
#: A subscript as a text, and as a whole number if it is one.
Subscript = Callable[[], tuple[str, int | None]]
Act = Callable[[], None]


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    return NOT_A_NUMBER if not left or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: float, right: float) -> float:
    try:
        return math.fmod(left, right)
    except ValueError:
        return NOT_A_NUMBER


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if not left else NOT_A_NUMBER


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divided,
    "%": _remainder,
    "^": _power,
}
#: Comparison -> which outcomes of `compared` it holds for.
COMPARISONS = {"<": {-1}, "<=": {-1, 0}, "==": {0}, "!=": {-1, 1}, ">": {1}, ">=": {0, 1}}


FAILED = "regular expression compile failed"


class Return(Exception):
    """`return`."""

    def __init__(self, value: Value) -> None:
        self.value = value
        super().__init__()


class Evaluation:
    """Makes functions of expressions.

    Args:
        run: the run that they are for.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.program = run, run.program
        self.bodies: dict[str, Act] = {}

    def value(self, node: Expression) -> Evaluated:
        """What tells an expression's value."""
        return READERS[type(node)](self, node)

    def number(self, node: Expression) -> Callable[[], float]:
        """What tells it as a number."""
        read = self.value(node)
        return lambda: value if isinstance(value := read(), float) else number(value)

    def text(self, node: Expression) -> Callable[[], str]:
        """What tells it as a text."""
        read, as_text = self.value(node), self.run.text
        return lambda: value if isinstance(value := read(), str) else as_text(value)

    def truth(self, node: Expression) -> Callable[[], bool]:
        """What tells whether it is true."""
        read = self.value(node)
        return lambda: is_true(read())

    def fixed(self, node: Regex) -> Pattern:
        """The expression that stands in the program."""
        try:
            return self.run.patterns.get(node.text)
        except PatternError as error:
            raise CommandError(f"line {node.line}: {FAILED} ({error})\n{node.text}", 2) from None

    def pattern(self, node: Expression) -> Callable[[], Pattern]:
        """What tells the regular expression that it is."""
        patterns = self.run.patterns
        if isinstance(node, Regex):
            fixed = self.fixed(node)
            return lambda: fixed
        read = self.text(node)

        def found() -> Pattern:
            try:
                return patterns.get(text := read())
            except PatternError as error:
                raise self.run.error(f"{FAILED} ({error})\n{text}") from None

        return found

    # ---- names

    def array(self, name: Name) -> Callable[[], Array]:
        """What tells the array of a name."""
        run, local = self.run, name.local
        if local is None:
            fixed = run.array(name.name)
            return lambda: fixed

        def found() -> Array:
            there = run.frame[local]
            if not isinstance(there, Array):
                raise run.error(f"type error in arg({local + 1}) of a function")
            return there

        return found

    def subscript(self, nodes: tuple[Expression, ...]) -> Subscript:
        """What tells a subscript."""
        run = self.run
        if len(nodes) == 1:
            read = self.value(nodes[0])

            def one() -> tuple[str, int | None]:
                value = read()
                return (value, None) if isinstance(value, str) else (run.text(value), whole_number(value))

            return one
        texts = [self.text(node) for node in nodes]
        return lambda: (run.made(run.setting("SUBSEP").join([text() for text in texts])), None)

    def name(self, node: Name) -> Evaluated:
        """A variable."""
        run, name, local = self.run, node.name, node.local
        if local is not None:

            def parameter() -> Value:
                value = run.frame[local]
                if isinstance(value, Array):
                    raise run.error(f"illegal reference to array {name}")
                return value

            return parameter
        if name in self.program.arrays:
            raise CommandError(f"line {node.line}: illegal reference to array {name}", 2)
        if name == "NF":
            return lambda: float(len(run.record.fields))
        values = run.globals
        return lambda: values.get(name)

    def element(self, node: Element) -> Evaluated:
        """An element of an array, which is there from then on."""
        array, subscript, run = self.array(node.array), self.subscript(node.subscripts), self.run

        def read() -> Value:
            there, (key, whole) = array(), subscript()
            if key not in there:
                run.spend(ELEMENT + len(key))
            return there.get(key, whole)

        return read

    def field(self, node: Field) -> Evaluated:
        """A field."""
        record = self.run.record
        if isinstance(node.number, Constant) and isinstance(node.number.value, float):
            fixed = int(min(node.number.value, MOST_FIELDS + 1))
            return lambda: record.get(fixed)
        place = self._place(node)
        return lambda: record.get(place())

    def _place(self, node: Field) -> Callable[[], int]:
        run, read = self.run, self.number(node.number)

        def place() -> int:
            found = read()
            if found < 0 or math.isnan(found):
                raise run.error(f"negative field index ${run.text(found)}")
            return int(min(found, MOST_FIELDS + 1))

        return place

    def slot(self, node: Target) -> tuple[Callable[[], Any], Callable[[Any], Value], Callable[[Any, Value], None]]:
        """How something that may be assigned to is found, read, and given a value."""
        run = self.run
        if isinstance(node, Field):
            return self._place(node), run.record.get, run.record.put
        if isinstance(node, Element):
            array, subscript = self.array(node.array), self.subscript(node.subscripts)

            def put(found: tuple[Array, str, int | None], value: Value) -> None:
                there, key, whole = found
                if key not in there:
                    run.spend(ELEMENT + len(key))
                there.set(key, whole, value)

            return (
                lambda: (array(), *subscript()),
                lambda found: found[0].get(found[1], found[2]),
                put,
            )
        read, name, local = self.name(node), node.name, node.local
        if local is None:
            return lambda: None, lambda found: read(), lambda found, value: run.assign(name, value)
        return lambda: None, lambda found: read(), lambda found, value: run.frame.__setitem__(local, value)

    def assign(self, node: Assign) -> Evaluated:
        """An assignment."""
        place, read, put = self.slot(node.target)
        if not node.operator:
            fresh = self.value(node.value)

            def plain() -> Value:
                found, value = place(), fresh()
                put(found, value)
                return value

            return plain
        by, act = self.number(node.value), ARITHMETIC[node.operator]

        def changed() -> Value:
            found, right = place(), by()
            value = act(number(read(found)), right)
            put(found, value)
            return value

        return changed

    def step(self, node: Step) -> Evaluated:
        """`++` and `--`."""
        (place, read, put), by, before = self.slot(node.target), float(node.by), node.before

        def stepped() -> Value:
            found = place()
            old = number(read(found))
            put(found, old + by)
            return old + by if before else old

        return stepped

    # ---- operators

    def constant(self, node: Constant) -> Evaluated:
        """What is always the same."""
        value = node.value
        return lambda: value

    def regex(self, node: Regex) -> Evaluated:
        """Whether the record matches."""
        pattern, record = self.fixed(node), self.run.record
        return lambda: 1.0 if pattern.test(record.text) else 0.0

    def unary(self, node: Unary) -> Evaluated:
        """A sign, or `!`."""
        if node.operator == "!":
            truth = self.truth(node.operand)
            return lambda: 0.0 if truth() else 1.0
        amount = self.number(node.operand)
        return (lambda: -amount()) if node.operator == "-" else amount

    def binary(self, node: Binary) -> Evaluated:
        """What stands between two operands."""
        operator = node.operator
        if operator in ARITHMETIC:
            one, other, act = self.number(node.left), self.number(node.right), ARITHMETIC[operator]
            return lambda: act(one(), other())
        if operator in COMPARISONS:
            left, right, wanted, run = self.value(node.left), self.value(node.right), COMPARISONS[operator], self.run
            return lambda: 1.0 if compared(left(), right(), run.text) in wanted else 0.0
        if operator in ("~", "!~"):
            text, pattern, hit = self.text(node.left), self.pattern(node.right), operator == "~"
            return lambda: 1.0 if pattern().test(text()) is hit else 0.0
        first, second = self.truth(node.left), self.truth(node.right)
        if operator == "&&":
            return lambda: 1.0 if first() and second() else 0.0
        return lambda: 1.0 if first() or second() else 0.0

    def concatenation(self, node: Concatenation) -> Evaluated:
        """One text after the other."""
        parts, run = [self.text(part) for part in node.parts], self.run
        return lambda: run.made("".join([part() for part in parts]))

    def conditional(self, node: Conditional) -> Evaluated:
        """`a ? b : c`."""
        condition, yes, no = self.truth(node.condition), self.value(node.yes), self.value(node.no)
        return lambda: yes() if condition() else no()

    def within(self, node: Within) -> Evaluated:
        """`in`."""
        array, subscript = self.array(node.array), self.subscript(node.subscripts)
        return lambda: 1.0 if subscript()[0] in array() else 0.0

    # ---- calls

    def builtin(self, node: Builtin) -> Evaluated:
        """A call of a function that awk has."""
        reader = SPECIAL.get(node.name)
        if reader is not None:
            return reader(self, node)
        arguments, run, act = [self.value(one) for one in node.arguments], self.run, PLAIN[node.name]
        return lambda: act(run, [read() for read in arguments])

    def length(self, node: Builtin) -> Evaluated:
        """length, which takes an array too."""
        of = node.arguments[0] if node.arguments else None
        if isinstance(of, Name) and (of.name in self.program.arrays if of.local is None else True):
            local, fixed = of.local, None if of.local is not None else self.run.array(of.name)
            run = self.run

            def size() -> Value:
                held = fixed if local is None else run.frame[local]
                return float(len(held) if isinstance(held, Array) else len(run.text(held)))

            return size
        arguments, run = [self.value(one) for one in node.arguments], self.run
        return lambda: PLAIN["length"](run, [read() for read in arguments])

    def split(self, node: Builtin) -> Evaluated:
        """split, whose separator may be an expression."""
        run, text, name = self.run, self.text(node.arguments[0]), node.arguments[1]
        if not isinstance(name, Name):
            raise CommandError(f"line {node.line}: syntax error at or near split", 2)
        array = self.array(name)
        if len(node.arguments) < 3:
            return lambda: split(run, text(), array(), run.setting("FS"))
        by = node.arguments[2]
        if isinstance(by, Regex):
            fixed = self.pattern(by)()
            return lambda: split(run, text(), array(), fixed)
        separator = self.text(by)
        return lambda: split(run, text(), array(), separator())

    def substitute(self, node: Builtin) -> Evaluated:
        """sub and gsub, which change what they are given."""
        pattern, replacement, run = self.pattern(node.arguments[0]), self.text(node.arguments[1]), self.run
        target = node.arguments[2] if len(node.arguments) > 2 else Field(Constant(0.0))
        if not isinstance(target, Name | Element | Field):
            raise CommandError(f"line {node.line}: syntax error at or near )", 2)
        (place, read, put), everywhere = self.slot(target), node.name == "gsub"

        def act() -> Value:
            found, by, found_at = pattern(), replacement(), place()
            result, count = replaced(run, found, by, run.text(read(found_at)), everywhere)
            if count:
                put(found_at, result)
            return float(count)

        return act

    def match(self, node: Builtin) -> Evaluated:
        """match."""
        text, pattern, run = self.text(node.arguments[0]), self.pattern(node.arguments[1]), self.run
        return lambda: match(run, text(), pattern())

    def sprintf(self, node: Builtin) -> Evaluated:
        """sprintf."""
        template, run = self.text(node.arguments[0]), self.run
        arguments = [self.value(one) for one in node.arguments[1:]]
        return lambda: self.filled(template(), [read() for read in arguments], "sprintf", run.made)

    def filled(self, template: str, arguments: list[Value], name: str, made: Callable[[str], Any]) -> Any:
        """A format filled in and handed on."""
        try:
            return made(sprintf(template, arguments, self.run.setting("CONVFMT"), name))
        except FormatError as error:
            if name == "printf" and error.done:
                made(error.done)
            raise self.run.error(error.text) from None

    def call(self, node: Call) -> Evaluated:
        """A call of one of the program's own functions."""
        run, function, bodies = self.run, self.program.functions[node.name], self.bodies
        reads: list[Callable[[], Value | Array]] = []
        for place, _ in enumerate(function.parameters):
            is_array = (node.name, place) in self.program.arrays
            argument = node.arguments[place] if place < len(node.arguments) else None
            if argument is None:
                reads.append(Array if is_array else lambda: None)
            elif is_array:
                if not isinstance(argument, Name):
                    raise CommandError(f"line {node.line}: type error in arg({place + 1}) in call to {node.name}", 2)
                reads.append(self.array(argument))
            else:
                reads.append(self.value(argument))

        def act() -> Value:
            run.turn()
            frame: list[Value | Array] = [read() for read in reads]
            before, run.frame = run.frame, frame
            try:
                bodies[node.name]()
            except Return as returned:
                return returned.value
            finally:
                run.frame = before
            return None

        return act

    def getline(self, node: Getline) -> Evaluated:
        """getline: 1, 0 at the end, -1 where there is no such file."""
        run = self.run
        put = None if node.target is None else self.slot(node.target)
        file = None if node.file is None else self.text(node.file)

        def act() -> Value:
            try:
                found = at_once(run.next_record()) if file is None else run.read_file(file())
            except CommandError:
                return -1.0
            if found is None:
                return 0.0
            if put is None:
                run.record.set(Seen(found))
            else:
                place, _, store = put
                store(place(), Seen(found))
            return 1.0

        return act


READERS: dict[type, Callable[[Evaluation, Any], Evaluated]] = {
    Constant: Evaluation.constant,
    Regex: Evaluation.regex,
    Name: Evaluation.name,
    Element: Evaluation.element,
    Field: Evaluation.field,
    Assign: Evaluation.assign,
    Step: Evaluation.step,
    Unary: Evaluation.unary,
    Binary: Evaluation.binary,
    Concatenation: Evaluation.concatenation,
    Conditional: Evaluation.conditional,
    Within: Evaluation.within,
    Builtin: Evaluation.builtin,
    Call: Evaluation.call,
    Getline: Evaluation.getline,
}
SPECIAL: dict[str, Callable[[Evaluation, Builtin], Evaluated]] = {
    "length": Evaluation.length,
    "split": Evaluation.split,
    "sub": Evaluation.substitute,
    "gsub": Evaluation.substitute,
    "match": Evaluation.match,
    "sprintf": Evaluation.sprintf,
}
