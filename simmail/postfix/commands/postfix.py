"""NAME
    postfix - Postfix control program

SYNOPSIS
    postfix [-c config_dir] [-Dv] start | stop | reload | abort | flush | check | status | set-permissions |
        upgrade-configuration | logrotate

DESCRIPTION
    Starts and stops the mail system, lets it read its configuration again, tries what waits, and looks the installation
    over.  What it has to say goes to the log; it is printed on a terminal alone.  What postconf(1) has to say, which
    postfix asks, goes to the standard error: of a misspelt parameter nothing else tells.

DIAGNOSTICS
    status 1 for whatever cannot be done: start while it runs, stop while it doesn't, an unknown command

SEE ALSO
    postfix(1), master(8)
"""

from __future__ import annotations

from collections.abc import Callable

from simmail.files.invocation import Invocation
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision
from simmail.postfix.commands.usage import BadOption, Console, getopt
from simmail.postfix.control import Control
from simmail.postfix.startup import murmured

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
    config = console.config(next((option.value for option in options if option.letter == "c"), ""))
    if invocation.user != "root":
        return 1
    control = console.control()
    whole = words == ["check"] or (words == ["start"] and control.system is None)
    for line in murmured(invocation.machine, config.folder, whole=whole):
        invocation.complain(line)
    if len(words) != 1:
        return 1
    command = words[0]
    if command in SILENT:
        return 0
    if command == "flush":
        return (yield from console.run(("postqueue", "-f")))
    running = control.system is not None
    if command == "start":
        return 1 if running else _started(control.start)
    if command not in RUNNING or not running:
        return 1
    return _started(lambda: RUNNING[command](control))


def _started(act: Callable[[], None]) -> int:
    """Do something to the mail system; the exit status."""
    try:
        act()
    except Fatal:
        return 1
    return 0
