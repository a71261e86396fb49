"""NAME
    postfix - Postfix control program

SYNOPSIS
    postfix [-c config_dir] [-Dv] start | stop | reload | abort | flush | check | status | set-permissions |
        upgrade-configuration | logrotate

DESCRIPTION
    Starts and stops the mail system, lets it read its configuration again, tries what waits, and looks the
    installation over.  Folders of the queue that are missing are made anew by a check.  What it has to say itself goes
    to the log, and is printed on a terminal alone; the script that it runs asks postconf(1) for parameters, which
    prints what is wrong with main.cf each time.

DIAGNOSTICS
    postsuper: fatal: scan_dir_push: open directory FOLDER: REASON
    status 1 for whatever cannot be done: start while it runs, stop while it doesn't, an unknown command

SEE ALSO
    postfix(1), master(8)
"""

from __future__ import annotations

from collections.abc import Callable

from simmail.files.invocation import Invocation
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note
from simmail.postfix.commands.usage import BadOption, Console, getopt
from simmail.postfix.compatibility import notice
from simmail.postfix.config import FOLDER, Config
from simmail.postfix.control import Control
from simmail.postfix.spool_view import SCANNED, make_missing, unscannable
from simmail.postfix.startup import POSTCONF, Said, asked, check

#: Commands that need the mail system to run, and what they do.
RUNNING: dict[str, Callable[[Control], None]] = {
    "stop": lambda control: control.stop(),
    "quick-stop": lambda control: control.stop(),
    "abort": lambda control: control.stop(),
    "reload": lambda control: control.reload(),
    "status": lambda control: None,
    "logrotate": lambda control: None,
}
#: Commands that change nothing here.
SILENT = frozenset({"check", "set-permissions", "upgrade-configuration", "post-install"})


def postfix(invocation: Invocation) -> Decision[int]:
    """Run postfix; the exit status."""
    console = Console("postfix", invocation)
    try:
        options, words = getopt(invocation.argv[1:], "c:Dv")
    except BadOption as error:
        invocation.complain(f"postfix: {error.text}")
        return 1
    folder = next((option.value for option in options if option.letter == "c"), "")
    folder = folder or invocation.environment.get("MAIL_CONFIG", FOLDER)
    try:
        config = Config.load(invocation.machine, folder=folder, program="postfix")
    except Fatal:
        return 1
    if invocation.user != "root":
        return 1
    control = console.control()
    command, running = (words or [""])[0], control.system is not None
    if command != "start" or running:  # one that starts tells it of itself
        for text in notice(config.compatibility):
            yield Note("postfix", "text", "", text)
    machine = invocation.machine
    looks = command == "check" or (command == "start" and not running)
    found = check(machine, folder) if looks else asked(machine, folder, command)
    yield from _printed(invocation, [one for one in found.said if one.program in (POSTCONF, "postsuper")], running)
    if not found.passes:
        return 1
    if looks and not (yield from _scanned(invocation, running, mends=True)):
        return 1
    if command in SILENT:
        return 0
    if command == "flush":
        return (yield from console.run(("postqueue", "-f")))
    if command == "start":
        return 1 if running else _started(control.start)
    if command not in RUNNING or not running:
        return 1
    if command == "reload":  # the queue is looked over, twice
        yield from _printed(invocation, 2 * [Said("postsuper", *heard) for heard in config.heard], running)
        yield from _scanned(invocation, running, mends=False)
    if _started(lambda: RUNNING[command](control)):
        control.stop()  # master(8) has found something fatal, which nobody hears of
    return 0


def _scanned(invocation: Invocation, running: bool, mends: bool) -> Decision[bool]:
    """Make what is missing of the queue, if wanted, and let postsuper(1) look it over; whether it can."""
    if mends:
        make_missing(invocation.machine)
    trouble = unscannable(invocation.machine, SCANNED)
    if trouble:
        yield from _printed(invocation, [Said("postsuper", "fatal", trouble)], running)
    return not trouble


def _printed(invocation: Invocation, said: list[Said], running: bool) -> Decision[None]:
    """Print what the programs of the script say; those that know where the log is log it, too."""
    for one in said:
        invocation.complain(str(one))
        if running and one.program == "postsuper":
            yield Note(one.program, one.level, "", one.text)


def _started(act: Callable[[], None]) -> int:
    """Do something to the mail system; the exit status."""
    try:
        act()
    except Fatal:
        return 1
    return 0
