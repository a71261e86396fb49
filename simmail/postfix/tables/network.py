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

from simmail.files.file_errors import NO_FILE, FileError
from simmail.files.paths import normal
from simmail.mail.answers import NOT_ASSIGNABLE, REFUSED
from simmail.mail.errors import Fatal
from simmail.postfix.host_lookup import NO_SERVICE
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import LookupFailure, Table, TableEnvironment

#: How often tcp: tries before it gives up.
TRIES = 10


class Refused(Table):
    """A table whose server is not there.

    Args:
        lines: what is said at each look-up.
        reason: why it fails.
    """

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, lines: tuple[str, ...], flags: DictFlag = USUAL,
        reason: str = REFUSED,
    ) -> None:  # fmt: skip
        super().__init__(type, name, environment, flags)
        self.lines, self.reason = lines, reason

    def find(self, key: str) -> str | None:
        """Warns and raises LookupFailure."""
        for line in self.lines:
            self.environment.warn("warning", line)
        raise LookupFailure(self.title, reason=self.reason)


def open_network(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `tcp:host:port`, `socketmap:inet:host:port:name`, `memcache:file`."""
    if DictFlag.NO_UNAUTH in flags:
        reason = f"{type}:{name} map is not allowed for security-sensitive data"
        return Unavailable(type, name, environment, reason, flags)
    if type == "tcp":
        reason, lines = _unreachable(name)
        lines = (*lines, f"connect to TCP map {name}: {reason}") * TRIES
        return Refused(type, name, environment, lines, flags, reason)
    if type == "memcache":
        try:
            environment.text(normal(name))
        except FileError as error:
            return Unavailable(type, name, environment, f"open {name}: {error.reason}", flags)
        return Refused(type, name, environment, (f"connect to localhost:11211: {REFUSED}",), flags)
    server, colon, _ = name.rpartition(":")
    if not colon:
        return Unavailable(type, name, environment, "socketmap requires server:socketmap argument", flags)
    if ":" not in server:
        raise Fatal(f'need service transport:endpoint instead of "{server}"')
    transport, _, endpoint = server.partition(":")
    if transport == "inet":
        reason, lines = _unreachable(endpoint)
    else:
        there = environment.machine.files.exists(normal(endpoint, environment.folder))
        reason, lines = REFUSED if there else NO_FILE, ()
    lines = (*lines, f"connect to {endpoint}: {reason}", f"table socketmap:{name} lookup error: {reason}")
    return Refused(type, name, environment, lines, flags, reason)


def _unreachable(endpoint: str) -> tuple[str, tuple[str, ...]]:
    """Why there is no server at `host:port`, and what is said before; other words for a port that is none."""
    from simmail.postfix.mastercf import PORTS

    port = endpoint.rpartition(":")[2] if ":" in endpoint else ""
    if port.isdecimal() or port in PORTS:
        return REFUSED, ()
    return NOT_ASSIGNABLE, (f"host or service {endpoint} not found: {NO_SERVICE}",)
