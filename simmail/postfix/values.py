"""NAME
    values - numbers, times and switches in parameter values

DESCRIPTION
    Turns the expanded text of a parameter into a value: a number in decimal digits, `yes` or `no` in any case, a time
    as a number and one of `s m h d w` (without one, the unit of the parameter's default).

DIAGNOSTICS
    `Fatal` for a text that is none of these, or a value out of bounds.

BUGS
    What follows a time's unit is ignored, as in life: `5days` is five days.

SEE ALSO
    postconf(5)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from simmail.mail.digits import whole
from simmail.mail.errors import Fatal
from simmail.postfix.parameters import DERIVED, Parameter, parameters

Value = str | int | bool | float

UNITS: dict[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_INT = 2**31 - 1
_LONG = 2**63 - 1
#: Parameters whose numbers may be larger than 31 bits: sizes in octets.
_LARGE = frozenset(
    {"message_size_limit", "mailbox_size_limit", "virtual_mailbox_limit", "queue_minfree", "lmdb_map_size"}
)
_NUMBER = re.compile(r"[-+]?[0-9]+")
_TIME = re.compile(r"([-+]?[0-9]*)(.?)", re.DOTALL)


def read(parameter: Parameter, text: str, unit: str = "") -> Value:
    """The value that a program takes from a text.

    Args:
        parameter: its row.
        text: the expanded text.
        unit: that of a time without one; "" for the default's.

    Returns:
        str for `str` and `raw`, int, bool, or float seconds.

    Raises:
        Fatal: in the words of the log.
    """
    return _READERS[parameter.type](parameter, text, unit)


@lru_cache(1)
def constants() -> dict[str, tuple[str, Value]]:
    """Each parameter whose default needs no expansion, and will do -> its text and its value."""
    found: dict[str, tuple[str, Value]] = {}
    for known in parameters().values():
        if "$" not in known.default and known.name not in DERIVED:
            with suppress(Fatal):
                found[known.name] = (known.default, read(known, known.default))
    return found


def _text(parameter: Parameter, text: str, unit: str) -> str:
    if wrong := _wrong_length(parameter, text):
        raise Fatal(f"bad string length {wrong}: {parameter.name} = {text}")
    return text


def _raw(parameter: Parameter, text: str, unit: str) -> str:
    if wrong := _wrong_length(parameter, text):
        raise Fatal(f"bad string length ({wrong}): {parameter.name} = {text}")
    return text


def _wrong_length(parameter: Parameter, text: str) -> str:
    """What is wrong with a value's length in octets; "" for nothing."""
    length = len(text.encode("utf-8", "surrogateescape"))
    if parameter.minimum and length < parameter.minimum:
        return f"{length} < {parameter.minimum}"
    if parameter.maximum and length > parameter.maximum:
        return f"{length} > {parameter.maximum}"
    return ""


def _number(parameter: Parameter, text: str, unit: str) -> int:
    name = parameter.name
    largest = _LONG if name in _LARGE else _INT
    value = whole(text) if _NUMBER.fullmatch(text) else largest + 1
    if not -largest <= value <= largest:
        raise Fatal(f"bad numerical configuration: {name} = {text}")
    if parameter.minimum and value < parameter.minimum:
        raise Fatal(f"invalid {name} parameter value {value} < {parameter.minimum}")
    if parameter.maximum and value > parameter.maximum:
        raise Fatal(f"invalid {name} parameter value {value} > {parameter.maximum}")
    return value


def _switch(parameter: Parameter, text: str, unit: str) -> bool:
    word = text.lower()
    if word not in ("yes", "no"):
        raise Fatal(f"bad boolean configuration: {parameter.name} = {text}")
    return word == "yes"


def seconds(text: str, unit: str) -> int | None:
    """The seconds of a time, whose unit is `unit` where it names none; None where it is no time."""
    found = _TIME.match(text)
    if not text or found is None:
        return None
    factor = UNITS.get(found[2] or unit)
    number = whole(found[1]) if found[1].strip("+-") else 0
    if factor is None or number < 0 or found[1] in ("-", "+"):
        return None
    if number > _INT or (factor > 1 and number >= _INT // factor):
        return None
    return number * factor


def _time(parameter: Parameter, text: str, unit: str) -> float:
    name = parameter.name
    value = seconds(text, unit or parameter.unit)
    if value is None:
        raise Fatal(f"parameter {name}: bad time value or unit: {text}")
    if parameter.minimum and value < parameter.minimum:
        raise Fatal(f"invalid {name}: {value} (min {parameter.minimum})")
    if parameter.maximum and value > parameter.maximum:
        raise Fatal(f"invalid {name}: {value} (max {parameter.maximum})")
    return float(value)


_READERS: dict[str, Callable[[Parameter, str, str], Value]] = {
    "str": _text,
    "raw": _raw,
    "int": _number,
    "bool": _switch,
    "time": _time,
}
