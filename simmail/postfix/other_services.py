"""NAME
    other_services - services that have no programs of their own here

DESCRIPTION
    What proxymap(8), anvil(8), flush(8), showq(8), postlogd(8) and scache(8) do is done elsewhere; but each is a
    process that reads main.cf as it starts, when it is first needed, and may complain of it or die of it.  The one of
    proxymap(8) ends when a table has changed that it has opened for itself.

PARAMETERS
    mydestination, proxy_read_maps, anvil_rate_time_unit, fast_flush_domains, connection_cache_ttl_limit

DIAGNOSTICS
    table TABLE has changed -- restarting
    `Fatal`: service NAME requires a process limit of 1

SEE ALSO
    master(8)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note, Now, Sleep
from simmail.postfix.fast_flush import FastFlush
from simmail.postfix.local_domains import destinations
from simmail.postfix.tables import TableEnvironment
from simmail.postfix.tables.proxy import approved_tables

if TYPE_CHECKING:
    from simmail.postfix.config import Config
    from simmail.postfix.system import MailSystem

#: Service -> what else its process reads of main.cf as it starts.
_READS: Mapping[str, Callable[[Config, TableEnvironment], object]] = {
    "proxymap": lambda config, environment: approved_tables(config, environment.warn),
    "anvil": lambda config, environment: config["anvil_rate_time_unit"],
    "flush": FastFlush,
    "scache": lambda config, environment: config["connection_cache_ttl_limit"],
}
#: The process limits that some demand.
LIMITS = {"anvil": 1}
#: Those that are started again when they die as they start; whoever asks any other goes on without it.
_NEEDED = ("proxymap", "anvil", "scache")


class OtherServices:
    """The processes of such services, in one generation of the configuration.

    Args:
        system: whose they are.
    """

    def __init__(self, system: MailSystem) -> None:
        self._system = system
        self._running: dict[tuple[str, str], TableEnvironment] = {}

    def roused(self, name: str, type: str = "unix") -> list[Note]:
        """A service is needed: what its process says as it starts, if it has to; what it dies of comes last."""
        system, key = self._system, (name, type)
        service = system.service(name, type)
        if service is None:
            return []
        notes: list[Note] = []

        def warn(level: str, text: str) -> None:
            notes.append(Note(system.config.log_name(service.command), level, "", text))

        running = self._running.get(key)
        if running is not None:
            table = running.changed() if name == "proxymap" else None
            if table is None:
                return []
            warn("text", f"table {table} has changed -- restarting")
        environment = self._running[key] = TableEnvironment(system.machine, warn)
        try:
            config = system.latest(warn).for_service(service, warn=warn)
            destinations(config, environment)
            if name in _READS:
                _READS[name](config, environment)
            limit = LIMITS.get(name, service.maxproc)
            if service.maxproc != limit:
                raise Fatal(f"service {name} requires a process limit of {limit}")
        except Fatal as fatal:
            if name in _NEEDED:
                del self._running[key]
                warn("fatal", fatal.text)
                if name == "proxymap":
                    system.deaths.throttle(name, type, system.machine.files.clock())
        return notes

    def until_roused(self, name: str) -> Decision[bool]:
        """The same for who cannot go on without it: one that dies as it starts is started again after a while."""
        system, key = self._system, (name, "unix")
        while True:
            now: float = yield Now()
            if now >= system.deaths.throttled.get(key, now):
                said = self.roused(name)
                yield from said
                if not said or said[-1].event != "fatal":
                    return True
                system.deaths.throttle(*key, now)
            yield Sleep(system.deaths.throttled[key] - now)
