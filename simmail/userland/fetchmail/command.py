"""fetchmail(1): polls mailboxes on other hosts and delivers what it finds here.

BUGS
    No TLS: `ssl` is read and means nothing.  Multidrop mailboxes, header rewriting and MIME decoding are not there;
    `auto` is POP3.  A message that the mail server here refuses stays where it is, and nobody hears of it but the log.
    As a daemon it writes to its logfile or nowhere (`set syslog` is nowhere).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from simmail.files.file_errors import FileError
from simmail.files.invocation import Command
from simmail.mail.questions import Decision, Detach, Note, Now, Sleep
from simmail.userland.fetchmail.clients import (
    NO_MAIL,
    PERMISSION,
    PROTOCOL,
    STATUS,
    SUCCESS,
    SYNTAX,
    Offer,
    Session,
    Trouble,
    connect,
    place,
)
from simmail.userland.fetchmail.delivery import VERSION, deliver
from simmail.userland.fetchmail.rcfile import PORTS, Account, RcError, RunControl, parse
from simmail.userland.job import Exhausted, Job
from simmail.userland.process import CommandError, Process, Tool
from simmail.userland.streams import Stream

RC, IDS = ".fetchmailrc", ".fetchids"
_IDENTITY = re.compile(r"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
#: Options with a value, and switches; those that mean nothing here are read all the same.
VALUED = {
    "-f": "file", "--fetchmailrc": "file", "-d": "daemon", "--daemon": "daemon", "-i": "ids", "--idfile": "ids",
    "-L": "logfile", "--logfile": "logfile", "-m": "mda", "--mda": "mda", "-u": "", "-p": "", "-t": "",
}  # fmt: skip
SWITCHES = {
    "-k": "keep", "--keep": "keep", "-a": "all", "--all": "all", "-c": "check", "--check": "check",
    "-s": "silent", "--silent": "silent", "-N": "foreground", "--nodetach": "foreground", "-V": "version",
    "--version": "version", "-v": "verbose", "--verbose": "verbose", "-K": "nokeep", "--nokeep": "nokeep",
    "--nosyslog": "", "--syslog": "",
}  # fmt: skip


@dataclass(slots=True)
class Options:
    """A command line: values and switches by name, and the servers to be polled (none: all)."""

    values: dict[str, str] = field(default_factory=dict)
    switches: set[str] = field(default_factory=set)
    servers: list[str] = field(default_factory=list)


def read_options(argv: tuple[str, ...]) -> Options:
    """Read a command line.  Raises CommandError."""
    options = Options()
    words = list(argv[1:])
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        short, rest = word[:2], word[2:]
        if name in VALUED or (not word.startswith("--") and short in VALUED):
            key = VALUED.get(name) or VALUED.get(short, "")
            value = value if equals else rest if name not in VALUED else words.pop(0) if words else ""
            options.values[key] = value
        elif name in SWITCHES:
            options.switches.add(SWITCHES[name])
        elif word.startswith("-"):
            raise CommandError(f"unrecognized option '{word}'", SYNTAX)
        else:
            options.servers.append(word)
    return options


def fetchmail(process: Process) -> Decision[int]:
    """Poll once, or become a daemon."""
    options = read_options(process.argv)
    if "version" in options.switches:
        process.print(f"This is fetchmail release {VERSION}.")
        return SUCCESS
    control = _control(process, options)
    if isinstance(control, int):
        return control
    accounts = [_as_asked(one, options) for one in control.accounts if _is_meant(one, options)]
    if not accounts:
        process.complain("fetchmail: no mailservers have been specified.")
        return SYNTAX
    period = options.values.get("daemon", control.settings.get("daemon", "0"))
    seconds = int(period) if period.isascii() and period.isdigit() and len(period) < 9 else 0
    logfile = options.values.get("logfile", control.settings.get("logfile", ""))
    run = Run(process, accounts, options, logfile)
    if not seconds:
        return (yield from run.poll(1))
    if "foreground" not in options.switches:
        yield Detach(run.daemon(float(seconds)))
        return SUCCESS
    return (yield from run.daemon(float(seconds)))


def _control(process: Process, options: Options) -> RunControl | int:
    """The control file as read, or the exit status where it cannot be."""
    account = process.machine.accounts.get(process.user)
    home = process.environment.get("HOME") or (account.home if account else "/")
    path = options.values.get("file") or f"{home}/{RC}"
    if not process.files.is_file(path):
        return RunControl()
    stat = process.files.stat(path)
    if stat.mode & 0o077:
        process.complain(f"File {path} must have no more than -rwx------ (0700) permissions.")
        return PERMISSION
    if stat.owner != process.user:
        process.complain(f"File {path} must be owned by you.")
        return PERMISSION
    try:
        return parse(process.files.read(path), process.user)
    except RcError as error:
        process.complain(f"fetchmail:{path}:{error.line}: syntax error at {error.token}")
        return SYNTAX
    except FileError as error:
        process.complain(f"fetchmail: open: {path}: {error.reason}")
        return PERMISSION


def _as_asked(account: Account, options: Options) -> Account:
    """An account as the command line changes it."""
    keep = (account.keep or "keep" in options.switches) and "nokeep" not in options.switches
    mda = options.values.get("mda", account.mda)
    return replace(account, keep=keep, all=account.all or "all" in options.switches, mda=mda)


def _is_meant(account: Account, options: Options) -> bool:
    return account.server in options.servers if options.servers else not account.skipped


class Run:
    """Polls.

    Args:
        process: who runs it.
        accounts: what is polled.
        options: the command line.
        logfile: where its words go; "" for the terminal.
    """

    def __init__(self, process: Process, accounts: list[Account], options: Options, logfile: str) -> None:
        self.process, self.accounts, self.options, self.logfile = process, accounts, options, logfile
        self.detached = False
        account = process.machine.accounts.get(process.user)
        home = process.environment.get("HOME") or (account.home if account else "/")
        self.ids = options.values.get("ids") or f"{home}/{IDS}"

    def say(self, text: str, trouble: bool = False) -> None:
        """Tell something."""
        if "silent" in self.options.switches and not trouble:
            return
        if self.logfile:
            try:
                self.process.files.append(self.logfile, text + "\n")
            except FileError:
                return
        elif not self.detached:
            (self.process.complain if trouble else self.process.print)(text)

    def daemon(self, seconds: float) -> Decision[int]:
        """Poll again and again."""
        first = self.process
        self.detached = "foreground" not in self.options.switches
        self.say(f"fetchmail: starting fetchmail {VERSION} daemon")
        number = 0
        while True:
            number += 1
            now = yield Now()
            # Each poll has bounds of its own; nothing that one printed is kept.
            process = self.process = Process(
                first.argv,
                first,
                source=Stream(),
                commands=first.commands,
                job=Job(),
                umask=first.umask,
                out=[],
                err=[],
            )
            process.now = max(process.now, now)
            try:
                yield from self.poll(number)
            except Exhausted as error:
                self.say(f"fetchmail: {error.text}", trouble=True)
            process.job.settle()
            yield Sleep(seconds)

    def poll(self, number: int) -> Decision[int]:
        """One round through all accounts; the exit status."""
        worst = NO_MAIL
        for account in self.accounts:
            if account.interval and number % account.interval:
                continue
            try:
                status = yield from self.account(account)
            except Trouble as trouble:
                for line in trouble.lines:
                    self.say(line, trouble=True)
                status = trouble.status
            if status in STATUS:
                self.say(f"fetchmail: Query status={status} ({STATUS[status]})", trouble=True)
            worst = status if worst == NO_MAIL or status > NO_MAIL else worst
        return worst

    def account(self, account: Account) -> Decision[int]:
        """Poll one account; the exit status.  Raises Trouble."""
        if account.protocol not in PORTS:
            text = f"fetchmail: {account.server}: protocol {account.protocol} is not there; POP3 and IMAP are"
            raise Trouble(PROTOCOL, text)
        session = yield from connect(account)
        yield from session.log_in()
        offers = yield from session.offers()
        known = self._known(account) if account.protocol == "POP3" and account.keep else set()
        offers = [one._replace(seen=one.seen or one.unique in known) for one in offers]
        wanted = [one for one in offers if account.all or not one.seen]
        self._announce(account, offers)
        if not wanted or "check" in self.options.switches:
            yield from session.leave()
            return SUCCESS if wanted else NO_MAIL
        flushed = yield from self._messages(account, session, offers, wanted)
        yield from session.leave()
        if flushed:
            yield Note("", "fetched", "", account.login, account.server, len(flushed), tuple(flushed))
        return SUCCESS

    def _announce(self, account: Account, offers: list[Offer]) -> None:
        if not offers:
            self.say(f"fetchmail: No mail for {account.login} at {account.server}")
            return
        seen = sum(one.seen for one in offers)
        told = f" ({seen} seen)" if seen else ""
        plural = "" if len(offers) == 1 else "s"
        octets = sum(one.size for one in offers)
        self.say(f"{len(offers)} message{plural}{told} for {account.login} at {account.server} ({octets} octets).")

    def _messages(
        self, account: Account, session: Session, offers: list[Offer], wanted: list[Offer]
    ) -> Decision[list[str]]:
        """Fetch and deliver messages; the Message-IDs of those that were delivered."""
        delivered = []
        kept = {one.unique for one in offers if one.seen}
        for one in wanted[: account.fetch_limit or None]:
            self.process.job.step()
            what = f"{place(account)}:{one.number}"
            if account.limit and one.size > account.limit:
                self.say(f"skipping message {what} ({one.size} octets) (oversized) not flushed")
                continue
            text = yield from session.fetch(one)
            what = f"reading message {what} of {len(offers)} ({one.size} octets)"
            try:
                failure = yield from deliver(self.process, account, text)
            except Trouble:
                self.say(what)
                yield from session.leave()
                raise
            if failure:
                self.say(failure, trouble=True)
            if failure or account.keep:
                self.say(f"{what} not flushed")
            else:
                yield from session.delete(one)
                self.say(f"{what} flushed")
            if not failure:
                kept.add(one.unique)
                found = _IDENTITY.search(text.partition("\n\n")[0])
                delivered.append(found[1] if found else "")
        if account.keep and account.protocol == "POP3":
            self._remember(account, kept)
        return delivered

    # ---- what was seen on servers that do not remember

    def _lines(self) -> list[str]:
        try:
            return self.process.files.read(self.ids).splitlines()
        except FileError:
            return []

    def _known(self, account: Account) -> set[str]:
        """The unique names of the account's messages that were fetched before."""
        start = place(account) + " "
        return {line.removeprefix(start) for line in self._lines() if line.startswith(start)}

    def _remember(self, account: Account, names: set[str]) -> None:
        start = place(account) + " "
        others = [line for line in self._lines() if not line.startswith(start)]
        text = "".join(line + "\n" for line in [*others, *(start + name for name in sorted(names))])
        try:
            self.process.files.write(self.ids, text)
        except FileError as error:
            self.say(f"fetchmail: {error.path}: {error.reason}", trouble=True)


#: Name -> what it does.
COMMANDS: dict[str, Command] = {"fetchmail": Tool(fetchmail)}
