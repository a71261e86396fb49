"""NAME
    combined - tables made of tables

DESCRIPTION
    `pipemap:{type:name, ...}` asks the first table, and each further one with the answer before it.
    `unionmap:{type:name, ...}` asks all with the same key and gives their answers, separated by commas.
    Where one of them fails, the whole fails.  The first table decides whether the whole counts as one of patterns;
    where it does not, and keys are UTF-8, the key is folded before any of them is asked, those of patterns too.

SEE ALSO
    DATABASE_README
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.split import balanced, split_outside_braces
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import Table, TableEnvironment

#: How deep tables may stand within tables; the real one has no limit but its memory.
DEEPEST = 100


class Combined(Table):
    """A table that asks others.

    Args:
        parts: those, in order.
    """

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, parts: list[Table], flags: DictFlag = USUAL
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.parts = parts
        self.pattern = parts[0].pattern

    def key(self, key: str) -> str | None:
        """The key that the parts are asked for; None, with a warning, for one that is no UTF-8."""
        if not self.utf8:
            return key
        folded = self.folded(key)
        return folded if folded is None or not self.pattern else key

    def changed(self) -> bool:
        """Whether one of the parts has changed."""
        return any(part.changed() for part in self.parts)


class Pipe(Combined):
    """Each answer is the key for the next."""

    def find(self, key: str) -> str | None:
        """The last table's answer, if all had one."""
        value = self.key(key)
        for part in self.parts:
            if value is None:
                return None
            value = part.find(value)
        return value


class Union(Combined):
    """All answers together."""

    def find(self, key: str) -> str | None:
        """The answers, separated by commas."""
        asked = self.key(key)
        if asked is None:
            return None
        found = [value for part in self.parts if (value := part.find(asked)) is not None]
        return ",".join(found) or None


def _depth(text: str) -> int:
    """How deep braces stand within braces."""
    return max(accumulate((character == "{") - (character == "}") for character in text), default=0)


def open_combined(
    type: str,
    name: str,
    environment: TableEnvironment,
    flags: DictFlag,
    open_table: Callable[[str, TableEnvironment, DictFlag], Table],
) -> Table:
    """Open `pipemap:{type:name, ...}` or `unionmap:{type:name, ...}`."""
    specs = split_outside_braces(name[1:-1]) if balanced(name) == len(name) else []
    if not specs or any(":" not in spec for spec in specs):
        reason = f'bad syntax: "{type}:{name}"; need "{type}:{{type:name...}}"'
        return Unavailable(type, name, environment, reason, flags)
    if _depth(name) > DEEPEST:
        return Unavailable(type, name, environment, f'nested too deeply: "{type}:{name[:30]}..."', flags)
    parts = [open_table(spec, environment, flags) for spec in specs]
    return (Pipe if type == "pipemap" else Union)(type, name, environment, parts, flags)
