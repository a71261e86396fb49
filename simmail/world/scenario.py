"""`world.yaml`: what it may say, and messages with file and line where it says something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from simmail.files.machine import SYSTEM_ACCOUNTS
from simmail.mail.errors import InputError, Location
from simmail.world import yaml_file
from simmail.world.actors.kinds import AnySpec
from simmail.world.faults import FaultSpec
from simmail.world.schema import HostName, Moment, Octets, Part, Seconds
from simmail.world.speed import Speed

USUAL = Speed()

SYSTEM_USERS = tuple(account.name for account in SYSTEM_ACCOUNTS)


class Link(Part):
    """A link between two sites, or a site and a host."""

    between: tuple[str, str] = Field(description="the two ends")
    latency: Seconds = Field(0.010, ge=0, description="one way, for example 20ms")
    bandwidth: Octets = Field(12_500_000.0, gt=0, description="for example 2Mbit/s")
    loss: float = Field(0.0, ge=0, lt=1, description="the part of packets lost")


class SpeedSpec(Part):
    """How fast a mail server is; by default as fast as a small one that was measured."""

    queue_file: Seconds = Field(default=USUAL.queue_file, ge=0, description="of the disk, to write a queue file safely")
    mailbox: Seconds = Field(default=USUAL.mailbox, ge=0, description="of the disk, to append to a mailbox")
    receiving: Seconds = Field(default=USUAL.receiving, ge=0, description="of a processor, to take a message in")
    delivering: Seconds = Field(default=USUAL.delivering, ge=0, description="of a processor, to manage and deliver it")
    processors: int = Field(default=USUAL.processors, ge=1, description="how many there are")


class HostSpec(Part):
    """A computer; it runs Postfix where hosts/NAME/etc/postfix has a main.cf."""

    site: str = Field(description="where it is connected")
    address: str | list[str] = Field(description="its IP address, or several")
    latency: Seconds = Field(0.0005, ge=0, description="to its site, one way")
    bandwidth: Octets = Field(12_500_000.0, gt=0, description="to its site")
    disk_free: Octets = Field(10e9, ge=0, description="what is free on its disk, for example 2GB")
    hostname: str = Field("", description="what the machine calls itself; the name here by default")
    users: dict[str, str] = Field(default_factory=dict, description="login name: full name")
    setup: list[str] = Field(default_factory=list, description="commands run before its Postfix starts")
    mailboxes: dict[str, str] = Field(
        default_factory=dict, description="whose mailbox can be fetched from by POP3 and IMAP: login name: password"
    )
    starts: dict[str, list[str]] = Field(
        default_factory=dict, description="what users start when the host is up: login name: [fetchmail -d 300]"
    )
    behind: str = Field("", description="the gateway whose address its connections to elsewhere show (NAT)")
    forwards: dict[int, str] = Field(default_factory=dict, description="ports handed on to a host behind: {25: NAME}")
    hides_clients: bool = Field(False, description="whether what it hands on seems to come from itself")
    resolver_latency: Seconds = Field(0.030, ge=0, description="to an answer of DNS")
    resolver_timeout: Seconds = Field(10.0, ge=0, description="until DNS is given up")
    resolver_public: bool = Field(False, description="whether it asks a resolver that serves anybody")
    speed: SpeedSpec = Field(default_factory=SpeedSpec, description="what a message costs there")


class Letter(Part):
    """A message that somebody writes at a given time."""

    at: Moment = Field(description="when: 9:05, or 300s after the start")
    to: str | list[str] = Field(description="the recipients' addresses")
    subject: str = ""
    text: str = ""


class Person(Part):
    """Somebody with a mail program."""

    name: str = Field("", description="full name")
    address: str = Field(description="mail address")
    computer: str = Field(description="the host of the mail program")
    submits_to: str = Field(description="the host that takes its mail")
    port: int = 25
    mailbox: str = Field("", description="the host where the mailbox is; the one it submits to by default")
    login: str = Field("", description="the mailbox's user; the address's local part by default")
    fetches: Seconds | None = Field(None, gt=0, description="how often the mailbox is looked into; never by default")
    writes: list[Letter] = Field(default_factory=list)


class Scenario(Part):
    """A world."""

    title: str
    about: str = ""
    start: datetime = Field(description="what the calendar shows at second 0")
    length: Seconds = Field(3600.0, gt=0, description="how long a run takes")
    study: str = Field("", description="the host under study")
    sites: list[str] = Field(min_length=1)
    links: list[Link] = Field(default_factory=list)
    hosts: dict[HostName, HostSpec]
    people: dict[str, Person] = Field(default_factory=dict)
    faults: list[FaultSpec] = Field(default_factory=list)
    actors: dict[str, AnySpec] = Field(default_factory=dict, description="who else lives here")
    figures: dict[str, float] = Field(
        default_factory=dict, description="figures that differ from the measured ones, by name"
    )


#: What would do where there is no `world.yaml`, and how it begins.
_MISSING, _BEGINNING = "a world is a folder with a world.yaml in it", "title: ..."


def place(path: Path, field: Sequence[Any]) -> Location:
    """The line of a field in a `world.yaml` that has been read; `field`: the steps that lead to it."""
    return Location(str(path), yaml_file.line(yaml_file.tree(path, _MISSING, _BEGINNING), field))


def read(path: Path) -> Scenario:
    """Read and check a `world.yaml`.

    Raises:
        InputError: with file and line of each thing that is wrong.
    """
    name = str(path)
    tree = yaml_file.tree(path, _MISSING, _BEGINNING)
    try:
        scenario = Scenario.model_validate(yaml_file.plain(tree))
    except ValidationError as error:
        raise yaml_file.located(error, tree, name, _fields(), _in_file) from None
    if scenario.start.tzinfo is None:
        scenario.start = scenario.start.replace(tzinfo=UTC)
    _check_names(scenario, tree, name)
    return scenario


def _in_file(path: tuple[Any, ...]) -> tuple[Any, ...]:
    """A place in the file: pydantic names an actor's kind behind its name, and has `[key]` behind a wrong one."""
    if path[-1] == "[key]":
        path = path[:-1]
    return (*path[:2], *path[3:]) if path[0] == "actors" and len(path) > 2 else path


