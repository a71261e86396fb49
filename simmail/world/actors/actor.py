"""What all actors share: a name, a spec from `world.yaml`, streams of chance of their own, a place on the network."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import Field

from simmail.dns.resolver import Resolver
from simmail.files.machine import Machine
from simmail.mail.answers import DnsRecord
from simmail.mail.errors import InputError
from simmail.mail.hostnames import reverse_name
from simmail.world.actors.figures import Figures
from simmail.world.chance import keyed
from simmail.world.schema import Part

if TYPE_CHECKING:
    from random import Random

    from simmail.mail.questions import Decision
    from simmail.world.host import Host
    from simmail.world.world import World


class ActorSpec(Part):
    """What `world.yaml` says of every actor."""

    site: str = Field(description="the site where its computers are connected")


Spec = TypeVar("Spec", bound=ActorSpec)


class Actor(Generic[Spec]):
    """Somebody who does things in a world.

    Args:
        world: the world.
        name: what `world.yaml` calls it.
        spec: what `world.yaml` says of it.
    """

    def __init__(self, world: World, name: str, spec: Spec) -> None:
        self.world, self.name, self.spec = world, name, spec

    @property
    def figures(self) -> Figures:
        """The world's figures."""
        return self.world.figures

    def settle(self) -> None:
        """Take a place on the network: hosts, addresses, names.  All actors settle before the first one starts."""

    def start(self) -> None:
        """Begin to live."""

    def stream(self, *purpose: str) -> Random:
        """A stream of chance for one purpose of this actor alone."""
        return self.world.rng("actor", self.name, *purpose)

    def drawn(self, *cause: str) -> float:
        """A number from 0 to 1 that belongs to a cause, whatever else happens."""
        return keyed(self.world.seed, self.name, *cause)

    def host(self, name: str, addresses: tuple[str, ...], latency: float = 0.005) -> Host:
        """A computer of this actor's at its site.

        Args:
            name: the host's name.
            addresses: IPv4 addresses.
            latency: to the site, seconds one way.

        Raises:
            InputError: for addresses that another host has.
        """
        machine = Machine(name, (*addresses, "127.0.0.1"), calendar=self.world.calendar)
        resolver = Resolver(self.world.zones)
        try:
            host = self.world.add_host(name, machine, resolver)
        except ValueError as error:
            raise InputError(f"actors.{self.name}", str(error), "give each actor addresses of its own") from None
        self.world.network.link(name, self.spec.site, latency)
        return host

    def live(self, host: Host, decision: Decision[Any], begin: float = 0.0) -> None:
        """Let a decision take its course on a host, from `begin` (s) on."""
        self.world.clock.spawn(host, decision, max(begin, self.world.now))


def addresses_of(network: str, count: int, where: str) -> list[str]:
    """The first `count` addresses of a network that hosts can have.

    Args:
        network: `198.51.100.0/24`.
        count: how many.
        where: the field that named it, for the message.

    Raises:
        InputError: for what is no network, or too small a one.
    """
    try:
        found = ipaddress.ip_network(network)
    except ValueError as error:
        raise InputError(where, str(error), "write a network as in 198.51.100.0/24") from None
    if found.num_addresses - 2 < count:
        raise InputError(where, f"{network} has room for {max(0, found.num_addresses - 2)} hosts, not for {count}")
    first = int(found.network_address) + 1
    return [str(ipaddress.ip_address(first + number)) for number in range(count)]


#: How long resolvers may keep the records of what lives in a world, seconds.
TTL = 3600


def name_in_dns(world: World, name: str, address: str, pointer: str | None = None) -> None:
    """Give an address a name and a name an address.

    Args:
        world: whose DNS.
        name: gets an A record; "" for none.
        address: the address.
        pointer: what the address's PTR record says; the name by default, "" for no PTR record.
    """
    if name:
        world.zones.add(DnsRecord(name, "A", address, TTL))
    reverse = name if pointer is None else pointer
    if reverse:
        world.zones.add(DnsRecord(reverse_name(address), "PTR", reverse, TTL))
