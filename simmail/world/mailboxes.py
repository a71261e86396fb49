"""Hosts that let users fetch their mail: a server of POP3 and one of IMAP on each, and how the world runs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simmail.mail.questions import Connect, Decision, Level, Sleep
from simmail.network.graph import HERE
from simmail.smtp.commands import Command, Sent
from simmail.smtp.replies import Reply
from simmail.userland.maildrop import Imap, Pop3
from simmail.userland.maildrop.answers import bad
from simmail.world.clock import Task
from simmail.world.connection import Server

if TYPE_CHECKING:
    from simmail.world.host import Host


class Session:
    """A session of a server of mailboxes, at the cost of what it sends.

    Args:
        server: who answers.
        bandwidth: of the way to the client, octets/s.
    """

    def __init__(self, server: Pop3 | Imap, bandwidth: float) -> None:
        self.server, self.bandwidth = server, bandwidth

    def greet(self) -> Decision[Reply | None]:
        """Speak first."""
        yield from ()
        return self.server.greeting()

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Answer a line."""
        yield Level()
        if not isinstance(sent, Command):
            return bad("-ERR what?")
        answer = self.server.answer(sent.verb, sent.argument or "")
        yield Sleep(sum(len(line) + 2 for line in answer.lines) / self.bandwidth)
        return answer

    def lost(self, reason: str) -> Decision[None]:
        """The client is gone: nothing is removed."""
        yield from ()


class MailboxServer:
    """What listens on the ports of POP3 and IMAP; a host has one, made when its first mailbox is `let`.

    Args:
        host: whose mailboxes they are.

    Attributes:
        passwords: user -> password.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.passwords: dict[str, str] = {}
        self._seen: set[str] = set()
        host.listeners[Pop3.PORT] = host.listeners[Imap.PORT] = self.accept

    @staticmethod
    def let(host: Host, passwords: Mapping[str, str]) -> None:
        """Let users of a host fetch their mail with these passwords."""
        if host.mailboxes is None:
            host.mailboxes = MailboxServer(host)
        host.mailboxes.passwords.update(passwords)

    def accept(self, task: Task, client: str, question: Connect) -> Decision[Server | None]:
        """Take a connection."""
        yield from ()
        host = self.host
        path = host.world.network.path(task.host.name, host.name) or HERE
        files, name = host.machine.files, host.machine.hostname
        if question.port == Imap.PORT:
            return Session(Imap(files, self.passwords, name, self._seen), path.bandwidth)
        return Session(Pop3(files, self.passwords, name), path.bandwidth)
