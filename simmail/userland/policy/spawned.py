"""NAME
    spawned - policy servers behind spawn(8)

DESCRIPTION
    A service of master.cf whose program is spawn runs a command for each connection: what the client sends is its
    standard input, what it prints, to standard output and standard error alike, goes back.  The command runs as long
    as the connection is open, and answers one request after the other; smtpd closes a connection that was idle for
    300 s, or open for 1000 s.

    Each connection is a process of its own: variables of a script are not shared, files are.

DIAGNOSTICS
    fatal: missing user= attribute, missing argv= attribute, unknown attribute name: x, unknown user name: x,
    request to deliver as root: `Fatal`, when the service is first used.

BUGS
    command_time_limit and the limits of the service on processes are not kept; a script that does not end is stopped by
    its bounds on steps (`simmail.userland.job`).

SEE ALSO
    spawn(8), SMTPD_POLICY_README
"""

from __future__ import annotations

from collections.abc import Mapping

from simmail.files.invocation import Command, Invocation
from simmail.files.machine import Machine
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Sleep
from simmail.userland.conversation import Conversation
from simmail.userland.policy.protocol import action_of, request_text

MAX_IDLE, MAX_LIFE = 300.0, 1000.0
#: What exec_command gives a command to find programs by.
PATH = "/usr/bin:/bin"


class Connection:
    """One connection and the process behind it.

    Args:
        conversation: the process.
        now: when it was made, seconds since the world's start.
    """

    __slots__ = ("conversation", "made", "used")

    def __init__(self, conversation: Conversation, now: float) -> None:
        self.conversation = conversation
        self.made = self.used = now

    def is_good(self, now: float) -> bool:
        """Whether smtpd would use it once more."""
        alive = self.conversation.status is None
        return alive and now - self.used < MAX_IDLE and now - self.made < MAX_LIFE


class Spawned:
    """A service of spawn(8).

    Args:
        name: the service's name in master.cf, `private/greylist`.
        arguments: what follows `spawn` in its entry: `user=nobody`, `argv=/bin/sh`, `/etc/postfix/greylist.sh`.
        machine: the host.
        commands: its programs by name.
        environment: what else the command finds there (export_environment, `-o` options do not get there).

    Raises:
        Fatal: for an entry that keeps spawn from running.
    """

    def __init__(
        self,
        name: str,
        arguments: tuple[str, ...],
        machine: Machine,
        commands: Mapping[str, Command],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.endpoint = f"unix:{name}"
        self.machine, self.commands = machine, commands
        self.environment = {"PATH": PATH, **(environment or {})}
        self.user, self.argv = _attributes(arguments, machine)
        self._idle: list[Connection] = []

    def ask(self, attributes: Mapping[str, str], now: float, timeout: float = 100.0) -> Decision[str | None]:
        """Answer one request by a process that is free, or a new one; time passes while it waits or sleeps."""
        reused = self._free(now)
        connection = reused or self._connect(now)
        answer = yield from self._exchange(connection, attributes, now, timeout)
        if answer is None and reused is not None and connection.conversation.status is not None:
            # It had ended, or ended now without a word: smtpd tries once more, on a new connection.
            answer = yield from self._exchange(self._connect(now), attributes, now, timeout)
        return answer

    def _free(self, now: float) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_good(now):
                return connection
        return None

    def _connect(self, now: float) -> Connection:
        invocation = Invocation((), self.machine, user=self.user, environment=self.environment, now=now)
        return Connection(Conversation(self.argv, invocation, self.commands, merged=True), now)

    def _exchange(
        self, connection: Connection, attributes: Mapping[str, str], now: float, timeout: float
    ) -> Decision[str | None]:
        """Send a request and read the answer; None where none came."""
        conversation = connection.conversation
        printed = yield from conversation.say(request_text(attributes), now)
        answer = action_of(printed)
        if not answer.complete:
            if conversation.status is None:
                yield Sleep(timeout)
            return None
        connection.used = max(now, conversation.process.now)
        if answer.action is not None and conversation.status is None:
            self._idle.append(connection)
        return answer.action


def _attributes(arguments: tuple[str, ...], machine: Machine) -> tuple[str, tuple[str, ...]]:
    """The account and the command of an entry.  Raises Fatal."""
    user = ""
    argv: tuple[str, ...] = ()
    for index, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name == "argv" and equals:
            argv = (value, *arguments[index + 1 :])
            break
        if name != "user" or not equals:
            raise Fatal(f"unknown attribute name: {word}")
        user = value.partition(":")[0]
        account = machine.accounts.get(user)
        if account is None:
            raise Fatal(f"unknown user name: {user}")
        if account.uid == 0:
            raise Fatal("request to deliver as root")
        if user == "postfix":
            raise Fatal("request to deliver as mail system owner")
    if not argv:
        raise Fatal("missing argv= attribute")
    if not user:
        raise Fatal("missing user= attribute")
    return user, argv
