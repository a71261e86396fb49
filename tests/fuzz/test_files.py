"""Whatever stands in a host's files, it is read or refused in words that say where: no traceback, no hang, no flood."""

from __future__ import annotations

import random
import re
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from simmail.files.invocation import Invocation
from simmail.files.machine import LOOPBACK, Machine
from simmail.mail.driver import decide
from simmail.mail.errors import Fatal
from simmail.mail.questions import Note
from simmail.postfix.commands import COMMANDS
from simmail.postfix.not_simulated import unsimulated
from simmail.postfix.programs import PROGRAMS
from simmail.postfix.system import MailSystem
from tests.fuzz.mutations import MAIN_CF, MASTER_CF, SEEDS, mutant

SHORT, LONG, PARTS = 2_000, 100_000, 20
#: Seconds after which a file is said to hang.
PATIENCE = 20.0
MEGABYTES = 200
#: What a complaint names: a file, a parameter, a table, a service.
LOCATED = re.compile(r"/etc/postfix|[a-z0-9_]+ ?[=:]|parameter|table|macro|private/|no such program")
KEYS = ("192.168.1.1", "2001:db8::1", "a@bot.example", "Subject: one buy", "a" * 18 + "b", "")


class Hangs(Exception):
    """A file took too long."""


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Whatever takes longer than PATIENCE for one file fails; `one` winds the clock."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def computer(name: str, text: str) -> Machine:
    """A machine with one strange file among good ones."""
    machine = Machine("mail.domain.ork", ("192.0.2.10", *LOOPBACK))
    machine.add_user("vmail")
    files = {"main.cf": MAIN_CF[0], "master.cf": MASTER_CF[0], "access": "a b\n", name: text}
    for file, content in files.items():
        machine.files.write(f"/etc/postfix/{file}", content)
    machine.files.write("/etc/aliases", "postmaster: root\n")
    return machine


def located(text: str, machine: Machine) -> None:
    """A complaint has to name what it is about, or to quote a word of the files by which it can be found."""
    files = "".join(machine.files.read(f"/etc/postfix/{name}") for name in ("main.cf", "master.cf"))
    assert LOCATED.search(text) or any(word in files for word in re.findall(r"[^\s\"':;,]{3,}", text)), text


def run(machine: Machine, *argv: str, stdin: str = "") -> None:
    """Run a command; it ends with a status, and what it dies of says where."""
    invocation = Invocation(argv, machine, stdin)
    try:
        status = decide(COMMANDS[argv[0]](invocation), {Note: lambda question: None})
    except Fatal as fatal:
        status = fatal.status
        invocation.complain(f"fatal: {fatal.text}")
    assert status == 0 or status in (1, 75)
    for line in "".join(invocation.err).splitlines():
        if "fatal: " in line:
            located(line, machine)


def daemons(machine: Machine) -> None:
    """Start Postfix and each of its programs."""
    said: list[str] = []
    try:
        system = MailSystem(machine, PROGRAMS, lambda level, text: said.append(text))
    except Fatal as fatal:
        located(fatal.text, machine)
        return
    for service in system.master.services.values():
        try:
            system.program(service.name, service.type)
        except Fatal as fatal:
            located(fatal.text, machine)


def configuration(name: str) -> Callable[[str], None]:
    """What reads main.cf or master.cf."""

    def read(text: str) -> None:
        machine = computer(name, text)
        run(machine, "postconf", "-n")
        run(machine, "postconf", "-x", "mydestination", "smtpd_recipient_restrictions", "mynetworks", "relay_domains")
        run(machine, "postconf", "-M")
        run(machine, "postconf", "-Px")
        unsimulated(machine)
        daemons(machine)

    return read


def tables(*types: str) -> Callable[[str], None]:
    """What reads tables of these types."""

    def read(text: str) -> None:
        machine = computer("access", text)
        for type in types:
            command = "postalias" if type == "aliases" else "postmap"
            spec = f"{'hash' if type == 'aliases' else type}:/etc/postfix/access"
            if type in ("hash", "btree", "aliases"):
                run(machine, command, spec)
                run(machine, command, "-s", spec)
            run(machine, command, "-q", "-", spec, stdin="\n".join(KEYS) + "\n")

    return read


READERS = {
    "main.cf": configuration("main.cf"),
    "master.cf": configuration("master.cf"),
    "access": tables("hash", "aliases", "texthash", "cidr"),
    "patterns": tables("pcre", "regexp"),
}


def fuzz(kind: str, number: int, seed: str) -> None:
    """Read so many mutants; the mistake of one is told with its seed and its text."""
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for i in range(number):
        text = mutant(kind, random.Random(f"{seed}/{kind}/{i}"))
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        try:
            READERS[kind](text)
        except Exception as error:
            raise AssertionError(f"{seed}/{kind}/{i}: {type(error).__name__}: {error}\n{text}") from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MEGABYTES * 1024


@pytest.mark.parametrize(
    "text",
    [
        f"virtual_alias_maps = {'unionmap:{' * 2000}static:x{'}' * 2000}\n",
        f"virtual_alias_maps = {'proxy:' * 5000}hash:/etc/aliases\n",
        f"mydestination = {'{' * 5000}\n",
        f"relay_domains = {'${mydomain?{' * 500}a{'}}' * 500}\n",
        f"message_size_limit = {'9' * 5000}\n",
        "myhostname = mail.$mydomain\n",
    ],
    ids=["tables", "proxies", "braces", "conditions", "digits", "circle"],
)
def test_what_was_found_once(text: str) -> None:
    """Settings that a reader has stumbled over before."""
    READERS["main.cf"](text)


@pytest.mark.parametrize("kind", SEEDS)
def test_mutated_files_are_read_or_refused(kind: str) -> None:
    """Two thousand files in all."""
    fuzz(kind, SHORT // len(SEEDS), "short")


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", SEEDS)
def test_many_mutated_files_are_read_or_refused(kind: str, part: int) -> None:
    """A hundred thousand files in all."""
    fuzz(kind, LONG // len(SEEDS) // PARTS, f"long{part}")


@pytest.mark.parametrize("kind", SEEDS)
def test_seeds_are_read_without_complaint(kind: str) -> None:
    """What the mutants come from is sound, so that they reach far into the readers."""
    for text in SEEDS[kind]:
        READERS[kind](text)
