"""procmail(1): delivers a message by a user's recipes.

BUGS
    Programs never run beside procmail: it waits for each, and nothing takes longer than the bounds of a job allow
    (TIMEOUT is not kept).  Write errors to programs that do not read are never noticed.  COMSAT tells nobody.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from simmail.files.machine import Account
from simmail.mail.questions import Decision
from simmail.userland.process import Process, Tool
from simmail.userland.procmail.mail import FROM, Mail
from simmail.userland.procmail.programs import SHELL_METAS, run
from simmail.userland.procmail.recipes import Recipes
from simmail.userland.procmail.state import LINE_BUFFER, UMASK, VERSION, Session, State

SYSTEM_RC, USER_RC = "/etc/procmailrc", ".procmailrc"
USAGE, NO_USER, NO_MAILBOX, TRY_AGAIN, DENIED = 64, 67, 73, 75, 77
#: What the log tells of a message that cannot be delivered.
BOUNCED, REQUEUED = "**Bounced**", "**Requeued**"
PATH = "/usr/local/bin:/usr/bin:/bin"
#: Variables that a user's environment never passes on.
CLEARED = frozenset({"IFS", "ENV", "PWD"})
HELP = """\
Usage: procmail [-vptoY] [-f fromwhom] [parameter=value | rcfile] ...
   Or: procmail [-toY] [-f fromwhom] [-a argument] ... -d recipient ...
   Or: procmail [-ptY] [-f fromwhom] -m [parameter=value] ... rcfile [arg] ..."""


@dataclass(slots=True)
class Request:
    """What a command line asks for."""

    preserve: bool = False
    soft: bool = False
    filter: bool = False
    sender: str | None = None
    arguments: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    assignments: list[tuple[str, str]] = field(default_factory=list)
    rcfiles: list[str] = field(default_factory=list)
    wrong: str = ""
    version: bool = False


def read_request(argv: tuple[str, ...]) -> Request:
    """Read a command line."""
    request = Request()
    words = list(argv[1:])
    while words and words[0].startswith("-") and len(words[0]) > 1 and not request.wrong:
        letters = words.pop(0)[1:]
        while letters and not request.wrong:
            letter, letters = letters[0], letters[1:]
            if letter in "fra":
                given = letters or (words.pop(0) if words else None)
                letters = ""
                if given is None:
                    request.wrong = "Missing argument" if letter == "a" else "Missing name"
                elif letter == "a":
                    request.arguments.append(given)
                else:
                    request.sender = given
            elif letter == "d":
                request.recipients, words, letters = [*([letters] if letters else []), *words], [], ""
                request.wrong = "" if request.recipients else "Missing recipient"
            elif letter in "ptomvY":
                _switch(request, letter)
            elif letter != "-":
                request.wrong = f'Unrecognised options: "-{letter}{letters}"'
    _operands(request, words)
    return request


def _switch(request: Request, letter: str) -> None:
    names = {"p": "preserve", "t": "soft", "m": "filter", "v": "version"}
    if letter in names:
        setattr(request, names[letter], True)


def _operands(request: Request, words: list[str]) -> None:
    """Assignments and recipe files; with -m one recipe file, then arguments."""
    for number, word in enumerate(words):
        name, equals, text = word.partition("=")
        if equals:
            request.assignments.append((name, text))
            continue
        request.rcfiles.append(word)
        if request.filter:
            request.arguments += words[number + 1 :]
            return


def procmail(process: Process) -> Decision[int]:
    """Deliver the message on standard input."""
    request = read_request(process.argv)
    if request.version:
        process.complain(f"procmail v{VERSION}")
        return 0
    if request.wrong or (request.filter and not request.rcfiles):
        process.complain(f"procmail: {request.wrong or 'Missing rcfile'}")
        process.complain(HELP)
        return USAGE
    text = yield from process.source.read_all()
    if not request.recipients:
        return (yield from _deliver(process, request, process.user, text, explicit=False))
    worst = 0
    for name in request.recipients:
        status = yield from _as_recipient(process, request, name, text)
        worst = worst or status
    return worst


def _as_recipient(process: Process, request: Request, name: str, text: str) -> Decision[int]:
    """Deliver to one user of the host, with his rights."""
    if name not in process.machine.accounts:
        process.complain(f'procmail: Unknown user "{name}"')
        return NO_USER
    if process.user not in ("root", name):
        process.complain('procmail: Insufficient privileges to deliver to "{name}"'.replace("{name}", name))
        return DENIED
    child = process.child(process.argv)
    child.user = name
    return (yield from _deliver(child, request, name, text, explicit=True))


def _from_line(process: Process, request: Request, explicit: bool, text: str) -> str:
    """The message with the From_ line it shall have."""
    date = process.machine.calendar.asctime(process.now)
    sender = request.sender
    if sender is None:
        if not explicit or text.startswith(FROM):
            return text
        sender = process.user
    line, _, rest = text.partition("\n")
    has_line = line.startswith(FROM)
    if sender == "-":
        sender = line.split()[1] if has_line and len(line.split()) > 1 else process.user
    return f"{FROM}{sender}  {date}\n{rest if has_line else text}"


def environment_of(process: Process, account: Account, request: Request) -> dict[str, str]:
    """The variables that a run begins with."""
    kept = process.environment if request.preserve else {"TZ": process.environment.get("TZ", "")}
    environment = {name: text for name, text in kept.items() if name not in CLEARED and text}
    mailbox = f"/var/mail/{account.name}"
    environment |= {
        "LOGNAME": account.name,
        "HOME": account.home,
        "SHELL": account.shell,
        "ORGMAIL": mailbox,
        "DEFAULT": mailbox,
        "MAILDIR": account.home,
        "PATH": f"{account.home}/bin:{PATH}",
        "SHELLMETAS": SHELL_METAS,
        "SHELLFLAGS": "-c",
        "SENDMAIL": "/usr/sbin/sendmail",
        "SENDMAILFLAGS": "-oi",
        "MSGPREFIX": "msg.",
        "LOCKEXT": ".lock",
        "HOST": process.machine.hostname,
        "LINEBUF": str(LINE_BUFFER),
        "PROCMAIL_VERSION": VERSION,
    }
    if request.filter:
        for name in ("ORGMAIL", "DEFAULT"):
            del environment[name]
    return environment


def _deliver(process: Process, request: Request, user: str, text: str, explicit: bool) -> Decision[int]:
    """One message to one user; the exit status."""
    account = process.machine.accounts.get(user) or Account(user, 65534, "/nonexistent")
    mail = Mail(_from_line(process, request, explicit, text))
    start = process.folder
    state = State(mail, environment_of(process, account, request), list(request.arguments), folder=start)
    session = Session(process, state)
    process.umask = UMASK
    recipes = Recipes(session, REQUEUED if request.soft else BOUNCED)
    if not request.filter:
        # before anybody can have said that ORGMAIL is another
        _settle(session, account)
    for name, given in request.assignments:
        yield from recipes.set(name, given)
    delivered = yield from _through_rcfiles(session, recipes, request, account, start)
    recipes.actions.unlock_global()
    return (yield from _leave(session, delivered, request.soft))


def _settle(session: Session, account: Account) -> None:
    """Go home, and see to it that there is a system mailbox."""
    process = session.process
    files, mailbox = process.machine.files, session.variable("ORGMAIL")
    if not files.exists(mailbox):
        # The real one has the rights of the group mail, whoever runs it.
        files.write(mailbox, "", owner=account.name, mode=0o600)
    if process.files.is_folder(account.home):
        session.state.folder = process.folder = account.home
        return
    session.state.folder = process.folder = "/"
    for _ in range(2):  # on its own account, then for MAILDIR
        session.log.complain(f'Couldn\'t chdir to "{account.home}"')


def _through_rcfiles(
    session: Session, recipes: Recipes, request: Request, account: Account, start: str
) -> Decision[bool]:
    """Work through the recipe files; whether the message was delivered."""
    files = session.process.files
    if request.rcfiles:
        for name in request.rcfiles:
            relative = start if request.filter or name.startswith("./") else account.home
            if recipes.open(posixpath.normpath(posixpath.join(relative, name))):
                break
    else:
        user_rc = f"{account.home}/{USER_RC}"
        if files.is_file(user_rc):
            recipes.open(user_rc)
        if not request.preserve and files.is_file(SYSTEM_RC):
            recipes.open(SYSTEM_RC)
    return (yield from recipes.to_the_end())


def _leave(session: Session, delivered: bool, soft: bool) -> Decision[int]:
    """The exit status: EXITCODE's, TRAP's, or procmail's own."""
    status = 0 if delivered else TRY_AGAIN if soft else NO_MAILBOX
    trap, wanted = session.variable("TRAP"), session.lookup("EXITCODE")
    if wanted is not None and wanted.isascii() and wanted.isdigit():
        status = int(wanted) & 0xFF
    if trap:
        if wanted is None:
            session.assign("EXITCODE", str(status), quiet=True)
        ran = yield from run(session, trap, session.state.mail.part(), captured=True)
        session.log.write(ran.output)
        status = ran.status if wanted == "" else status
    session.process.job.settle()
    return status


TOOLS = {"procmail": Tool(procmail)}
