"""The yardstick's world in simmail: the same hops, waits and outages, with everything decided and recorded.

Two hundred office computers submit to `mail.domain.ork`, which relays to fifty destinations chosen by Zipf's law, each
down for a minute at a time, so that one message in twenty is deferred.  2,000 writers and, at each destination, 2,000
readers, distinct subjects and texts; the relay runs the course's whole main.cf with its PCRE checks and two blocklists;
one message in twenty is refused.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, Protocol

from benchmarks.hand_written import (
    CONNECT_S,
    DELIVERY_SLOTS,
    DESTINATIONS,
    DNS_MISS_S,
    HOP_S,
    ROUND_TRIP_IN_S,
    SMTPD_PROCESSES,
    workload,
)
from simmail.dns.resolver import Resolver
from simmail.files.machine import Account, Machine
from simmail.mail.answers import ConnectFailure, Lost
from simmail.mail.calendar import Calendar
from simmail.mail.content import Content
from simmail.mail.questions import Close, Connect, Decision, Receive, Send, Sleep
from simmail.smtp.commands import Command, Data
from simmail.world.actors.reception import Reception
from simmail.world.clock import Level
from simmail.world.host import Host
from simmail.world.master import STOCK_MASTER_CF, Master
from simmail.world.speed import Speed
from simmail.world.world import World

CLIENTS, WRITERS, READERS = 200, 2000, 2000
#: What people write is drawn from so many sentences, twelve of them a message: no two texts are the same.
SENTENCES = 5000
REFUSED = 0.05
#: How long a destination is up and down, seconds on the average.
UP_S, DOWN_S = 1600.0, 60.0
#: How long it runs until somebody looks whether all is done, seconds.
STRIDE_S = 600.0
#: The yardstick's writes to disk, on the average; it knows no processors.
SPEED = Speed(queue_file=0.005, mailbox=0.001, receiving=0.0, delivering=0.0)
COURSE_MAIN_CF = """\
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
append_dot_mydomain = no
mydomain = domain.ork
myhostname = mail.domain.ork
alias_maps = hash:/etc/aliases
myorigin = $mydomain
mydestination = $myhostname, $mydomain, ,localhost
relayhost =
mynetworks = 192.168.0.0/16, 127.0.0.0/8
mailbox_size_limit = 0
message_size_limit = 3000000
recipient_delimiter = +
smtpd_client_restrictions = reject_rbl_client relays.example, reject_rbl_client dialups.example
smtpd_sender_restrictions = reject_unknown_sender_domain, reject_non_fqdn_sender
unknown_address_reject_code = 550
header_checks = pcre:/etc/postfix/header_checks
mime_header_checks = pcre:/etc/postfix/mime_header_checks
body_checks = pcre:/etc/postfix/body_checks
compatibility_level = 3.6
"""
EXTENSIONS = ("vbs", "pif", "scr", "exe", "com", "lnk", "dot")
RULES = "".join(rf"/^(.*)name\=\"(.*)\.{e}\"$/ REJECT Mail contains banned attachment" + "\n" for e in EXTENSIONS)
HEADER_RULES = "/^Subject: FREE OFFER!!/ REJECT no thanks\n/^From: offers@bulk\\.example/ REJECT no thanks\n"
DESTINATION_MAIN_CF = """\
mydomain = d{0}.example
myhostname = mail.d{0}.example
myorigin = $mydomain
mydestination = $myhostname, $mydomain, localhost
mynetworks = 127.0.0.0/8
alias_maps = hash:/etc/aliases
mailbox_size_limit = 0
compatibility_level = 3.6
"""
WORDS = "invoice offer meeting receipt holiday budget printer lunch report contract minutes delivery".split()


class Weather(Protocol):
    """When destinations are down."""

    def down(self, destination: int, now: float) -> bool:
        """Whether the destination of that number is down; it is asked in order of time."""
        ...


class Outages:
    """Each destination is up and down for times of chance, from whatever it was at on the average."""

    def __init__(self, seed: int = 2) -> None:
        self._rngs = [random.Random(f"{seed}/outages/{d}") for d in range(DESTINATIONS)]
        self._down = [rng.random() < DOWN_S / (UP_S + DOWN_S) for rng in self._rngs]
        self._until = [0.0] * DESTINATIONS
        for d in range(DESTINATIONS):
            self._next(d)

    def _next(self, d: int) -> None:
        self._until[d] += self._rngs[d].expovariate(1 / (DOWN_S if self._down[d] else UP_S))

    def down(self, destination: int, now: float) -> bool:
        """Whether it is down."""
        while now >= self._until[destination]:
            self._down[destination] = not self._down[destination]
            self._next(destination)
        return self._down[destination]


class Never:
    """No destination is ever up."""

    def down(self, destination: int, now: float) -> bool:
        """It is."""
        return True


#: Who takes a connection that arrives at a host.
Listener = Callable[[Any, str, Connect], Decision[Any]]


class Others(Protocol):
    """What the destinations run."""

    def __call__(self, world: World, d: int, remember: bool, accounts: dict[str, Account]) -> tuple[Host, Listener]:
        """The host of the destination of that number, and how it listens."""
        ...


class BiggestDown:
    """The destination that gets most is down from one time to another, seconds; the others are up."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end

    def down(self, destination: int, now: float) -> bool:
        """Whether it is that one, and then."""
        return destination == 0 and self.start <= now < self.end


