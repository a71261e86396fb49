"""How a mail server that is not under study takes mail: its domains, its users, and what it holds against a client.

It is no Postfix and does not claim to be one: it greets, asks the blocklists it trusts, looks at the client's names,
knows its users, and takes or refuses.  What it takes it hands to whoever waits for it there: a person, a trap, a drop
box.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.answers import DnsAnswer
from simmail.mail.content import Content
from simmail.mail.hostnames import reverse_name
from simmail.mail.questions import Connect, Decision, Dns, Note, Now, answered
from simmail.smtp.commands import Command, Data, Sent
from simmail.smtp.replies import HANG_UP, Reply
from simmail.world.actors.reputation import Reputation
from simmail.world.connection import Server

if TYPE_CHECKING:
    from simmail.world.clock import Task
    from simmail.world.host import Host

_IDENTITY = re.compile(r"message-id:\s*(<[^>]*>)", re.IGNORECASE)
#: What nearly every server offers (RFC 1870, 2920, 6152).
EXTENSIONS = ("PIPELINING", "SIZE", "8BITMIME")
#: Reverse names that providers give to changing addresses.
DYNAMIC = re.compile(r"dsl|dial|dyn|dhcp|ppp|pool|cable|broadband|\d+[-.]\d+[-.]\d+[-.]\d+", re.IGNORECASE)


class Arrival(NamedTuple):
    """A message that a site took.

    Args:
        time: when, seconds since the start.
        client: the address it came from.
        sender: the envelope's sender.
        recipient: the envelope's recipient.
        identity: its Message-ID; "" for none.
        content: header and body.
    """

    time: float
    client: str
    sender: str
    recipient: str
    identity: str
    content: Content


#: Who waits for mail at an address.
Reader = Callable[[Arrival], None]


class Distrust(NamedTuple):
    """What a site holds against clients.

    Args:
        lists: the blocklists it asks.
        no_name: whether it refuses clients without a reverse name.
        dynamic: whether it refuses clients whose reverse name looks like a changing address.
        memory: what it remembers of clients itself; None for nothing.
    """

    lists: tuple[str, ...] = ()
    no_name: bool = False
    dynamic: bool = False
    memory: Reputation | None = None


class Reception:
    """The receiving side of one host.

    Args:
        host: where it listens on port 25.
        name: what it greets with.
        distrust: what it holds against clients.
        state: what becomes of mail that it takes, a state of `simmail.world.truth.Fate`.

    Attributes:
        users: address -> who reads its mail.
        domains: domain -> who reads the mail of anybody there; None where only `users` exist.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        distrust: Distrust = Distrust(),  # noqa: B008
        state: str = "delivered",
    ) -> None:
        self.host, self.name, self.distrust, self.state = host, name, distrust, state
        self.users: dict[str, Reader] = {}
        self.domains: dict[str, Reader | None] = {}
        host.listeners[25] = self._listen

    def reader(self, address: str) -> Reader | Reply:
        """Who reads the mail of an address; or the refusal where nobody does."""
        address = address.lower()
        domain = address.rpartition("@")[2]
        if domain not in self.domains:
            return Reply(554, (f"5.7.1 <{address}>: Relay access denied",))
        found = self.users.get(address) or self.domains[domain]
        return found or Reply(550, (f"5.1.1 <{address}>: no such user here",))

    def _listen(self, task: Task, client: str, question: Connect) -> Decision[Server | None]:
        return answered(_Session(self, client))

    def objection(self, client: str) -> Decision[Reply | None]:
        """What is held against a client, as a refusal; None for nothing."""
        now: float = yield Now()
        if self.distrust.memory is not None and self.distrust.memory.refuses(client, now):
            return Reply(554, (f"5.7.1 mail from [{client}] is refused after complaints of our users",))
        reverse = ".".join(reversed(client.split(".")))
        for zone in self.distrust.lists:
            answer: DnsAnswer = yield Dns(f"{reverse}.{zone}", "A")
            if answer.records:
                return Reply(554, (f"5.7.1 Service unavailable; client [{client}] blocked using {zone}",))
        if self.distrust.no_name or self.distrust.dynamic:
            answer = yield Dns(reverse_name(client), "PTR")
            if answer.temporary:
                return Reply(450, ("4.7.1 cannot look up your reverse name",))
            if not answer.records and self.distrust.no_name:
                return Reply(550, (f"5.7.1 client [{client}] has no reverse name",))
            if answer.records and self.distrust.dynamic and DYNAMIC.search(answer.records[0].data):
                return Reply(550, ("5.7.1 mail from dynamic addresses is not taken; use your provider's server",))
        return None


