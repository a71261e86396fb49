"""The types of table there are, and how one is opened."""

from __future__ import annotations

from collections.abc import Callable

from simmail.mail.errors import Fatal
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.plain import Fail, Static
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import Table, TableEnvironment

Opener = Callable[[str, str, TableEnvironment, DictFlag], Table]

TYPES: dict[str, Opener] = {
    "fail": Fail,
    "static": Static,
}


def open_table(spec: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open the table `type:name`, or give the one that this program has already opened under that name.

    Args:
        spec: as in main.cf, `hash:/etc/postfix/access`.
        environment: the program's.
        flags: how to open it.

    Raises:
        Fatal: where there is no type or no name; in a command, where it cannot be opened.
    """
    registered = f"{spec}(0,{flags.text()})"
    found = environment.tables.get(registered)
    if found is None:
        type, colon, name = spec.partition(":")
        if not colon or not name:
            raise Fatal(f'open dictionary: expecting "type:name" form instead of "{spec}"')
        opener = TYPES.get(type)
        if opener is None:
            found = Unavailable(type, name, environment, f"unsupported dictionary type: {type}", flags)
        else:
            found = opener(type, name, environment, flags)
        environment.tables[registered] = found
    return found
