"""NAME
    spawned - policy servers behind spawn(8)

DESCRIPTION
    A service of master.cf whose program is spawn runs a command for each connection: what the client sends is its
    standard input, what it prints, to standard output and standard error alike, goes back.  The command runs as long
    as the connection is open, and answers one request after the other.

    Each connection is a process of its own: variables of a script are not shared, files are.

DIAGNOSTICS
    fatal: missing user= attribute, missing argv= attribute, unknown attribute name: x, unknown user name: x,
    request to deliver as root: `Fatal`, when the service is used; master(8) then throttles it
    warning: command /bin/sh exit status 3
    fatal: spawn_comand: execvp /etc/postfix/policy.pl: No such file or directory

BUGS
    command_time_limit and the limits of the service on processes are not kept; a script that does not end is stopped by
    its bounds on steps (`simmail.userland.job`).

SEE ALSO
    spawn(8), SMTPD_POLICY_README
"""

from __future__ import annotations

from collections.abc import Mapping

from simmail.files.invocation import DAEMON_UMASK, Command, Invocation
from simmail.files.machine import Machine
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note, Sleep
from simmail.userland.conversation import Conversation
from simmail.userland.policy.protocol import Said, request_text

#: What exec_command gives a command to find programs by.
PATH = "/usr/bin:/bin"


class Spawned:
    """A service of spawn(8).

    Args:
        arguments: what follows `spawn` in its entry: `user=nobody`, `argv=/bin/sh`, `/etc/postfix/greylist.sh`.
        machine: the host.
        commands: its programs by name.

    Raises:
        Fatal: for an entry that keeps spawn from running.
    """

    def __init__(self, arguments: tuple[str, ...], machine: Machine, commands: Mapping[str, Command]) -> None:
        self.machine, self.commands = machine, commands
        self.user, self.argv = _attributes(arguments, machine)

    def connect(self, now: float) -> Connection:
        """Start the command for a connection."""
        invocation = Invocation(
            (), self.machine, user=self.user, environment={"PATH": PATH}, now=now, umask=DAEMON_UMASK
        )
        return Connection(Conversation(self.argv, invocation, self.commands))


class Connection:
    """One connection and the process behind it.

    Args:
        conversation: the process.
    """

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation

    def ask(self, attributes: Mapping[str, str], now: float) -> Decision[Said]:
        """Send a request and read the answer; time passes while the command sleeps, for ever where it says nothing."""
        conversation = self.conversation
        printed = yield from conversation.say(request_text(attributes), now)
        complete = "\n\n" in f"\n{printed}"
        if conversation.status is not None:
            yield from self._ended()
            return Said(printed, ended=True, reset=not conversation.has_read)
        if not complete:
            yield Sleep(float("inf"))
        return Said(printed)

    def hang_up(self, now: float, late: str = "") -> Decision[None]:
        """The command reads the end of its input; what it has printed in vain makes a failure of its end."""
        if self.conversation.status is None:
            yield from self.conversation.hang_up(now)
            yield from self._ended(bool(late))

    def _ended(self, failed: bool = False) -> Decision[None]:
        conversation = self.conversation
        status, argv = conversation.status or int(failed), conversation.process.argv
        if conversation.unlaunched:
            yield Note("spawn", "fatal", "", f"spawn_comand: execvp {argv[0]}: {conversation.unlaunched}")
            status = 1
        if status:
            yield Note("spawn", "warning", "", f"command {argv[0]} exit status {status}")


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
