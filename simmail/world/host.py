"""A host of the world: a machine on the network, with what listens on its ports."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simmail.dns.resolver import Resolver
from simmail.files.file_errors import NO_FILE, FileError
from simmail.files.invocation import DAEMON_UMASK, UMASK, Invocation
from simmail.files.machine import Machine
from simmail.files.mailbox import split_mbox, unquoted
from simmail.files.paths import normal
from simmail.mail.answers import Exit
from simmail.mail.errors import Fatal, InputError, NobodyError
from simmail.mail.questions import Connect, Decision, Level, Run
from simmail.postfix.commands import COMMANDS as POSTFIX
from simmail.postfix.config import FOLDER, MAIN_CF
from simmail.userland.absent import advised
from simmail.userland.commands import COMMANDS as COMMON
from simmail.userland.fetchmail import COMMANDS as FETCHMAIL
from simmail.userland.policy import TOOLS as POLICY
from simmail.userland.process import LaunchError
from simmail.userland.procmail import COMMANDS as PROCMAIL
from simmail.userland.shell import run, run_program
from simmail.world.clock import Task
from simmail.world.policy import PolicyServers

if TYPE_CHECKING:
    from simmail.world.connection import Connection, Server
    from simmail.world.mailboxes import MailboxServer
    from simmail.world.master import Master
    from simmail.world.world import World

#: Every command of a host by name.
COMMANDS = {**COMMON, **FETCHMAIL, **POLICY, **PROCMAIL, **POSTFIX}
SMTP_PORT = 25
#: What listens on a port: given the task, the client's address and what it asked; None refuses.
Listener = Callable[[Task, str, Connect], "Decision[Server | None]"]


class Host:
    """One computer.

    Args:
        name: its name in the world and in the log.
        machine: its files, accounts, addresses and calendar.
        resolver: what it asks for names.

    Attributes:
        connections: how many connections it has taken so far.
        sessions: those that are open, by number.
        listeners: port -> what accepts connections there.
        master: its mail system's supervisor; None where it runs none.
        mailboxes: what lets users fetch their mail by POP3 and IMAP; None where nothing does.
        gateway: whose address its connections to public addresses show; None for its own.
        forwards: port -> the host behind that connections to it are handed on to.
        hides_clients: whether these then seem to come from this host itself.
        policies: its policy servers.
    """

    def __init__(self, world: World, name: str, machine: Machine, resolver: Resolver) -> None:
        self.world, self.name, self.machine, self.resolver = world, name, machine, resolver
        self._up = True
        self.connections = 0
        self.sessions: dict[int, Connection] = {}
        self.listeners: dict[int, Listener] = {}
        self.master: Master | None = None
        self.mailboxes: MailboxServer | None = None
        self.gateway: Host | None = None
        self.forwards: dict[int, Host] = {}
        self.hides_clients = False
        self._running_before = False
        self.policies = PolicyServers(self, COMMANDS)
        machine.names = lambda name, type: self.resolver.glance(name, type, world.now)

    def source_address(self, destination: str) -> str:
        """The address that connections to `destination` come from."""
        if destination.startswith("127."):
            return "127.0.0.1"
        if destination in self.machine.addresses:
            return destination
        if self.gateway is not None and self.gateway is not self.world.host_at(destination, self):
            return self.gateway.source_address(destination)
        return next(iter(self.machine.outside), "127.0.0.1")

    @property
    def inside_address(self) -> str:
        """The address by which hosts behind this one know it: its last that is not the loopback's."""
        return self.machine.outside[-1]

    # ---- life and death

    @property
    def up(self) -> bool:
        """Whether it is running at all."""
        return self._up

    @property
    def takes_mail(self) -> bool:
        """Whether it is a mail server: runs Postfix, be it stopped just now, or stands for a site that takes mail."""
        return self.master is not None or SMTP_PORT in self.listeners

    def crash(self) -> None:
        """Let it die at once, as when the power fails: what is on its disk stays."""
        if not self.up:
            return
        world, now = self.world, self.world.now
        self._up = False
        world.network.set_node(self.name, False)
        for connection in list(self.sessions.values()):
            connection.break_off(now)
        self.sessions.clear()
        if self.master is not None:
            self._running_before = self.master.system is not None
            self.master.crash()
            for other in world.hosts.values():
                for connection in other.sessions.values():
                    if connection.client is self:
                        connection.orphaned(now)

    def boot(self) -> None:
        """Let it come back; its mail system starts, if it ran before."""
        if self.up:
            return
        self._up = True
        self.world.network.set_node(self.name, True)
        if self.master is not None and self._running_before:
            try:
                self.master.start()
            except Fatal as fatal:
                self.master.note("postfix", "fatal", "", fatal.text)

    # ---- an administrator at work

    def sh(self, command: str, stdin: str = "", user: str = "root", terminal: bool = True) -> Exit:
        """Run a command line in the host's small shell, now; time passes until it is done.

        Args:
            command: what would be typed.
            stdin: what it can read.
            user: the account that types it: at home, while root stands in `/`.
            terminal: whether somebody reads what it prints; Postfix is more talkative then.

        Where a program is not there, what is printed says what to do instead.

        Raises:
            InputError: for what is no text, and for a user who has no account.
        """
        if not isinstance(command, str):
            raise InputError(f"{self.name}: sh", f"{command!r} is no command line", "write it as a text: 'mailq'")
        if not isinstance(stdin, str):
            raise InputError(f"{self.name}: stdin", f"{stdin!r} is no text", "write its lines as one text")
        account = self.machine.accounts.get(user)
        if account is None:
            raise NobodyError(f"{self.name}: user {user!r}", "has no account", "cat /etc/passwd shows who has one")
        environment = {"HOME": account.home, "SHELL": account.shell}
        folder = account.home if user != "root" and self.machine.files.is_folder(account.home) else "/"
        done: Exit = self.world.complete(
            self, self.running(Run(command, user, environment, stdin, folder=folder), ("/bin/sh",), terminal)
        )
        return done._replace(stderr=advised(done.stderr))

    def edit(self, file: str, **settings: Any) -> None:
        """Change settings of main.cf in its file, as `postconf -e` does; `postfix reload` lets them come into force.

        Args:
            file: `main.cf`.
            settings: parameter -> new value; True and False are written yes and no, a list with commas, and None takes
                the setting away.

        Raises:
            InputError: for another file, for a value that is a set or a table, and with the command's words where it
                refuses.
        """
        if normal(file, FOLDER) != MAIN_CF:
            raise InputError(f"file {file!r}", "has no settings that could be edited by name", "use write(path, text)")
        for name, value in settings.items():
            if isinstance(value, (set, dict)):
                raise InputError(f"{self.name}: {name}", f"{value!r} is no value", "write it as in main.cf: 'one, two'")
            words = "yes" if value is True else "no" if value is False else str(value)
            if isinstance(value, (list, tuple)):
                words = ", ".join(map(str, value))
            order = ["-X", name] if value is None else ["-e", f"{name}={words}"]
            done = self.sh(shlex.join(["postconf", *order]))
            if done.status:
                raise InputError(f"{self.name}: {name}", str(done))

    def write(self, path: str, text: str) -> None:
        """Put a text into a file, as an editor does.

        Args:
            path: where; a relative one is below /etc/postfix.
            text: all of it.

        Raises:
            InputError: for what is no text, and where it cannot be put there.
        """
        if not isinstance(text, str):
            raise InputError(f"{self.name}:{path}", f"{text!r} is no text", "write the file's lines as one text")
        files = self.machine.files
        path = normal(path, FOLDER)
        account = self.machine.accounts.get(path.split("/")[2]) if path.startswith("/home/") else None
        try:
            before = files.find(path)
            owner = before.owner if before is not None else account.name if account is not None else "root"
            files.write(path, text, owner=owner, mode=before.mode if before is not None else 0o644)
        except FileError as error:
            raise InputError(f"{self.name}:{path}", error.reason) from None
        if self.master is not None:
            self.master.files_written()

    def __repr__(self) -> str:
        addresses = ", ".join(self.machine.outside)
        does = "a mail server" if self.takes_mail else "no mail server"
        return f"<{self.name} ({addresses}), {does}{'' if self.up else ', down'}>"

    def running(self, question: Run, shell: tuple[str, ...] = (), terminal: bool = False) -> Decision[Exit]:
        """A command's run, as the shell does it.

        Args:
            question: what shall be run.
            shell: the words that called the shell, where that was no program.
            terminal: whether it was called at a terminal.
        """
        now = yield Level()
        if question.root != "/":
            return Exit(127, unlaunched=NO_FILE)
        umask = DAEMON_UMASK if question.daemon else UMASK
        command = question.command
        argv = shell or (("sh", "-c", command) if isinstance(command, str) else command)
        invocation = Invocation(
            argv, self.machine, question.stdin, question.user, question.folder,
            question.environment, now, self.master.system if self.master else None, self.master, question.file_limit,
            umask, terminal=terminal,
        )  # fmt: skip
        if question.daemon:
            invocation.err = invocation.out
        try:
            if isinstance(command, str):
                status = yield from run(command, invocation, COMMANDS)
            else:
                status = yield from run_program(invocation, COMMANDS)
        except LaunchError as error:
            return Exit(error.status, unlaunched=error.reason)
        if self.master is not None:
            self.master.files_written()
        return Exit(status, "".join(invocation.out), "" if question.daemon else "".join(invocation.err))

    def started(self, command: str, user: str) -> Decision[Exit]:
        """A command's run that a user starts at home."""
        home = self.machine.accounts[user].home
        return self.running(Run(f"cd; {command}", user, {"HOME": home, "USER": user, "LOGNAME": user}, ""))

    def take_mail(self, user: str) -> Decision[list[str]]:
        """Empty a user's mbox, as a POP3 server does for a client that deletes what it fetched; the messages' texts.

        It looks nowhere else: what main.cf puts into a Maildir, or at home, stays there.
        """
        yield Level()
        path = f"/var/mail/{user}"
        files = self.machine.files
        mbox = files.find(path)
        if mbox is None:
            return []
        texts = [unquoted(piece) for piece in split_mbox(mbox.text)]
        files.write(path, "", owner=user, mode=mbox.mode)
        return texts

    # ---- the network

    def accept(self, task: Task, client: str, question: Connect) -> Decision[Server | None]:
        """Take a connection from the address `client`; the verdict is None where nobody listens."""
        listener = self.listeners.get(question.port)
        if listener is None:
            if self.master is None:
                return None
            listener = self.master.accept
        return (yield from listener(task, client, question))
