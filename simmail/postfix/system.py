"""NAME
    system - a Postfix as started

DESCRIPTION
    Holds one generation of the configuration: main.cf and master.cf as they were when Postfix was started or
    reloaded, and the programs that were made from them.  A program is made when it is first needed, as master(8)
    does; one whose tables have changed since is made anew, with a line in the log.

DIAGNOSTICS
    Making the system, or a program, raises `Fatal` where the real one would not run.

SEE ALSO
    master(8), master(5)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simmail.files.machine import Machine
from simmail.postfix.config import Config
from simmail.postfix.mastercf import MasterCf, Service
from simmail.postfix.memo import Memo

if TYPE_CHECKING:
    from simmail.postfix.program import Program


class MailSystem:
    """A Postfix as started, reloaded, or asked by a command.

    Args:
        machine: the computer it runs on.
        programs: the file name in daemon_directory -> its class.
        warn: hears what the configuration's parser warns of (`warning`, text).
        remember: False switches every memo off.

    Raises:
        Fatal: where main.cf or master.cf keeps all of Postfix from starting.
    """

    def __init__(
        self,
        machine: Machine,
        programs: Mapping[str, type[Program]],
        warn: Callable[[str, str], None],
        remember: bool = True,
    ) -> None:
        self.machine, self.classes = machine, programs
        self.config = Config.load(machine, warn=warn)
        self.master = MasterCf.load(machine, warn=warn)
        self.memo = Memo(enabled=remember)
        self._programs: dict[tuple[str, str], Program] = {}

    def service(self, name: str, type: str = "unix") -> Service | None:
        """The entry of master.cf for a service, `("smtp", "inet")`; None where there is none."""
        return self.master.services.get((name, type))

    def program(self, name: str, type: str = "unix") -> Any:
        """The program behind a service.  Raises Fatal where it will not run, KeyError where there is no such service."""
        key = (name, type)
        found = self._programs.get(key)
        if found is None:
            service = self.master.services[key]
            found = self._programs[key] = self.classes[service.command](self, service)
        return found
