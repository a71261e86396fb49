"""A small world made by hand: a client, a mail server, and another one behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simmail.files.machine import Machine
from simmail.mail.answers import ConnectFailure
from simmail.mail.calendar import Calendar
from simmail.mail.content import Content
from simmail.mail.questions import Close, Connect, Decision, Now, Receive, Send, Sleep
from simmail.smtp.commands import Command, Data
from simmail.smtp.replies import Reply
from simmail.world.host import Host
from simmail.world.logs import maillog
from simmail.world.master import STOCK_MASTER_CF, Master
from simmail.world.speed import Speed
from simmail.world.world import World

MAIN_CF = """\
compatibility_level = 3.6
smtputf8_enable = no
inet_protocols = ipv4
mynetworks = 10.0.0.0/8, 127.0.0.0/8
mydestination = $myhostname
myhostname = {name}
alias_maps =
queue_run_delay = 60s
minimal_backoff_time = 60s
maximal_backoff_time = 60s
"""
ZONE = "".join(
    f"{name}. IN MX 10 mx.{name}.\nmx.{name}. IN A 10.0.0.{number}\n"
    for number, name in enumerate(("near.example", "far.example"), 1)
)


class Small:
    """The world; `said` has what clients heard: (time, name of the client, text).

    Args:
        settings: further lines of near.example's main.cf.
        smtpd: how many smtpd processes it has; "-" for default_process_limit.
        speed: how fast it is.
        latency: of each link, seconds one way.
        bandwidth: octets a second of the link to far.example.
    """

    def __init__(
        self,
        settings: str = "",
        smtpd: str = "-",
        speed: Speed = Speed(),  # noqa: B008
        latency: float = 0.01,
        bandwidth: float = 1e9,
    ) -> None:
        self.world = World(Calendar(datetime(2026, 3, 2, tzinfo=UTC)))
        self.world.zones.read("ns. IN A 127.0.0.1\n" + ZONE, ".", "zone")
        self.world.network.add_site("hub")
        self.said: list[tuple[float, str, str]] = []
        self.near = self._server("near.example", 1, settings, smtpd, speed, latency, 1e9)
        self.far = self._server("far.example", 2, "", "-", Speed(), latency, bandwidth)
        self.client = self._host("client", 3, latency, 1e9)

    def _host(self, name: str, number: int, latency: float, bandwidth: float) -> Host:
        host = self.world.add_host(name, Machine(name, (f"10.0.0.{number}", "127.0.0.1")))
        self.world.network.link(name, "hub", latency, bandwidth)
        return host

    def _server(
        self, name: str, number: int, settings: str, smtpd: str, speed: Speed, latency: float, bandwidth: float
    ) -> Host:
        host = self._host(name, number, latency, bandwidth)
        files = host.machine.files
        for user in ("ann", "bob", "joe", "sue"):
            host.machine.add_user(user)
        files.write("/etc/postfix/main.cf", MAIN_CF.format(name=name) + settings)
        first, rest = STOCK_MASTER_CF.split("smtp      inet  n       -       n       -       -", 1)
        files.write("/etc/postfix/master.cf", f"{first}smtp inet n - n - {smtpd}{rest}")
        host.master = Master(host, speed=speed)
        host.master.start()
        return host

    # ---- clients

    def send(
        self, when: float = 0.0, to: str = "ann@far.example", size: int = 10, stays: float = 0.0, name: str = "c"
    ) -> None:
        """Let a client hand a message to near.example.

        Args:
            when: seconds since the start.
            to: the recipient.
            size: of the message, octets.
            stays: how long it is silent after its greeting.
            name: what it is called.
        """
        self.world.clock.spawn(self.client, self._session(to, size, stays, name), when)

    def _session(self, to: str, size: int, stays: float, name: str) -> Decision[None]:
        content = Content(("Subject: x", "", "x" * size))
        steps = [
            Command("EHLO", "client"), Command("MAIL", "FROM:<bob@near.example>"), Command("RCPT", f"TO:<{to}>"),
            Command("DATA"), Data(content), Command("QUIT"),
        ]  # fmt: skip
        connection = yield Connect("10.0.0.1", 25, 120.0)
        if type(connection) is ConnectFailure:
            yield from self._hears(name, connection.reason)
            return
        answer: Any = yield Receive(connection, 300.0)
        yield from self._hears(name, answer)
        for number, step in enumerate(steps):
            if type(answer) is not Reply or answer.closes:
                yield Close(connection)
                return
            if number == 1 and stays:
                yield Sleep(stays)
            if answer.kind > 3:
                step = steps[-1]
            answer = (yield Send(connection, (step,), (300.0,)))[-1]
            yield from self._hears(name, answer)

    def _hears(self, name: str, what: Any) -> Decision[None]:
        now = yield Now()
        text = what.text if type(what) is Reply else str(getattr(what, "reason", what))
        self.said.append((now, name, text))

    def heard(self, name: str = "c") -> list[str]:
        """What a client heard."""
        return [text for _, who, text in self.said if who == name]

    # ---- what came of it

    def log(self, host: Host | None = None) -> list[str]:
        """The log of near.example, or another host, from the program's name on."""
        return [line.split("postfix/", 1)[-1] for line in maillog(host or self.near)]

    def delivered(self) -> list[float]:
        """When messages came into mailboxes."""
        return [r.time for r in self.world.results.records if r.event == "delivery" and r.program == "local"]
