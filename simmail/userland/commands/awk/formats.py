"""awk's printf and sprintf."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from simmail.userland.commands.awk.values import LARGEST, Value, is_numeric, number
from simmail.userland.printf import WIDEST

_DIRECTIVE = re.compile(r"%%|%([-+ #0]*)(\*|[0-9]{,9})(?:\.(\*|[0-9]{,9}))?[hlLq]*(.?)", re.DOTALL)
SIGNED, UNSIGNED, FRACTIONS = frozenset("di"), frozenset("uoxX"), frozenset("eEfFgG")
LARGEST_UNSIGNED = 0xFFFFFFFF


def formatted(value: float, convert: str) -> str:
    """A number as a text; `convert` is its format where it is not a whole one."""
    if abs(value) <= LARGEST and value == (whole := int(value)):
        return str(whole)
    if math.isnan(value):
        return "-nan" if math.copysign(1.0, value) < 0 else "nan"
    if convert == "%.6g":
        return f"{value:.6g}"
    return sprintf(convert, [value], "%.6g", "sprintf")


def text(value: Value, convert: str) -> str:
    """A value as a text."""
    if isinstance(value, str):
        return value
    return "" if value is None else formatted(value, convert)


class FormatError(Exception):
    """A format that does not fit; `done` is what came before."""

    def __init__(self, text: str, done: str) -> None:
        self.text, self.done = text, done
        super().__init__(text)


def clipped(value: float, least: int, most: int) -> int:
    """A number as a C program's integer."""
    if math.isnan(value):
        return least
    return most if value >= most else least if value <= least else int(value)


def sprintf(template: str, arguments: Sequence[Value], convert: str, name: str) -> str:
    """A format filled in.

    Args:
        template: the format.
        arguments: what for its directives.
        convert: CONVFMT.
        name: printf or sprintf, for the messages.

    Raises:
        FormatError: for a directive that there is not, or one without its argument.
    """
    result: list[str] = []
    waiting = iter(arguments)
    position = count = 0

    def following() -> Value:
        try:
            return next(waiting)
        except StopIteration:
            raise FormatError(f'not enough arguments passed to {name}("{template}")', "".join(result)) from None

    for found in _DIRECTIVE.finditer(template):
        result.append(template[position : found.start()])
        position = found.end()
        if found.group() == "%%":
            result.append("%")
            continue
        count += 1
        flags, width, precision, kind = found.groups()
        if width == "*":
            wide = clipped(number(following()), -WIDEST, WIDEST)
            flags, width = (flags + "-", str(-wide)) if wide < 0 else (flags, str(wide))
        if precision == "*":
            precision = str(clipped(number(following()), 0, WIDEST))
        exact = None if precision is None else min(int(precision or 0), WIDEST)
        if kind not in SIGNED | UNSIGNED | FRACTIONS | {"c", "s"} or not kind:
            raise FormatError(f'improper conversion(number {count}) in {name}("{template}")', "".join(result))
        result.append(_padded(flags, min(int(width or 0), WIDEST), exact, kind, following(), convert))
    result.append(template[position:])
    return "".join(result)


def _padded(flags: str, wide: int, exact: int | None, kind: str, value: Value, convert: str) -> str:
    """What one directive makes of a value."""
    if kind == "s":
        shown = text(value, convert)[:exact]
    elif kind == "c":
        shown = chr(clipped(number(value), -LARGEST, LARGEST) & 0xFF) if is_numeric(value) else str(value)[:1] or "\0"
    else:
        shown = _number(flags, exact, kind, number(value))
        if (
            "0" in flags
            and "-" not in flags
            and (exact is None or kind in FRACTIONS)
            and not shown.endswith(("n", "f"))
        ):
            sign = shown[: len(shown) - len(shown.lstrip("+- "))]
            sign += shown[len(sign) : len(sign) + 2] if "#" in flags and kind in "xX" else ""
            return sign + shown[len(sign) :].rjust(wide - len(sign), "0")
    return shown.ljust(wide) if "-" in flags else shown.rjust(wide)


def _number(flags: str, exact: int | None, kind: str, value: float) -> str:
    """A number with its sign and its digits."""
    sign = "+" if "+" in flags else " " if " " in flags else ""
    if math.isnan(value) and kind in FRACTIONS:
        return formatted(value, "")
    if kind in FRACTIONS:
        digits = format(value, f"{'#' if '#' in flags else ''}.{6 if exact is None else min(exact, 350)}{kind}")
        return digits if digits.startswith("-") else sign + digits
    if kind in SIGNED:
        whole = clipped(value, -LARGEST, LARGEST)
        digits = str(abs(whole)) if whole or exact != 0 else ""
        return ("-" if whole < 0 else sign) + digits.rjust(exact or 0, "0")
    whole = clipped(value, 0, LARGEST_UNSIGNED)
    digits = format(whole, "d" if kind == "u" else kind)
    digits = digits.rjust(exact or 0, "0")
    if "#" in flags and whole:
        digits = {"o": "" if digits.startswith("0") else "0", "x": "0x", "X": "0X"}.get(kind, "") + digits
    return digits
