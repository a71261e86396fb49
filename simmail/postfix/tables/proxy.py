"""NAME
    proxy - tables asked through proxymap(8)

DESCRIPTION
    `proxy:type:name` asks proxymap(8), which keeps the table open for all programs, outside their chroot jails, and
    opens only what proxy_read_maps lists.  A program that may not use it (local(8), for its aliases) opens the table
    itself.

DIAGNOSTICS
    proxymap service is not configured for table "hash:/etc/postfix/x"

    proxymap open failed for table "/etc/postfix/x": invalid request
        It has no type.

    bad proxy_read_maps parameter value: missing '}' in "TEXT"
        for any table made of others, in any parameter named there, whose braces do not pair.

    connect #1 to subsystem /var/spool/postfix/private/proxymap: No such file or directory

BUGS
    A program that finds no proxymap(8) gives up at once, not after ten seconds.

SEE ALSO
    proxymap(8), postconf(5) proxy_read_maps
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from simmail.files.file_errors import NO_FILE
from simmail.files.machine import Machine
from simmail.mail.errors import Fatal, Location
from simmail.postfix.maincf import Warn
from simmail.postfix.parameters import parameters, readers
from simmail.postfix.tables.flags import DictFlag
from simmail.postfix.tables.split import BraceError, inside_braces, split_outside_braces
from simmail.postfix.tables.table import Table, TableEnvironment

if TYPE_CHECKING:
    from simmail.postfix.config import Config

PREFIX = "proxy:"
#: A table that is made of those in the braces behind.
_MADE_OF_OTHERS = re.compile(r"(?:unionmap|pipemap):(?=\{)")
#: How often a program tries to reach proxymap(8), a second apart.
CONNECT_TRIES = 11
#: What of a client's flags its proxy opens the table with.
PASSED_ON = DictFlag.FOLD_FIX | DictFlag.FOLD_MUL | DictFlag.NO_REGSUB | DictFlag.NO_UNAUTH | DictFlag.UTF8_REQUEST


def approved_tables(config: Config, warn: Warn) -> frozenset[str]:
    """The tables that proxymap(8) may open, `type:name` each; those that others are made of count, too.

    Args:
        config: holds proxy_read_maps.
        warn: hears of braces that do not pair.

    Raises:
        Fatal: where proxy_read_maps cannot be expanded.
    """
    text = config.text("proxy_read_maps")
    if "{" in text:  # which may have to be shown: a default that proxymap(8) does not read is nothing to it
        known = {*readers()["*"], *readers()["proxymap"]}
        unknown = {name: "" for name in parameters() if not config.is_set(name) and name not in known}
        text = config.expand(config.raw("proxy_read_maps") or "", unknown)
    return frozenset(_approved(text, warn))


def _approved(text: str, warn: Warn) -> Iterator[str]:
    items = split_outside_braces(text)[::-1]
    while items:
        item = items.pop()
        try:
            first = split_outside_braces(inside_braces(item))[:1] if item.startswith("{") else [item]
            for name in first:
                made_of = _MADE_OF_OTHERS.match(name)
                if made_of:
                    items += split_outside_braces(inside_braces(name[made_of.end() :]))[::-1]
                elif name.startswith(PREFIX):
                    while name.startswith(PREFIX):
                        name = name.removeprefix(PREFIX)
                    yield name
        except BraceError as error:
            warn("warning", f"bad proxy_read_maps parameter value: {error}")


def proxymap_of(
    machine: Machine,
    config: Config,
    note: Callable[[str, str, str], None],
    warn: Warn | None = None,
    reason: str = NO_FILE,
) -> Callable[[], TableEnvironment]:
    """What gives the environment of proxymap(8), made when it is first asked for.

    Args:
        machine: the computer.
        config: the parameters.
        note: hears what proxymap(8) logs: (program, level, text).
        warn: hears of each vain try to reach it; None where Postfix runs, and it can be reached.
        reason: why it cannot.

    Raises:
        Fatal: when asked for while it cannot be reached, or where proxymap(8) dies of its proxy_read_maps.
    """

    @cache
    def environment() -> TableEnvironment:
        if warn is not None:
            socket = f"subsystem {config.text('queue_directory')}/private/proxymap: {reason}"
            for number in range(1, CONNECT_TRIES):
                warn("warning", f"connect #{number} to {socket}")
            raise Fatal(f"connect #{CONNECT_TRIES} to {socket}")
        try:
            approved = approved_tables(config, lambda level, text: None)
        except Fatal as fatal:
            raise Fatal(fatal.text, program="proxymap") from None
        return TableEnvironment(
            machine,
            lambda level, text: note("proxymap", level, text),
            utf8=bool(config["smtputf8_enable"]),
            approved=approved,
        )

    return environment


class Proxy(Table):
    """A table that proxymap(8) has open."""

    def __init__(self, type: str, name: str, environment: TableEnvironment, real: Table, flags: DictFlag) -> None:
        super().__init__(type, name, environment, flags)
        self.real = real
        self.pattern, self.available = real.pattern, real.available

    def find(self, key: str) -> str | None:
        """The real table's answer; what proxymap(8) says on the way makes the client ask again, too."""
        server = self.real.environment
        before = server.unrepeatable
        try:
            return self.real.find(key)
        finally:
            if server is not self.environment:
                self.environment.unrepeatable += server.unrepeatable - before

    @property
    def bare_status(self) -> bool:
        """Whether the real table's value ends in an enhanced status code."""
        return self.real.bare_status

    def where(self, key: str) -> Location:
        """Where the real table has it."""
        return self.real.where(key)


def open_proxy(
    type: str,
    name: str,
    environment: TableEnvironment,
    flags: DictFlag,
    open_table: Callable[[str, TableEnvironment, DictFlag], Table],
) -> Table:
    """Open `proxy:type:name`.  Raises Fatal where proxymap(8) may not open it."""
    asked = name
    while name.startswith(PREFIX):
        name = name.removeprefix(PREFIX)
    if DictFlag.NO_PROXY in flags:
        return open_table(name, environment, flags)
    if environment.proxymap is None:
        return Proxy(type, name, environment, open_table(name, environment, flags), flags)
    server = environment.proxymap()
    if ":" not in name:
        raise Fatal(f'proxymap open failed for table "{asked}": invalid request')
    if server.approved is not None and name not in server.approved:
        server.warn("warning", f'request for unapproved table: "{name}"')
        server.warn(
            "warning",
            f"to approve this table for read-only access, list proxy:{name} in main.cf:proxy_read_maps",
        )
        raise Fatal(f'proxymap service is not configured for table "{name}"')
    return Proxy(type, name, environment, open_table(name, server, DictFlag.LOCK | (flags & PASSED_ON)), flags)
