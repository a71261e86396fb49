"""Queues of simulated hosts behave as queueing theory says: M/M/1, M/M/c, M/D/1, and two hosts in tandem.

A client brings messages to a mail server at random moments (Poisson); the server has so many smtp processes, and the
server that it relays to takes a random time to answer the content.  Nothing else costs time.  What is measured stands
in the table of deliveries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import exp, factorial, log, sqrt
from random import Random
from statistics import fmean, stdev
from typing import NamedTuple

import pytest

from simmail.files.machine import Machine
from simmail.mail.calendar import Calendar
from simmail.mail.content import Content
from simmail.mail.questions import Close, Connect, Decision, Receive, Send, Sleep
from simmail.smtp.commands import Command, Data, Sent
from simmail.smtp.replies import Reply
from simmail.world.connection import Server
from simmail.world.host import Host
from simmail.world.master import STOCK_MASTER_CF, Master
from simmail.world.speed import Speed
from simmail.world.world import World

AT_ONCE = Speed(0.0, 0.0, 0.0, 0.0)
MAIN_CF = """\
compatibility_level = 3.6
smtputf8_enable = no
inet_protocols = ipv4
mynetworks = 10.0.0.0/8, 127.0.0.0/8
mydestination =
alias_maps =
relayhost = [{relay}]
initial_destination_concurrency = {slots}
smtp_destination_concurrency_limit = {slots}
smtpd_peername_lookup = no
"""
SMTPD, SMTP = "smtp      inet  n       -       n       -       -", "smtp      unix  -       -       n       -       -"
#: Batches, and the quantile of Student's distribution with so many degrees of freedom less one: one in a thousand.
BATCHES, TRUST = 20, 3.9
LETTER = Content(("Subject: x", "", "x"))


class Slow:
    """A session that answers the content only after a while.

    Args:
        inner: who answers, then.
        seconds: draws how long that takes.
    """

    def __init__(self, inner: Server, seconds: Callable[[], float]) -> None:
        self.inner, self.seconds = inner, seconds

    def greet(self) -> Decision[Reply | None]:
        """As the other does."""
        return self.inner.greet()

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """As the other does, the content later."""
        if type(sent) is Data:
            yield Sleep(self.seconds())
        return (yield from self.inner.handle(sent, more))

    def lost(self, reason: str) -> Decision[None]:
        """As the other does."""
        return self.inner.lost(reason)


class Taker:
    """A server that takes everything."""

    def greet(self) -> Decision[Reply | None]:
        """Say hello."""
        yield from ()
        return Reply(220, ("taker",))

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Say yes."""
        yield from ()
        code = {"DATA": 354, "QUIT": 221}.get(sent.verb, 250) if type(sent) is Command else 250
        return Reply(code, ("yes",), closes=code == 221)

    def lost(self, reason: str) -> Decision[None]:
        """Never mind."""
        yield from ()


class Line:
    """A client, mail servers one behind the other, and a server that takes everything at the end.

    Args:
        slots: how many smtp processes each mail server has.
        services: for each, what draws how long the next server takes to answer.
    """

    def __init__(self, slots: int, *services: Callable[[], float]) -> None:
        self.world = World(Calendar(datetime(2026, 3, 2, tzinfo=UTC)))
        self.client = self._host("client", 1)
        self.servers = [self._host(f"mx{n}", 10 + n) for n in range(len(services))]
        for number, server in enumerate(self.servers):
            files = server.machine.files
            files.write("/etc/postfix/main.cf", MAIN_CF.format(relay=f"10.0.0.{11 + number}", slots=slots))
            files.write("/etc/postfix/master.cf", STOCK_MASTER_CF.replace(SMTP, SMTP[:-1] + str(slots)))
            server.master = Master(server, speed=AT_ONCE)
            server.master.start()
        last = self._host("last", 10 + len(services))
        for host, seconds in zip([*self.servers[1:], last], services, strict=True):
            host.listeners[25] = self._listener(host, seconds)

    def _host(self, name: str, number: int) -> Host:
        host = self.world.add_host(name, Machine(name, (f"10.0.0.{number}", "127.0.0.1")))
        if name != "client":
            self.world.network.link(name, "client", 0.0, 1e15)
        return host

    @staticmethod
    def _listener(host: Host, seconds: Callable[[], float]) -> Callable[..., Decision[Server | None]]:
        def listen(task: object, client: str, question: Connect) -> Decision[Server | None]:
            taken = None
            if host.master is not None:
                taken = yield from host.master.accept(task, client, question)  # type: ignore[arg-type]
            return Slow(taken if taken is not None else Taker(), seconds)

        return listen

    def bring(self, messages: int, rate: float, rng: Random) -> list[list[float]]:
        """Let so many messages come, `rate` a second; the seconds that each was in each server's queue, in order."""
        self.world.clock.spawn(self.client, self._session(messages, rate, rng), 0.0)
        self.world.run(2 * messages / rate + 1000)
        table = self.world.results.deliveries
        assert len(table) == messages * len(self.servers)
        assert set(table["status"]) == {"sent"}
        stays = []
        for server in self.servers:
            own = table[table["host"] == server.name]
            seconds = own["in_queue"] + own["connecting"] + own["sending"]
            order = (own["time"] - seconds).sort_values(kind="stable").index
            stays.append([float(seconds[index]) for index in order])
        return stays

    def _session(self, messages: int, rate: float, rng: Random) -> Decision[None]:
        connection = yield Connect("10.0.0.10")
        yield Receive(connection)
        yield Send(connection, (Command("EHLO", "client"),), (60.0,))
        envelope = (Command("MAIL", "FROM:<a@b.example>"), Command("RCPT", "TO:<c@d.example>"), Command("DATA"))
        for _ in range(messages):
            yield Sleep(rng.expovariate(rate))
            yield Send(connection, envelope, (60.0,) * 3)
            yield Send(connection, (Data(LETTER),), (60.0,))
        yield Close(connection)