def a_postfix(world: World, d: int, remember: bool, accounts: dict[str, Account]) -> tuple[Host, Listener]:
    """A Postfix of its own, which decides and records as the relay does."""
    host = _mail_host(world, _name(d), _address(d), DESTINATION_MAIN_CF.format(d), remember, accounts)
    assert host.master is not None
    return host, host.master.accept


def a_site(world: World, d: int, remember: bool, accounts: dict[str, Account]) -> tuple[Host, Listener]:
    """A site as worlds have them around the server that they study: it takes mail for its people; no Postfix."""
    machine = Machine(_name(d), (_address(d), "127.0.0.1"), calendar=world.calendar)
    host = world.add_host(machine.hostname, machine, Resolver(world.zones, latency=DNS_MISS_S))
    Reception(host, machine.hostname).domains[f"d{d}.example"] = lambda arrival: None
    return host, host.listeners[25]


def _name(d: int) -> str:
    return f"mail.d{d}.example"


def _address(d: int) -> str:
    return f"198.51.100.{d + 1}"


def build(
    rate: float,
    seed: int = 1,
    remember: bool = True,
    weather: Weather | None = None,
    others: Others = a_postfix,
) -> World:
    """The world, its mail systems started; nobody has written yet.

    Args:
        rate: messages a second.
        seed: of the chances.
        remember: False switches memos off.
        weather: when destinations are down; `Outages` by default.
        others: what the destinations run.
    """
    world = World(Calendar(datetime(2026, 3, 2, 9, tzinfo=UTC)), seed)
    readers = Machine("accounts").accounts | {
        f"u{n}": Account(f"u{n}", 2000 + n, f"/home/u{n}") for n in range(READERS)
    }
    zones = ["domain.ork. IN MX 10 mail.domain.ork.", "mail.domain.ork. IN A 192.0.2.10"]
    for d in range(DESTINATIONS):
        zones += [f"d{d}.example. IN MX 10 {_name(d)}.", f"{_name(d)}. IN A {_address(d)}"]
    world.zones.read("\n".join(zones) + "\n")
    relay = _mail_host(world, "mail.domain.ork", "192.0.2.10", COURSE_MAIN_CF, remember, readers)
    relay.machine.files.write("/etc/postfix/header_checks", HEADER_RULES)
    relay.machine.files.write("/etc/postfix/mime_header_checks", RULES)
    relay.machine.files.write("/etc/postfix/body_checks", RULES)
    files = relay.machine.files
    files.write(
        "/etc/postfix/main.cf",
        files.read("/etc/postfix/main.cf")
        + f"default_process_limit = {SMTPD_PROCESSES}\ndefault_destination_concurrency_limit = {DELIVERY_SLOTS}\n",
    )
    office = Machine("office.domain.ork", tuple(f"192.168.1.{n + 1}" for n in range(CLIENTS)))
    world.add_host("office", office, Resolver(world.zones))
    world.network.link("office", relay.name, ROUND_TRIP_IN_S / 2)
    weather = weather or Outages()
    for d in range(DESTINATIONS):
        host, listener = others(world, d, remember, readers)
        world.network.link(relay.name, host.name, HOP_S[d] / 2)
        host.listeners[25] = _gate(listener, weather, d)
    for host in world.hosts.values():
        if host.master is not None:
            host.sh("postalias /etc/aliases")
            host.master.start()
    return world


def _mail_host(
    world: World, name: str, address: str, main_cf: str, remember: bool, accounts: dict[str, Account]
) -> Host:
    machine = Machine(name, (address, "127.0.0.1"), calendar=world.calendar, accounts=accounts)
    machine.files.write("/etc/aliases", "postmaster: root\n")
    machine.files.write("/etc/postfix/main.cf", main_cf)
    machine.files.write("/etc/postfix/master.cf", STOCK_MASTER_CF)
    host = world.add_host(name, machine, Resolver(world.zones, latency=DNS_MISS_S))
    host.master = Master(host, remember, SPEED)
    return host


