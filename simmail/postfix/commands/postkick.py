"""NAME
    postkick - kick a Postfix service

SYNOPSIS
    postkick [-c config_dir] [-v] class service request

DESCRIPTION
    Sends a request to a service: to the queue manager (`postkick public qmgr D`) to run through the queue, to pickup(8)
    to look at the maildrop queue.

DIAGNOSTICS
    unable to look up public/SERVICE: No such file or directory
    Cannot contact class public service SERVICE - perhaps the mail system is down

BUGS
    Of the requests of qmgr(8) only D, a run through the deferred queue, does something; other services take a request
    and do nothing.

SEE ALSO
    postkick(1), qmgr(8)
"""

from __future__ import annotations

from simmail.files.file_errors import DENIED, NO_FILE
from simmail.files.invocation import Invocation
from simmail.mail.questions import Decision
from simmail.postfix.commands.usage import BadOption, Console, getopt

USAGE = "usage: postkick [-c config_dir] [-v] class service request"


def postkick(invocation: Invocation) -> Decision[int]:
    """Run postkick; the exit status."""
    console = Console("postkick", invocation)
    try:
        options, words = getopt(invocation.argv[1:], "c:v")
    except BadOption as error:
        invocation.complain(f"postkick: {error.text}")
        return _fails(invocation, f"fatal: {USAGE}")
    if len(words) != 3:
        return _fails(invocation, f"fatal: {USAGE}")
    console.config(dict(options).get("c", ""))
    kind, name, request = words
    control = console.control()
    service, socket = None, f"{kind}/{name}"
    if control.system is not None:
        service = next((s for s in control.system.master.services.values() if s.socket == socket), None)
    reason = DENIED if console.locked_out else NO_FILE
    if console.locked_out or socket not in control.spool.sockets:
        _fails(invocation, f"warning: unable to look up {socket}: {reason}")
        service = None
    if service is None:
        return _fails(
            invocation, f"warning: Cannot contact class {kind} service {name} - perhaps the mail system is down"
        )
    if service.command == "qmgr" and "D" in request:
        control.manage(lambda manager, now: manager.run_queue(now))
    elif service.command == "pickup":
        control.wake_pickup()
    yield from ()
    return 0


def _fails(invocation: Invocation, text: str) -> int:
    """Say it on the terminal alone: this command does not log."""
    invocation.complain(f"postkick: {text}")
    return 1
