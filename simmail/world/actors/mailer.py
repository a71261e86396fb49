"""How mail gets from a sender that is no Postfix of this world to a mail server: one SMTP session, as its kind does.

Exim, a webmail pool, a newsletter's machine or a trojaned PC: whatever sends without being under study sends through
here.  What differs between them are *manners* (how they greet, whether they wait, how long) and *ladders* (when they
come back, `simmail.world.actors.ladder`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.answers import ConnectFailure, DnsAnswer, Lost
from simmail.mail.content import Content
from simmail.mail.questions import Close, Connect, Decision, Dns, Note, Now, Receive, Send, Sleep
from simmail.smtp.commands import Command, Data
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from random import Random

    from simmail.world.connection import Connection


class Manners(NamedTuple):
    """How a client behaves in a session.

    Args:
        helo: the name it greets with.
        verb: `EHLO` or `HELO`.
        early: whether it talks before it is greeted.
        patience: seconds it waits for each answer.
        quits: whether it says QUIT, or just hangs up.
    """

    helo: str
    verb: str = "EHLO"
    early: bool = False
    patience: float = 300.0
    quits: bool = True


class Parcel(NamedTuple):
    """A message as its sender knows it.

    Args:
        identity: its Message-ID.
        sender: the envelope's sender; "" for the null sender.
        recipients: the envelope's recipients, all of one domain.
        content: header and body.
        kind: a key of `simmail.world.truth.KINDS`.
    """

    identity: str
    sender: str
    recipients: tuple[str, ...]
    content: Content
    kind: str


class Verdict(NamedTuple):
    """What a server said of a recipient.

    Args:
        outcome: `accepted`, `later` (a 4xx reply, or no connection), `refused`.
        reply: the server's words, or the reason why there are none.
    """

    outcome: str
    reply: str


def verdict(reply: Reply | Lost | ConnectFailure) -> Verdict:
    """What a reply means for whom it is about (RFC 5321 section 4.2.1: the first digit decides)."""
    if type(reply) is Reply:
        outcome = {2: "accepted", 3: "accepted", 5: "refused"}.get(reply.kind, "later")
        return Verdict(outcome, reply.text)
    assert type(reply) is Lost or type(reply) is ConnectFailure
    return Verdict("later", reply.reason)


def exchangers(domain: str, rng: Random) -> Decision[list[str] | Verdict]:
    """The addresses of a domain's mail servers, best first, equals in random order (RFC 5321 section 5.1).

    Returns: addresses; or what becomes of its mail where there are none.
    """
    answer: DnsAnswer = yield Dns(domain, "MX")
    if answer.temporary:
        return Verdict("later", f"no answer from DNS about {domain}")
    if answer.status == "nxdomain":
        return Verdict("refused", f"there is no domain {domain}")
    names = [domain]
    if answer.records:
        names = [r.data for r in sorted(answer.records, key=lambda r: (r.preference, rng.random()))]
        if names == [""]:
            return Verdict("refused", f"{domain} takes no mail (null MX)")
    found: list[str] = []
    waits = False
    for name in names:
        addresses: DnsAnswer = yield Dns(name, "A")
        waits = waits or addresses.temporary
        found += [record.data for record in addresses.records]
    if not found:
        return Verdict("later" if waits else "refused", f"no address for the mail servers of {domain}")
    return found


def hand_over(
    parcel: Parcel, servers: Sequence[str], manners: Manners, source: str = "", port: int = 25
) -> Decision[dict[str, Verdict]]:
    """Offer a message to the first server that can be reached.

    Args:
        parcel: the message.
        servers: addresses, best first.
        manners: how the client behaves.
        source: the address it calls from; "" for the host's own.
        port: TCP port.

    Returns: recipient -> what became of it; each try is also noted as a record.
    """
    failure = ConnectFailure("nobody to call")
    server, verdicts = "", dict.fromkeys(parcel.recipients, verdict(failure))
    for server in servers:
        early = (Command(manners.verb, manners.helo),) if manners.early else ()
        connection = yield Connect(server, port, min(30.0, manners.patience), source, early)
        if type(connection) is not ConnectFailure:
            verdicts = yield from _session(parcel, connection, manners)
            break
        verdicts = dict.fromkeys(parcel.recipients, verdict(connection))
    for recipient, said in verdicts.items():
        yield Note("", "attempted", "", parcel.identity, server, recipient, said.outcome, said.reply)
    return verdicts


def keep_trying(
    parcel: Parcel, ages: Sequence[float], manners: Manners, sources: Sequence[str], rng: Random
) -> Decision[Verdict]:
    """Offer a message to one recipient until it is taken, refused, or the ladder ends; what became of it.

    Args:
        parcel: the message, with one recipient.
        ages: at which it is tried again (`simmail.world.actors.ladder`).
        manners: how the client behaves.
        sources: the addresses that the tries come from in turn.
        rng: for the order of equal servers.
    """
    to = parcel.recipients[0]
    born: float = yield Now()
    said = Verdict("later", "")
    for number, age in enumerate((0.0, *ages)):
        now: float = yield Now()
        yield Sleep(max(0.0, born + age - now))
        servers = yield from exchangers(to.rpartition("@")[2], rng)
        if type(servers) is Verdict:
            said = servers
        else:
            said = (yield from hand_over(parcel, servers, manners, sources[number % len(sources)]))[to]
        if said.outcome != "later":
            break
    if said.outcome != "accepted":
        yield Note("", "given-up", "", parcel.identity, parcel.sender, to, said.reply)
    return said


def _session(parcel: Parcel, connection: Connection, manners: Manners) -> Decision[dict[str, Verdict]]:
    """Greeting to QUIT."""
    recipients = parcel.recipients
    patience = manners.patience
    answer: Reply | Lost = yield Receive(connection, patience)
    if type(answer) is Reply and answer.kind == 2:
        answer = (yield Send(connection, (Command(manners.verb, manners.helo),), (patience,)))[0]
    if type(answer) is Reply and answer.kind == 2:
        answer = (yield Send(connection, (Command("MAIL", f"FROM:<{parcel.sender}>"),), (patience,)))[0]
    if not isinstance(answer, Reply) or answer.kind != 2:
        yield from _leave(connection, answer, manners)
        return dict.fromkeys(recipients, verdict(answer))
    verdicts: dict[str, Verdict] = {}
    for recipient in recipients:
        answer = (yield Send(connection, (Command("RCPT", f"TO:<{recipient}>"),), (patience,)))[0]
        verdicts[recipient] = verdict(answer)
        if not isinstance(answer, Reply) or answer.closes:
            yield from _leave(connection, answer, manners)
            return {to: verdicts.get(to, verdict(answer)) for to in recipients}
    taken = [to for to, said in verdicts.items() if said.outcome == "accepted"]
    if taken:
        answer = (yield Send(connection, (Command("DATA"),), (patience,)))[0]
        if type(answer) is Reply and answer.kind == 3:
            answer = (yield Send(connection, (Data(parcel.content),), (patience,)))[0]
        verdicts.update(dict.fromkeys(taken, verdict(answer)))
    yield from _leave(connection, answer, manners)
    return verdicts


def _leave(connection: Connection, answer: Reply | Lost, manners: Manners) -> Decision[None]:
    if isinstance(answer, Reply) and not answer.closes and manners.quits:
        yield Send(connection, (Command("QUIT"),), (manners.patience,))
    else:
        yield Close(connection)