def _gate(listener: Listener, weather: Weather, d: int) -> Listener:
    """Listens where the destination is up; the time to connect is the yardstick's."""

    def listen(task: Any, client: str, question: Connect) -> Decision[Any]:
        yield Sleep(CONNECT_S - HOP_S[d])
        now = yield Level()
        if weather.down(d, now):
            return None
        return (yield from listener(task, client, question))

    return listen


def messages(n: int, rate: float, seed: int = 1) -> Iterator[tuple[float, str, str, str, Content]]:
    """(gap to the next, client, sender, recipient, content) of each message."""
    rng = random.Random(f"{seed}/messages")
    zipf = list(accumulate(1 / (rank + 1) for rank in range(max(WRITERS, READERS))))
    sentences = [" ".join(rng.choices(WORDS, k=9)) for _ in range(SENTENCES)]

    def rank() -> int:
        return bisect(zipf, rng.random() * zipf[-1])

    for number, (gap, destination, _, _) in enumerate(workload(n, rate, seed)):
        domain = "nowhere.invalid" if rng.random() < REFUSED else "domain.ork"
        sender, recipient = f"w{rank()}@{domain}", f"u{rank()}@d{destination}.example"
        subject = f"{rng.choice(WORDS)} {rng.choice(WORDS)} {number}"
        text = rng.choices(sentences, k=12)
        header = [
            f"From: <{sender}>", f"To: <{recipient}>", f"Subject: {subject}", f"Message-ID: <{number}@domain.ork>",
            "Date: Mon, 2 Mar 2026 09:00:00 +0000", "MIME-Version: 1.0", "Content-Type: text/plain; charset=us-ascii",
        ]  # fmt: skip
        yield gap, f"192.168.1.{number % CLIENTS + 1}", sender, recipient, Content((*header, "", *text))


def submit(client: str, sender: str, recipient: str, content: Content) -> Decision[bool]:
    """A mail program's session: six round trips; whether the message was taken."""
    connection = yield Connect("192.0.2.10", 25, 30.0, client)
    if type(connection) is ConnectFailure:
        return False
    reply = yield Receive(connection)
    for step in (
        Command("EHLO", "pc.domain.ork"), Command("MAIL", f"FROM:<{sender}>"), Command("RCPT", f"TO:<{recipient}>"),
        Command("DATA"), Data(content),
    ):  # fmt: skip
        if type(reply) is Lost or reply.kind > 3:
            break
        reply = (yield Send(connection, (step,), (300.0,)))[0]
    taken = type(reply) is not Lost and reply.kind == 2
    if type(reply) is Lost or reply.closes:
        yield Close(connection)
    else:
        yield Send(connection, (Command("QUIT"),), (300.0,))
    return taken


def _start(world: World, n: int, rate: float, seed: int) -> None:
    """Let people write."""
    office = world.hosts["office"]

    def source() -> Decision[None]:
        for gap, client, sender, recipient, content in messages(n, rate, seed):
            yield Sleep(gap)
            now = yield Level()
            world.clock.spawn(office, submit(client, sender, recipient, content), now)

    world.clock.spawn(office, source(), 0.0)


def run(
    n: int,
    rate: float,
    seed: int = 1,
    remember: bool = True,
    recorded: bool = True,
    weather: Weather | None = None,
    others: Others = a_postfix,
    told: Callable[[World], None] = lambda world: None,
) -> World:
    """Run it until all is delivered or given up.

    Args:
        n: messages.
        rate: messages a second.
        seed, remember, weather, others: as in `build`.
        recorded: whether what happens is kept.
        told: called from time to time, to say how far it has come.
    """
    world = build(rate, seed, remember, weather, others)
    if not recorded:
        world.journal.append = lambda row: None
    _start(world, n, rate, seed)
    relay = world.hosts["mail.domain.ork"].master
    assert relay is not None
    while True:
        world.run(world.now + STRIDE_S)
        told(world)
        if world.now > n / rate and not (relay.spool.incoming or relay.spool.active or relay.spool.deferred):
            return world


def wait(n: int, rate: float, seed: int = 1) -> World:
    """Run it with no destination up until all that was written waits."""
    world = build(rate, seed, weather=Never())
    _start(world, n, rate, seed)
    world.run(n / rate + 60.0)
    return world
