"""NAME
    network - tables that other servers keep: tcp:, socketmap:, memcache:

DESCRIPTION
    No such server runs in the simulated world, so each look-up ends as one does where nobody listens.

BUGS
    The real ones work where their server runs.  tcp: really tries ten times, a second apart.

SEE ALSO
    tcp_table(5), socketmap_table(5), memcache_table(5)
"""

from __future__ import annotations

from simmail.mail.errors import Fatal
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import LookupFailure, Table, TableEnvironment

#: How often tcp: tries before it gives up.
TRIES = 10
REFUSED = "Connection refused"


class Refused(Table):
    """A table whose server is not there.

    Args:
        lines: what is said at each look-up.
    """

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, lines: tuple[str, ...], flags: DictFlag = USUAL
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.lines = lines

    def find(self, key: str) -> str | None:
        """Warns and raises LookupFailure."""
        for line in self.lines:
            self.environment.warn("warning", line)
        raise LookupFailure(self.title, reason=REFUSED)


def open_network(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `tcp:host:port`, `socketmap:inet:host:port:name`, `memcache:file`."""
    if DictFlag.NO_UNAUTH in flags:
        reason = f"{type}:{name} map is not allowed for security-sensitive data"
        return Unavailable(type, name, environment, reason, flags)
    if type == "tcp":
        return Refused(type, name, environment, (f"connect to TCP map {name}: {REFUSED}",) * TRIES, flags)
    if type == "memcache":
        return Refused(type, name, environment, (f"connect to localhost:11211: {REFUSED}",), flags)
    server, colon, _ = name.rpartition(":")
    if not colon:
        return Unavailable(type, name, environment, "socketmap requires server:socketmap argument", flags)
    if ":" not in server:
        raise Fatal(f'need service transport:endpoint instead of "{server}"')
    lines = (f"connect to {server.partition(':')[2]}: {REFUSED}", f"table socketmap:{name} lookup error: {REFUSED}")
    return Refused(type, name, environment, lines, flags)
