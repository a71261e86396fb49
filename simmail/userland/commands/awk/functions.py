"""The functions that awk has."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from simmail.userland.commands.awk.arrays import Array
from simmail.userland.commands.awk.runtime import Run
from simmail.userland.commands.awk.values import LARGEST, Seen, Value, number
from simmail.userland.regex import Pattern

_AMPERSAND = re.compile(r"(\\*)&")
NOT_A_NUMBER = -math.nan


def substr(run: Run, arguments: list[Value]) -> Value:
    """A part of a text, from the first character on; mawk counts those before the first one twice."""
    text = run.text(arguments[0])
    begin = _whole(arguments[1])
    length = _whole(arguments[2]) if len(arguments) > 2 else LARGEST
    if begin < 1:
        length -= begin
        begin = 1
    return text[begin - 1 : begin - 1 + length] if length > 0 else ""


def _whole(value: Value) -> int:
    amount = number(value)
    return int(max(-LARGEST, min(LARGEST, amount))) if not math.isnan(amount) else 0


def index(run: Run, arguments: list[Value]) -> Value:
    """Where a text stands in another; 0 for nowhere."""
    return float(run.text(arguments[0]).find(run.text(arguments[1])) + 1)


def length(run: Run, arguments: list[Value]) -> Value:
    """How long a text is, or the record."""
    return float(len(run.text(arguments[0]) if arguments else run.record.text))


def tolower(run: Run, arguments: list[Value]) -> Value:
    """A text in small letters."""
    return _folded(run.text(arguments[0]), str.lower)


def toupper(run: Run, arguments: list[Value]) -> Value:
    """A text in capitals."""
    return _folded(run.text(arguments[0]), str.upper)


def _folded(text: str, fold: Callable[[str], str]) -> str:
    if text.isascii():
        return fold(text)
    return "".join(fold(char) if char.isascii() else char for char in text)


def calculated(function: Callable[[float], float]) -> Callable[[Run, list[Value]], Value]:
    """A function of one number, as C has it: no error, but something that is no number."""

    def act(run: Run, arguments: list[Value]) -> Value:
        try:
            return function(number(arguments[0]))
        except OverflowError:
            return math.inf
        except ValueError:
            return NOT_A_NUMBER

    return act


def _log(value: float) -> float:
    return math.log(value) if value else -math.inf


def _int(value: float) -> float:
    return value if not math.isfinite(value) else float(int(value))


def atan2(run: Run, arguments: list[Value]) -> Value:
    """The angle of a point."""
    return math.atan2(number(arguments[0]), number(arguments[1]))


def rand(run: Run, arguments: list[Value]) -> Value:
    """A number from 0 to 1."""
    return run.random()


def srand(run: Run, arguments: list[Value]) -> Value:
    """Let chance begin anew; what it began with before."""
    before = run.seed
    run.begin_anew(arguments[0] if arguments else run.clock())
    return before


def close(run: Run, arguments: list[Value]) -> Value:
    """Be done with a file."""
    return run.close(run.text(arguments[0]))


def fflush(run: Run, arguments: list[Value]) -> Value:
    """Nothing: what is printed is there at once."""
    return 0.0


PLAIN: dict[str, Callable[[Run, list[Value]], Value]] = {
    "substr": substr,
    "index": index,
    "length": length,
    "tolower": tolower,
    "toupper": toupper,
    "sin": calculated(math.sin),
    "cos": calculated(math.cos),
    "exp": calculated(math.exp),
    "log": calculated(_log),
    "sqrt": calculated(math.sqrt),
    "int": calculated(_int),
    "atan2": atan2,
    "rand": rand,
    "srand": srand,
    "close": close,
    "fflush": fflush,
}


def split(run: Run, text: str, array: Array, separator: str | Pattern) -> float:
    """Put the parts of a text into an array; how many there are."""
    if isinstance(separator, Pattern):
        parts = run.patterns.between(text, separator)
    else:
        parts = run.patterns.parts(text, separator)
    run.spend(len(text) + 100 * len(parts))
    array.clear()
    for place, part in enumerate(parts, 1):
        array.set(str(place), place, Seen(part))
    return float(len(parts))


def replaced(run: Run, pattern: Pattern, replacement: str, text: str, everywhere: bool) -> tuple[str, int]:
    """A text with the first match, or all, replaced; and how many there were."""
    result: list[str] = []
    position = count = size = 0
    fixed = "&" not in replacement
    for match in pattern.all(text):
        count += 1
        put = replacement if fixed else _filled(replacement, text[match.start : match.end])
        size += len(put)
        if size > 1_000_000:
            run.spend(size)
            size = 0
        result += [text[position : match.start], put]
        position = match.end
        if not everywhere:
            break
    if not count:
        return text, 0
    result.append(text[position:])
    return run.made("".join(result)), count


def _filled(replacement: str, matched: str) -> str:
    """A replacement with the match for each `&` that has no backslash before it."""

    def one(found: re.Match[str]) -> str:
        slashes = len(found.group(1))
        return "\\" * (slashes // 2) + ("&" if slashes % 2 else matched)

    return _AMPERSAND.sub(one, replacement)


def match(run: Run, text: str, pattern: Pattern) -> float:
    """Where an expression matches, RSTART, and how much, RLENGTH."""
    found = pattern.search(text)
    start, size = (found.start + 1.0, float(found.end - found.start)) if found is not None else (0.0, -1.0)
    run.globals["RSTART"], run.globals["RLENGTH"] = start, size
    return start
