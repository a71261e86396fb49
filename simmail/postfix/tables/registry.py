"""The types of table there are, and how one is opened."""

from __future__ import annotations

from collections.abc import Callable

from simmail.mail.errors import Fatal
from simmail.postfix.tables.accounts import open_unix
from simmail.postfix.tables.cidr import open_cidr
from simmail.postfix.tables.combined import open_combined
from simmail.postfix.tables.database import open_database
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.network import open_network
from simmail.postfix.tables.pcre import open_pcre
from simmail.postfix.tables.plain import Environ, Fail, Nothing, open_inline, open_nis, open_random, open_static
from simmail.postfix.tables.proxy import open_proxy
from simmail.postfix.tables.regexp import open_regexp
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import Table, TableEnvironment
from simmail.postfix.tables.texthash import open_texthash

Opener = Callable[[str, str, TableEnvironment, DictFlag], Table]

#: Type -> how it is opened: what Debian's postfix and postfix-pcre know (`postconf -m`).
TYPES: dict[str, Opener] = {
    "btree": open_database,
    "cidr": open_cidr,
    "environ": Environ,
    "fail": Fail,
    "hash": open_database,
    "inline": open_inline,
    "internal": Nothing,
    "memcache": open_network,
    "nis": open_nis,
    "pcre": open_pcre,
    "pipemap": lambda type, name, environment, flags: open_combined(type, name, environment, flags, open_table),
    "proxy": lambda type, name, environment, flags: open_proxy(type, name, environment, flags, open_table),
    "randmap": open_random,
    "regexp": open_regexp,
    "socketmap": open_network,
    "static": open_static,
    "tcp": open_network,
    "texthash": open_texthash,
    "unionmap": lambda type, name, environment, flags: open_combined(type, name, environment, flags, open_table),
    "unix": open_unix,
}


def open_table(spec: str, environment: TableEnvironment, flags: DictFlag = USUAL, bare: bool = False) -> Table:
    """Open the table `type:name`, or give the one that this program has already opened under that name.

    Args:
        spec: as in main.cf, `hash:/etc/postfix/access`.
        environment: the program's.
        flags: how to open it.
        bare: whether it is known by its type and name alone, without the flags.

    Raises:
        Fatal: where there is no type or no name; in a command, where it cannot be opened.
    """
    registered = spec if bare else f"{spec}(0,{flags.text()})"
    found = environment.tables.get(registered)
    if found is None:
        type, colon, name = spec.partition(":")
        if not colon or not type or not name:
            raise Fatal(f'open dictionary: expecting "type:name" form instead of "{spec}"')
        opener = TYPES.get(type)
        if opener is None:
            found = Unavailable(type, name, environment, f"unsupported dictionary type: {type}", flags)
        else:
            found = opener(type, name, environment, flags)
        environment.tables[registered] = found
    return found
