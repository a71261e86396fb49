"""Network patterns, `address` or `network/length`, as cidr tables and address lists write them."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import NamedTuple

from simmail.postfix.tables.split import SPACE


class Address(NamedTuple):
    """An IP address as a number; `bits` is 32 or 128."""

    bits: int
    value: int


@lru_cache(4096)
def parse_address(text: str) -> Address | None:
    """The address that `text` spells, or None (inet_pton(3): no leading zeros, no zone)."""
    try:
        if ":" not in text:
            return Address(32, int(ipaddress.IPv4Address(text)))
        if "%" in text:
            return None
        return Address(128, int(ipaddress.IPv6Address(text)))
    except ValueError:
        return None


def show_address(address: Address) -> str:
    """The address in its usual form (inet_ntop(3))."""
    kind = ipaddress.IPv4Address if address.bits == 32 else ipaddress.IPv6Address
    return str(kind(address.value))


class BadNetwork(ValueError):
    """A pattern that is no network; its text is what Postfix says."""


class Network(NamedTuple):
    """A network pattern: addresses of its family match where `value & mask == network`, or do not if negated."""

    bits: int
    network: int
    mask: int
    positive: bool = True

    def matches(self, address: Address) -> bool:
        """Whether `address` is of this family and in (or, negated, outside) the network."""
        return address.bits == self.bits and ((address.value & self.mask) == self.network) is self.positive

    @classmethod
    def parse(cls, pattern: str) -> Network:
        """Read `!192.168.0.0/16`, `[2001:db8::]/32`, `[2001:db8::/32]`, `192.168.1.1`.  Raises BadNetwork."""
        text = pattern.lstrip("!")
        positive = (len(pattern) - len(text)) % 2 == 0
        text = text.lstrip(SPACE)
        if not text:
            raise BadNetwork("no address pattern")
        text = _without_brackets(text)
        host, slash, length = text.partition("/")
        bits = 128 if ":" in host else 32
        if not slash:
            address = parse_address(host)
            if address is None:
                raise BadNetwork(f'bad address pattern: "{host}"')
            return cls(bits, address.value, (1 << bits) - 1, positive)
        if not (length.isascii() and length.isdigit()):
            raise BadNetwork(f'bad mask value in "{text}"')
        if len(length) > 9 or int(length) > bits:
            raise BadNetwork(f'bad mask length in "{text}"')
        address = parse_address(host)
        if address is None:
            raise BadNetwork(f'bad network value in "{text}"')
        mask = ((1 << int(length)) - 1) << (bits - int(length))
        if address.value & ~mask:
            better = show_address(Address(bits, address.value & mask))
            raise BadNetwork(
                f'non-null host address bits in "{text}", perhaps you should use "{better}/{int(length)}" instead'
            )
        return cls(bits, address.value, mask, positive)


def _without_brackets(text: str) -> str:
    """`[network/length]` and `[network]/length` as `network/length`.  Raises BadNetwork."""
    if not text.startswith("["):
        return text
    inner, bracket, rest = text[1:].partition("]")
    if not bracket:
        raise BadNetwork(f"missing ']' character after \"[{inner}\"")
    if rest and not rest.startswith("/"):
        raise BadNetwork(f'garbage after "[{inner}]"')
    return inner + rest
