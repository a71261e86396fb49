"""awk's arrays, which are gone through in the order of mawk's hash tables."""

from __future__ import annotations

from collections.abc import Iterator

from simmail.userland.commands.awk.values import LARGEST, Value

SMALLEST_TABLE = 64
#: The average length of a chain above which a table is doubled.
LONGEST_CHAIN = 12
_BASIS, _PRIME = 2166136261, 16777619


def _hash(key: str) -> int:
    """FNV-1a."""
    value = _BASIS
    for char in key:
        value = (value ^ ord(char)) * _PRIME & 0xFFFFFFFF
    return value


class Array:
    """An array.

    mawk hangs each element into the chain of its subscript, at whose front the one used last stands; subscripts that
    are whole numbers have chains of their own, until somebody asks for texts.  So it is enough to know in what order
    subscripts were last used.
    """

    __slots__ = ("_numbers", "_size", "_texts", "_values")

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._texts: dict[str, None] = {}
        self._numbers: dict[str, int] = {}
        self._size = SMALLEST_TABLE

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def _use(self, key: str, whole: int | None) -> None:
        """Somebody uses an element, by its text or by its number."""
        fresh = key not in self._values
        if whole is not None and (key in self._numbers or (fresh and not self._texts)):
            self._numbers.pop(key, None)
            self._numbers[key] = whole
        else:
            self._spell()
            self._texts.pop(key, None)
            self._texts[key] = None
            if whole is not None:
                self._numbers[key] = whole
        if fresh:
            self._values[key] = None
            if len(self._values) > self._size * LONGEST_CHAIN:
                self._size *= 2

    def _spell(self) -> None:
        """Hang those into the chains of texts that are not there yet."""
        if self._texts or not self._numbers:
            return
        chains: dict[int, list[str]] = {}
        for key, whole in self._numbers.items():
            chains.setdefault(whole & (self._size - 1), []).append(key)
        for place in sorted(chains):
            self._texts.update(dict.fromkeys(reversed(chains[place])))

    def get(self, key: str, whole: int | None) -> Value:
        """An element, which is there from now on."""
        self._use(key, whole)
        return self._values[key]

    def set(self, key: str, whole: int | None, value: Value) -> None:
        """Give an element a value."""
        self._use(key, whole)
        self._values[key] = value

    def delete(self, key: str) -> None:
        """Take an element away."""
        self._values.pop(key, None)
        self._texts.pop(key, None)
        self._numbers.pop(key, None)
        if not self._values:
            self.clear()

    def clear(self) -> None:
        """Take all away."""
        self._values.clear()
        self._texts.clear()
        self._numbers.clear()
        self._size = SMALLEST_TABLE

    def keys(self) -> Iterator[str]:
        """All subscripts, as `for (key in array)` has them."""
        self._spell()
        chains: dict[int, list[str]] = {}
        for key in self._texts:
            chains.setdefault(_hash(key) & (self._size - 1), []).append(key)
        for place in sorted(chains):
            yield from reversed(chains[place])


def whole_number(value: Value) -> int | None:
    """The whole number that a subscript is, if it is one."""
    if isinstance(value, float) and abs(value) <= LARGEST and value == int(value):
        return int(value)
    return None
