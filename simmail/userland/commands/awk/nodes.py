"""What a program of awk is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

# ---- expressions


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or a text."""

    value: float | str


@dataclass(frozen=True, slots=True)
class Regex:
    """`/text/`: by itself it asks whether the record matches."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or an array where a function takes one; `local` is its place among a function's parameters."""

    name: str
    local: int | None
    line: int


@dataclass(frozen=True, slots=True)
class Element:
    """`array[subscripts]`."""

    array: Name
    subscripts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """`$number`."""

    number: Expression


@dataclass(frozen=True, slots=True)
class Assign:
    """`target = value`; with an operator, `target += value` and the like."""

    operator: str
    target: Target
    value: Expression


@dataclass(frozen=True, slots=True)
class Step:
    """`++target`, `target--` and the like."""

    target: Target
    by: int
    before: bool


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `+x`, `!x`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparisons, `&&`, `||`, `~` and `!~`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Concatenation:
    """One text after the other."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? yes : no`."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class Within:
    """`(subscripts) in array`."""

    subscripts: tuple[Expression, ...]
    array: Name


@dataclass(frozen=True, slots=True)
class Builtin:
    """A call of a function that awk has."""

    name: str
    arguments: tuple[Expression, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the program's own functions."""

    name: str
    arguments: tuple[Expression, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Getline:
    """`getline`, `getline target`, `getline target < file`."""

    target: Target | None
    file: Expression | None


Target = Name | Element | Field
Expression = (
    Constant | Regex | Name | Element | Field | Assign | Step | Unary | Binary | Concatenation | Conditional | Within
    | Builtin | Call | Getline
)  # fmt: skip

# ---- statements


@dataclass(frozen=True, slots=True)
class Simple:
    """An expression whose value nobody wants."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Print:
    """`print` or `printf`; `how` is `>`, `>>`, `|` or "" with the place that is printed to."""

    formatted: bool
    arguments: tuple[Expression, ...]
    how: str
    to: Expression | None


@dataclass(frozen=True, slots=True)
class If:
    """`if (condition) yes else no`."""

    condition: Expression
    yes: Block
    no: Block


@dataclass(frozen=True, slots=True)
class Loop:
    """`while`, `for` and, with `at_least_once`, `do`."""

    condition: Expression | None
    body: Block
    before: Block = ()
    after: Block = ()
    at_least_once: bool = False


@dataclass(frozen=True, slots=True)
class Each:
    """`for (name in array) body`."""

    target: Name
    array: Name
    body: Block


@dataclass(frozen=True, slots=True)
class Leave:
    """`break`, `continue`, `next`, `nextfile`, `exit`, `return`."""

    kind: str
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """`delete array[subscripts]`, or without them all of it."""

    array: Name
    subscripts: tuple[Expression, ...]


Statement = Simple | Print | If | Loop | Each | Leave | Delete
Block = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern with its action.

    Args:
        kind: `BEGIN`, `END`, or "" for one that looks at records.
        first: the pattern; None for every record.
        last: where a range ends.
        body: the action; None prints the record.
    """

    kind: str
    first: Expression | None
    last: Expression | None
    body: Block | None


@dataclass(slots=True)
class Function:
    """One of the program's own functions."""

    name: str
    parameters: tuple[str, ...]
    body: Block = ()


@dataclass(slots=True)
class Program:
    """A whole program.

    Args:
        rules: in order.
        functions: by name.
        arrays: which global names are arrays, and `(function, number)` for parameters that are.
        waits: whether it reads on its own (`getline`), so that all its input must have come before it begins.
    """

    rules: list[Rule] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    arrays: set[str | tuple[str, int]] = field(default_factory=set)
    waits: bool = False