def _fields() -> list[str]:
    """The names of all fields, for a suggestion."""
    models: tuple[type[BaseModel], ...] = (Scenario, HostSpec, Person, Link, Letter, FaultSpec, SpeedSpec)
    return sorted({field for model in models for field in model.model_fields})


def _check_names(scenario: Scenario, tree: Any, name: str) -> None:
    """Every site, host and link end that is named is there."""
    sites, hosts = list(scenario.sites), list(scenario.hosts)
    known = {"site": sites, "host": hosts, "site or host": [*sites, *hosts]}
    known |= {f"user of {host}": [*spec.users, *SYSTEM_USERS] for host, spec in scenario.hosts.items()}
    for what, word, path in _named(scenario):
        if word not in known[what]:
            raise InputError(
                Location(name, yaml_file.line(tree, path)),
                f"{'.'.join(map(str, path))}: there is no {what} {word!r}",
                (yaml_file.meant(word, known[what]).lstrip("; ") or f"there are: {', '.join(known[what])}"),
            )


def _named(scenario: Scenario) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """What the parts of a world name: what it must be, the name, and where it stands."""
    yield from _named_by_hosts(scenario)
    for number, link in enumerate(scenario.links):
        for end in link.between:
            yield "site or host", end, ("links", number, "between")
    if scenario.study:
        yield "host", scenario.study, ("study",)
    for login, person in scenario.people.items():
        for field in ("computer", "submits_to", "mailbox"):
            if host := getattr(person, field):
                yield "host", host, ("people", login, field)
    for number, fault in enumerate(scenario.faults):
        for what, word, field in fault.names():
            yield what, word, ("faults", number, field)
    for actor, does in scenario.actors.items():
        yield "site", does.site, ("actors", actor, "site")


def _named_by_hosts(scenario: Scenario) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    for host, spec in scenario.hosts.items():
        yield "site", spec.site, ("hosts", host, "site")
        if spec.behind:
            yield "host", spec.behind, ("hosts", host, "behind")
        for port, inner in spec.forwards.items():
            yield "host", inner, ("hosts", host, "forwards", port)
        for field in ("mailboxes", "starts"):
            for user in getattr(spec, field):
                yield f"user of {host}", user, ("hosts", host, field, user)
