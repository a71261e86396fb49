"""NAME
    postfix - Postfix control program

SYNOPSIS
    postfix [-c config_dir] [-Dv] start | stop | reload | abort | drain | flush | check | status | set-permissions |
        upgrade-configuration | logrotate

DESCRIPTION
    Starts and stops the mail system, lets it read its configuration again, tries what waits, and looks the
    installation over.  Folders of the queue that are missing are made anew by a check.  What it has to say itself goes
    to the log, and is printed on a terminal alone; the script that it runs asks postconf(1) for parameters, which
    prints what is wrong with main.cf each time.  A stop waits until master(8) has ended.

DIAGNOSTICS
    fatal: multi-instance support is requested, but multi_instance_wrapper is empty
    postfix/postfix-script: refreshing the Postfix mail system
    postfix/postfix-script: fatal: the Postfix mail system is not running
    postfix/master: reload -- version 3.7.11, configuration /etc/postfix
    postsuper: fatal: scan_dir_push: open directory FOLDER: REASON
    status 1 for whatever cannot be done: start while it runs, stop while it doesn't, an unknown command

BUGS
    There is one instance: what multi_instance_directories names is never asked.
    The log begins after the first start: that one is not in it.

SEE ALSO
    postfix(1), master(8)
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from simmail.files.invocation import Invocation
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note, Sleep
from simmail.postfix.commands.usage import BadOption, Console, getopt
from simmail.postfix.compatibility import notice
from simmail.postfix.config import FOLDER, Config
from simmail.postfix.control import Control
from simmail.postfix.missing_services import add_missing_services
from simmail.postfix.permissions import remarks
from simmail.postfix.processes import PIDS
from simmail.postfix.spool_view import SCANNED, make_missing, unscannable
from simmail.postfix.startup import POSTCONF, Said, asked, check, enter_folders

#: What a user hears who is not root, by level.
NOT_ROOT = {
    "error": "to submit mail, use the Postfix sendmail command",
    "fatal": "the postfix command is reserved for the superuser",
}
NO_WRAPPER = "multi-instance support is requested, but multi_instance_wrapper is empty"
SCRIPT = "postfix-script"
#: Commands that need the mail system to run, and what they do.
RUNNING: dict[str, Callable[[Control], None]] = {
    "stop": lambda control: control.stop(),
    "quick-stop": lambda control: control.stop(),
    "abort": lambda control: control.stop(),
    "drain": lambda control: control.stop(),
    "reload": lambda control: control.reload(),
    "status": lambda control: None,
    "logrotate": lambda control: None,
}
#: What the script says as it does them, and what master(8) says of it.
STOPPING, TERMINATING = "stopping the Postfix mail system", "terminating on signal 15"
DOING: dict[str, tuple[str, str]] = {
    "stop": (STOPPING, TERMINATING),
    "quick-stop": (STOPPING, TERMINATING),
    "abort": ("aborting the Postfix mail system", TERMINATING),
    "drain": (STOPPING, ""),
    "reload": ("refreshing the Postfix mail system", "reload -- {}"),
    "status": (f"the Postfix mail system is running: PID: {PIDS['master']}", ""),
}
#: Those that wait for its end, and how long that takes with a start after it (s).
WAITED_FOR, STOP_S = frozenset({"stop", "quick-stop"}), 1.0
#: What the script that installs Postfix can be told to do.
INSTALLING = frozenset(
    """
    create-missing set-permissions upgrade-permissions upgrade-configuration upgrade-source upgrade-package
    first-install-reminder
    """.split()
)
#: Those tasks that make what is missing of the queue's folders.
MAKING = frozenset({"create-missing", "set-permissions"})
INSTALL_USAGE = """\
/usr/lib/postfix/sbin/post-install: Error: Usage: /usr/lib/postfix/sbin/post-install [name=value] command
    create-missing          Create missing queue directories.
    upgrade-source          When installing or upgrading from source code.
    upgrade-package         When installing or upgrading from pre-built package.
    first-install-reminder  Remind of mandatory first-time configuration steps.
    name=value              Specify an installation parameter."""
USAGE = (
    "postfix start (or stop, reload, abort, flush, check, status, set-permissions, upgrade-configuration, logrotate)"
)
TLS_USAGE = (
    "enable-client (or enable-server, new-server-key, new-server-cert, deploy-server-cert, output-server-csr, "
    "output-server-tlsa, all-default-client, all-default-server)"
)


def postfix(invocation: Invocation) -> Decision[int]:
    """Run postfix; the exit status."""
    console = Console("postfix", invocation)
    try:
        options, words = getopt(invocation.argv[1:], "c:Dv")
    except BadOption as error:
        invocation.complain(f"postfix: {error.text}")
        _shown(invocation, "postfix", "usage: postfix [-c config_dir] [-Dv] command", "fatal")
        return 1
    folder = next((option.value for option in options if option.letter == "c"), "")
    folder = folder or invocation.environment.get("MAIL_CONFIG", FOLDER)
    try:
        config = Config.load(invocation.machine, folder=folder, program="postfix", user=invocation.user)
    except Fatal as fatal:
        _shown(invocation, "postfix", fatal.text, "fatal")
        return 1
    if invocation.user != "root":
        for level, text in NOT_ROOT.items():
            _shown(invocation, "postfix", text, level)
        return 1
    return (yield from _run(console, config, words or [""]))


def _run(console: Console, config: Config, words: list[str]) -> Decision[int]:
    """Say what has to be said first, and do it."""
    invocation, control = console.invocation, console.control()
    command, running = words[0], control.system is not None
    fault = _fault(config) or _multi_fault(config)
    starts = command == "start" and not running and not fault
    for text in notice(config.compatibility):
        _shown(invocation, "postfix", text)
        if not starts:  # one that starts logs it of itself
            yield Note("postfix", "text", "", text)
    if fault:
        yield from _said(invocation, "postfix", fault, "fatal")
        return 1
    looks = command == "check" or (command == "start" and not running)
    found = check(config.machine, config.folder) if looks else asked(config.machine, config.folder, command)
    yield from _printed(invocation, [one for one in found.said if one.program in (POSTCONF, "postsuper")], running)
    if not found.passes:
        return 1
    if looks:
        if not (yield from _scanned(invocation, running, mends=True)):
            return 1
        _make_data_folder(config)
        for remark in remarks(config):
            yield from _said(invocation, SCRIPT, remark, "warning")
    if command in SCRIPTS:
        return (yield from SCRIPTS[command](invocation, config, words))
    if command == "flush":
        return (yield from console.run(("postqueue", "-f")))
    if command == "start":
        return (yield from _start(invocation, control, config, running))
    if command not in RUNNING or not running:
        return (yield from _cannot(invocation, command))
    return (yield from _done(invocation, control, config, command))


def _done(invocation: Invocation, control: Control, config: Config, command: str) -> Decision[int]:
    """Do something to the mail system that runs."""
    doing, done = DOING.get(command, ("", ""))
    yield from _said(invocation, SCRIPT, doing)
    if command == "reload":  # the queue is looked over, twice
        yield from _printed(invocation, 2 * [Said("postsuper", *heard) for heard in config.heard], True)
        yield from _scanned(invocation, True, mends=False)
    if done:
        yield Note("master", "text", "", done.format(_version(config)))
    if _started(lambda: RUNNING[command](control)):
        control.stop()  # master(8) has found something fatal, which nobody hears of
    if command in WAITED_FOR:
        yield from _said(invocation, SCRIPT, "waiting for the Postfix mail system to terminate")
        yield Sleep(STOP_S)
    return 0


def _start(invocation: Invocation, control: Control, config: Config, running: bool) -> Decision[int]:
    """Start the mail system, unless it runs."""
    if running:
        yield from _said(invocation, SCRIPT, "the Postfix mail system is already running", "fatal")
        return 1
    yield from _said(invocation, SCRIPT, "starting the Postfix mail system")
    status = _started(control.start)
    if status:
        yield from _said(invocation, SCRIPT, "mail system startup failed", "fatal")
    else:
        yield Note("master", "text", "", f"daemon started -- {_version(config)}")
    return status


def _cannot(invocation: Invocation, command: str) -> Decision[int]:
    """Say why nothing is done: the mail system does not run, or there is no such command."""
    if command == "status":
        yield from _said(invocation, SCRIPT, "the Postfix mail system is not running")
    elif command in RUNNING:
        yield from _said(invocation, SCRIPT, "the Postfix mail system is not running", "fatal")
    else:
        yield from _said(invocation, SCRIPT, f"unknown command: '{command}'. Usage: {USAGE}", "fatal")
    return 1


def _version(config: Config) -> str:
    """What master(8) says of itself as it reads its configuration."""
    return f"version {config['mail_version']}, configuration {config.folder}"


def _shown(invocation: Invocation, program: str, text: str, level: str = "text") -> None:
    """Show what a program says to whoever sits at a terminal."""
    if invocation.terminal:
        name = program if program == "postfix" else f"postfix/{program}"
        invocation.complain(f"{name}: {text}" if level == "text" else f"{name}: {level}: {text}")


def _said(invocation: Invocation, program: str, text: str, level: str = "text") -> Decision[None]:
    """Show and log what a program says, if it says anything."""
    if text:
        _shown(invocation, program, text, level)
        yield Note(program, level, "", text)


def _scanned(invocation: Invocation, running: bool, mends: bool) -> Decision[bool]:
    """Make what is missing of the queue, if wanted, and let postsuper(1) look it over; whether it can."""
    if mends:
        make_missing(invocation.machine)
    trouble = unscannable(invocation.machine, SCANNED)
    if trouble:
        yield from _printed(invocation, [Said("postsuper", "fatal", trouble)], running)
    return not trouble


def _nothing(invocation: Invocation, config: Config, words: list[str]) -> Decision[int]:
    """Change nothing."""
    yield from ()
    return 0


def _post_install(invocation: Invocation, config: Config, words: list[str]) -> Decision[int]:
    """Hand the words to the script that installs Postfix, which may make folders and change master.cf here."""
    yield from ()
    given = words if words[0] != "post-install" else words[1:]
    tasks = [word for word in given if "=" not in word]
    if not tasks or not INSTALLING.issuperset(tasks):
        invocation.complain(INSTALL_USAGE)
        return 1
    if not MAKING.isdisjoint(tasks):
        make_missing(config.machine)
    if "upgrade-configuration" in tasks:
        invocation.out.extend(f"{line}\n" for line in add_missing_services(config))
    return 0


def _tls(invocation: Invocation, config: Config, words: list[str]) -> Decision[int]:
    """There is no TLS to be seen to; only what is wrong with the words is told."""
    task = words[1] if len(words) > 1 else ""
    yield from _said(invocation, "postfix-tls-script", f"unknown tls command: '{task}'", "error")
    yield from _said(invocation, "postfix-tls-script", f"usage: postfix tls {TLS_USAGE}", "fatal")
    return 1


#: Commands that are scripts of their own, Postfix running or not.
SCRIPTS: dict[str, Callable[[Invocation, Config, list[str]], Decision[int]]] = {
    "check": _nothing,
    "set-permissions": _post_install,
    "upgrade-configuration": _post_install,
    "post-install": _post_install,
    "tls": _tls,
}


def _printed(invocation: Invocation, said: list[Said], running: bool) -> Decision[None]:
    """Print what the programs of the script say; those that know where the log is log it, too."""
    for one in said:
        invocation.complain(str(one))
        if running and one.program == "postsuper":
            yield Note(one.program, one.level, "", one.text)


def _fault(config: Config) -> str:
    """What keeps the command from its folders; "" for nothing."""
    try:
        enter_folders(config)
    except Fatal as fatal:
        return fatal.text
    return ""


def _multi_fault(config: Config) -> str:
    """What keeps the command from handing itself on to the manager of several instances; "" for nothing."""
    if config.folder == FOLDER and config["multi_instance_directories"] and not config["multi_instance_wrapper"]:
        return NO_WRAPPER
    return ""


def _make_data_folder(config: Config) -> None:
    """Make the folder that daemons keep their data in, where it is missing."""
    files, folder = config.machine.files, config["data_directory"]
    if not files.exists(folder) and files.is_folder(posixpath.dirname(folder)):
        files.make_folder(folder, config["mail_owner"])
        files.change_folder(folder, mode=0o700)


def _started(act: Callable[[], None]) -> int:
    """Do something to the mail system; the exit status."""
    try:
        act()
    except Fatal:
        return 1
    return 0
