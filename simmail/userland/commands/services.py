"""systemctl and service: start, stop and reload Postfix as Debian 12's units do.

`postfix.service` does nothing but be there: it is `active (exited)` from its start to its stop, whether Postfix runs or
died at once.  `postfix@-.service` is Postfix itself.  What Postfix prints is not shown, and a Postfix whose
configuration keeps `postfix stop` from its work is killed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simmail.mail.questions import Decision
from simmail.userland.commands.options import options
from simmail.userland.process import CommandError, Process, Tool, launch

#: Files that mark what systemd remembers: the unit was stopped (a host comes up with it); Postfix's last act failed.
STOPPED, FAILED = "/run/systemd/stopped/postfix.service", "/run/systemd/failed/postfix@-.service"
WRAPPER, INSTANCE = "postfix.service", "postfix@-.service"
DESCRIPTIONS = {
    WRAPPER: "Postfix Mail Transport Agent",
    INSTANCE: "Postfix Mail Transport Agent (instance -)",
}
FILES = {WRAPPER: WRAPPER, INSTANCE: "postfix@.service"}
#: Exit statuses: a unit that is not active, one that cannot be acted on, one that is not there.
INACTIVE, NOT_LOADED, NO_UNIT = 3, 5, 4


class Unit(NamedTuple):
    """A unit as a command finds it.

    Args:
        name: with its suffix.
        state: `active`, `inactive` or `failed`.
        detail: how so.
    """

    name: str
    state: str
    detail: str

    @property
    def active(self) -> bool:
        """Whether it counts as started."""
        return self.state == "active"


#: What the dot in front of a unit's name looks like.
DOTS = {"active": "●", "inactive": "○", "failed": "×"}


def _runs(process: Process) -> bool:
    return process.control is not None and process.control.system is not None


def _unit(process: Process, name: str) -> Unit | None:
    """The unit of a name; None where there is none."""
    full = name if name.endswith(".service") else f"{name}.service"
    if full not in DESCRIPTIONS or process.control is None:
        return None
    files = process.machine.files
    if full == WRAPPER:
        return Unit(full, "inactive", "dead") if files.exists(STOPPED) else Unit(full, "active", "exited")
    if _runs(process):
        return Unit(full, "active", "running")
    return Unit(full, "failed", "Result: exit-code") if files.exists(FAILED) else Unit(full, "inactive", "dead")


def _mark(process: Process, path: str, holds: bool) -> None:
    """Remember whether something holds."""
    files = process.machine.files
    if holds:
        files.write(path, "")
    elif files.exists(path):
        files.remove(path)


def _postfix(process: Process, command: str) -> Decision[int]:
    """Let Postfix do something; what it prints goes to the journal."""
    status: int = yield from launch(process, ("/usr/sbin/postfix", command), out=[], err=[], terminal=False)
    _mark(process, FAILED, bool(status))
    return status


def _failed(process: Process, unit: Unit) -> int:
    """Tell that a unit would not start: of the one that is Postfix itself."""
    if unit.name != INSTANCE:
        return 0
    process.complain(f"Job for {unit.name} failed because the control process exited with error code.")
    process.complain(f'See "systemctl status {unit.name}" and "journalctl -xeu {unit.name}" for details.')
    return 1


def _start(process: Process, unit: Unit) -> Decision[int]:
    if unit.name == WRAPPER:
        _mark(process, STOPPED, False)
    if _runs(process) or not (yield from _postfix(process, "start")):
        return 0
    return _failed(process, unit)


def _stop(process: Process, unit: Unit) -> Decision[int]:
    if unit.name == WRAPPER:
        _mark(process, STOPPED, True)
    if _runs(process) and (yield from _postfix(process, "stop")):
        process.control.stop()
    return 0


def _restart(process: Process, unit: Unit) -> Decision[int]:
    yield from _stop(process, unit)
    return (yield from _start(process, unit))


def _reload(process: Process, unit: Unit) -> Decision[int]:
    if not unit.active:
        process.complain(f"{unit.name} is not active, cannot reload.")
        return 1
    if _runs(process) and (yield from launch(process, ("/usr/sbin/postfix", "reload"), out=[], err=[], terminal=False)):
        return _failed(process, unit)
    return 0


def _try_restart(process: Process, unit: Unit) -> Decision[int]:
    return (yield from _restart(process, unit)) if unit.active else 0


def _reload_or_restart(process: Process, unit: Unit) -> Decision[int]:
    return (yield from (_reload if unit.active else _start)(process, unit))


def _status(process: Process, unit: Unit) -> Decision[int]:
    yield from ()
    file = FILES[unit.name]
    process.print(f"{DOTS[unit.state]} {unit.name} - {DESCRIPTIONS[unit.name]}")
    process.print(f"     Loaded: loaded (/lib/systemd/system/{file}; {_enabled(unit)}; preset: enabled)")
    process.print(f"     Active: {unit.state} ({unit.detail})")
    process.print("       Docs: man:postfix(1)")
    return 0 if unit.active else INACTIVE


def _enabled(unit: Unit) -> str:
    return "enabled" if unit.name == WRAPPER else "enabled-runtime"


def _is_active(process: Process, unit: Unit) -> Decision[int]:
    yield from ()
    process.print(unit.state)
    return 0 if unit.active else INACTIVE


def _is_enabled(process: Process, unit: Unit) -> Decision[int]:
    yield from ()
    process.print(_enabled(unit))
    return 0


Verb = Callable[[Process, Unit], Decision[int]]
#: What changes a unit, for root alone; and what tells of it.
CHANGES: dict[str, Verb] = {
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "force-reload": _reload_or_restart,
    "reload": _reload,
    "try-restart": _try_restart,
    "reload-or-restart": _reload_or_restart,
}
VIEWS: dict[str, Verb] = {"status": _status, "is-active": _is_active, "is-enabled": _is_enabled}
VERBS = CHANGES | VIEWS


def systemctl(process: Process) -> Decision[int]:
    """Do something to units."""
    given = options(process, "qal", {"quiet": "q", "no-pager": "l", "full": "l", "all": "a", "now": "a"})
    if not given.operands:
        raise CommandError(f"which unit?  usage: systemctl {'|'.join(VERBS)} postfix")
    verb, *names = given.operands
    return (yield from _do(process, verb, names, "q" in given))


def service(process: Process) -> Decision[int]:
    """Do something to one service: the words of systemctl turned round."""
    if len(process.argv) != 3:
        process.complain("Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]")
        return 1
    return (yield from _do(process, process.argv[2], [process.argv[1]], False))


def _do(process: Process, verb: str, names: list[str], quiet: bool) -> Decision[int]:
    if verb == "daemon-reload":
        return 0
    if verb not in VERBS:
        process.complain(f"Unknown command verb {verb}.")
        return 1
    if not names:
        process.complain("Too few arguments.")
        return 1
    status = 0
    for name in names:
        unit = _unit(process, name)
        if unit is None:
            status = _missing(process, verb, name if "." in name else f"{name}.service")
        elif verb in CHANGES and process.user != "root":
            process.complain(f"Failed to {verb} {unit.name}: Interactive authentication required.")
            status = 1
        else:
            heard = len(process.out)
            status = (yield from VERBS[verb](process, unit)) or status
            if quiet:
                del process.out[heard:]
    return status


def _missing(process: Process, verb: str, name: str) -> int:
    """Say that there is no such unit; the exit status."""
    if verb == "is-active":
        process.print("inactive")
        return INACTIVE
    if verb == "status":
        process.complain(f"Unit {name} could not be found.")
        return NO_UNIT
    process.complain(f"Failed to {verb} {name}: Unit {name} not found.")
    return NOT_LOADED


TOOLS = {"systemctl": Tool(systemctl), "service": Tool(service)}
