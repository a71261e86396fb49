"""NAME
    byte_pattern - patterns of IPv4 addresses: 127.0.0.[2..11;15]

DESCRIPTION
    Four octets, each a number or, in brackets, numbers and ranges separated by semicolons: what a DNS list has to
    answer to be believed.  Brackets around all of it mean nothing.

SEE ALSO
    ip_match(3), postconf(5): reject_rbl_client, postscreen_dnsbl_sites
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(r"(\d+)|(\.\.)|(.)", re.ASCII | re.DOTALL)


class BadPattern(ValueError):
    """A pattern that cannot be read; `text` is the log's complaint."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class BytePattern(NamedTuple):
    """A pattern; for each octet the values that match."""

    octets: tuple[frozenset[int], frozenset[int], frozenset[int], frozenset[int]]

    @classmethod
    def parse(cls, text: str) -> BytePattern:
        """Read a pattern.  Raises BadPattern."""
        text = _bare(text)
        if not text:
            raise BadPattern("empty address pattern")
        tokens = [(m.lastindex, m.group(), m.end()) for m in _TOKEN.finditer(text)]
        reader = _Reader(text, tokens)
        octets: list[frozenset[int]] = []
        for number in range(4):
            octets.append(reader.octet())
            if number < 3:
                reader.expect(".")
        if reader.at < len(tokens):
            raise reader.wrong("garbage after pattern")
        return cls((octets[0], octets[1], octets[2], octets[3]))

    def matches(self, address: str) -> bool:
        """Whether an IPv4 address, text, fits."""
        parts = address.split(".")
        return len(parts) == 4 and all(
            part.isdigit() and int(part) in octet for part, octet in zip(parts, self.octets, strict=True)
        )


def _bare(text: str) -> str:
    """A pattern without brackets around all of it.  Raises BadPattern for one that never closes."""
    if not text.startswith("["):
        return text
    level = 0
    for position, char in enumerate(text):
        level += (char == "[") - (char == "]")
        if not level:
            return text[1:position] if position == len(text) - 1 else text
    raise BadPattern('missing "]" character')


class _Reader:
    def __init__(self, text: str, tokens: list[tuple[int | None, str, int]]) -> None:
        self.text, self.tokens, self.at = text, tokens, 0

    def wrong(self, what: str) -> BadPattern:
        """The complaint about the token that comes next."""
        start = self.tokens[self.at - 1][2] if self.at else 0
        token = self.next()
        text, end = self.text, start + len(token)
        return BadPattern(f'{what} at "{text[:start]}>{token}<{text[end:]}"')

    def next(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def expect(self, text: str) -> None:
        if self.next() != text:
            raise self.wrong(f'need "{text}"')
        self.at += 1

    def is_number(self) -> bool:
        text = self.next()
        return text.isdigit() and int(text) <= 255

    def number(self, what: str) -> int:
        if not self.is_number():
            raise self.wrong(what)
        self.at += 1
        return int(self.tokens[self.at - 1][1])

    def octet(self) -> frozenset[int]:
        if self.next() != "[":
            return frozenset({self.number('need decimal number 0..255 or "["')})
        self.at += 1
        found: set[int] = set()
        while True:
            first = last = self.number("need decimal number 0..255")
            if self.next() == "..":
                self.at += 1
                if not self.is_number() or int(self.next()) < first:
                    raise self.wrong("numeric range error")
                last = self.number("numeric range error")
            found.update(range(first, last + 1))
            if self.next() == "]":
                self.at += 1
                return frozenset(found)
            if self.next() != ";":
                raise self.wrong('need ";" or "]"')
            self.at += 1