class Effort(NamedTuple):
    """How many messages are sent, and how well a figure must be known: the margin as a part of it."""

    messages: int
    margin: float


#: A quick look, and a close one.
EFFORTS = [
    pytest.param(Effort(4000, 0.4), id="quick"),
    pytest.param(Effort(20000, 0.22), id="close", marks=pytest.mark.long),
]


def within(
    values: Sequence[float], theory: float, effort: Effort, figure: Callable[[Sequence[float]], float] = fmean
) -> None:
    """A figure of consecutive batches agrees with theory, and is known well enough to tell.

    Args:
        values: in order; the first tenth is left out.
        theory: what the figure should be.
        effort: how well it must be known.
        figure: what is looked at in each batch.
    """
    values = values[len(values) // 10 :]
    size = len(values) // BATCHES
    figures = [figure(values[n * size : (n + 1) * size]) for n in range(BATCHES)]
    margin = TRUST * stdev(figures) / sqrt(BATCHES)
    assert abs(fmean(figures) - theory) < margin
    assert margin < effort.margin * theory


def quantile(share: float) -> Callable[[Sequence[float]], float]:
    """The value that this share of values does not exceed."""
    return lambda values: sorted(values)[int(share * len(values))]


def erlang_c(slots: int, load: float) -> float:
    """The probability that somebody has to wait in M/M/c."""
    last = load**slots / factorial(slots) * slots / (slots - load)
    return last / (sum(load**n / factorial(n) for n in range(slots)) + last)


def exponential(seed: int, mean: float) -> Callable[[], float]:
    """Draws exponential times."""
    rng = Random(f"service {seed}")
    return lambda: rng.expovariate(1 / mean)


@pytest.mark.parametrize("load", [0.3, 0.5])
@pytest.mark.parametrize("effort", EFFORTS)
def test_one_slot_with_exponential_answers_is_m_m_1(load: float, effort: Effort) -> None:
    """The time in the system is exponential with mean 1 / (mu - lambda): mean, median and 95th percentile."""
    (stays,) = Line(1, exponential(1, 1.0)).bring(effort.messages, load, Random("arrivals"))
    mean = 1 / (1 - load)
    within(stays, mean, effort)
    within(stays, mean * log(2), effort, quantile(0.5))
    within(stays, mean * log(20), effort, quantile(0.95))


@pytest.mark.parametrize("effort", EFFORTS)
def test_several_slots_are_m_m_c(effort: Effort) -> None:
    """Three slots: Erlang's formula for the mean, and for the share of messages that take longer than 2 s."""
    slots, load = 3, 1.8
    (stays,) = Line(slots, exponential(2, 1.0)).bring(effort.messages, load, Random("arrivals"))
    waits, spare = erlang_c(slots, load), slots - load
    within(stays, 1 + waits / spare, effort)
    time = 2.0
    longer = exp(-time) * (1 - waits) + waits * (spare * exp(-time) - exp(-spare * time)) / (spare - 1)
    within(stays, longer, effort, lambda values: sum(value > time for value in values) / len(values))


@pytest.mark.parametrize("effort", EFFORTS)
def test_constant_answers_are_m_d_1(effort: Effort) -> None:
    """The mean is Pollaczek's and Khinchine's: half the waiting time of M/M/1."""
    load = 0.6
    (stays,) = Line(1, lambda: 1.0).bring(effort.messages, load, Random("arrivals"))
    within(stays, 1 + load / (2 * (1 - load)), effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_two_hosts_are_a_tandem(effort: Effort) -> None:
    """What leaves an M/M/1 is Poisson again (Burke): each host has the mean of its own, and the sum is their sum."""
    load, quick = 0.5, 0.6
    first, second = Line(1, exponential(3, 1.0), exponential(4, quick)).bring(effort.messages, load, Random("arrivals"))
    means = 1 / (1 - load), 1 / (1 / quick - load)
    within(first, means[0], effort)
    within(second, means[1], effort)
    within([a + b for a, b in zip(first, second, strict=True)], sum(means), effort)