class _Session:
    """One session of a client at a reception."""

    __slots__ = ("client", "objection", "readers", "reception", "sender")

    def __init__(self, reception: Reception, client: str) -> None:
        self.reception, self.client = reception, client
        self.sender: str | None = None
        self.readers: list[tuple[str, Reader]] = []
        self.objection: Reply | None = None

    def greet(self) -> Decision[Reply | None]:
        """The banner; what is held against the client is told at RCPT, as most do."""
        self.objection = yield from self.reception.objection(self.client)
        return Reply(220, (f"{self.reception.name} ESMTP",))

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Answer a command, or take the content."""
        if isinstance(sent, Command):
            return answered(_COMMANDS.get(sent.verb.upper(), _Session._unknown)(self, sent))
        if isinstance(sent, Data):
            return self._taken(sent.content) if sent.complete else answered(HANG_UP)
        return answered(Reply(502, ("5.5.1 no such command",)))

    def _ehlo(self, command: Command) -> Reply:
        return Reply(250, (self.reception.name, *EXTENSIONS))

    def _hello(self, command: Command) -> Reply:
        return Reply(250, (self.reception.name,))

    def _mail(self, command: Command) -> Reply:
        self.sender, self.readers = _address(command), []
        return Reply(250, ("2.1.0 Ok",))

    def _rcpt(self, command: Command) -> Reply:
        if self.sender is None:
            return Reply(503, ("5.5.1 need MAIL command",))
        if self.objection is not None:
            return self.objection
        address = _address(command)
        found = self.reception.reader(address)
        if type(found) is Reply:
            return found
        assert callable(found)
        self.readers.append((address, found))
        return Reply(250, ("2.1.5 Ok",))

    def _data(self, command: Command) -> Reply:
        return Reply(354, ("go on",)) if self.readers else Reply(554, ("5.5.1 no valid recipients",))

    def _reset(self, command: Command) -> Reply:
        self.sender, self.readers = None, []
        return Reply(250, ("2.0.0 Ok",))

    def _quit(self, command: Command) -> Reply:
        return Reply(221, ("2.0.0 Bye",), closes=True)

    def _unknown(self, command: Command) -> Reply:
        return Reply(502, ("5.5.1 no such command",))

    def _taken(self, content: Content) -> Decision[Reply | None]:
        now: float = yield Now()
        identity = identity_of(content)
        for address, reader in self.readers:
            yield Note("", "arrived", "", identity, self.sender or "", address, self.client, self.reception.state)
            reader(Arrival(now, self.client, self.sender or "", address, identity, content))
        self.sender, self.readers = None, []
        return Reply(250, ("2.0.0 Ok",))

    def lost(self, reason: str) -> Decision[None]:
        """Nothing to do."""
        return answered(None)


_COMMANDS: Mapping[str, Callable[[_Session, Command], Reply]] = {
    "EHLO": _Session._ehlo,
    "HELO": _Session._hello,
    "MAIL": _Session._mail,
    "RCPT": _Session._rcpt,
    "DATA": _Session._data,
    "RSET": _Session._reset,
    "NOOP": _Session._hello,
    "QUIT": _Session._quit,
}


def identity_of(content: Content) -> str:
    """The Message-ID of a content; "" for none."""
    for line in content.lines:
        if not line:
            break
        found = _IDENTITY.match(line)
        if found:
            return found[1]
    return ""


def _address(command: Command) -> str:
    return (command.argument or "").partition("<")[2].partition(">")[0]
