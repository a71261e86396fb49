"""NAME
    byte_pattern - patterns of IPv4 addresses: 127.0.0.[2..11;15]

DESCRIPTION
    Four octets, each a number or, in brackets, numbers and ranges separated by semicolons: what a DNS list has to
    answer to be believed.

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
        tokens = [(m.lastindex, m.group(), m.end()) for m in _TOKEN.finditer(text)]
        reader = _Reader(text, tokens)
        octets: list[frozenset[int]] = []
        for number in range(4):
            octets.append(reader.octet())
            if number < 3:
                reader.expect(".")
        if reader.at < len(tokens):
            raise reader.wrong()
        return cls((octets[0], octets[1], octets[2], octets[3]))

    def matches(self, address: str) -> bool:
        """Whether an IPv4 address, text, fits."""
        parts = address.split(".")
        return len(parts) == 4 and all(
            part.isdigit() and int(part) in octet for part, octet in zip(parts, self.octets, strict=True)
        )


class _Reader:
    def __init__(self, text: str, tokens: list[tuple[int | None, str, int]]) -> None:
        self.text, self.tokens, self.at = text, tokens, 0

    def wrong(self) -> BadPattern:
        end = self.tokens[self.at - 1][2] if self.at else 0
        token = self.tokens[self.at][1] if self.at < len(self.tokens) else ""
        return BadPattern(f'bad DNSBL filter syntax: syntax error at "{self.text[:end]}>{token}<"')

    def next(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def expect(self, text: str) -> None:
        if self.next() != text:
            raise self.wrong()
        self.at += 1

    def number(self) -> int:
        text = self.next()
        if not text.isdigit() or int(text) > 255:
            raise self.wrong()
        self.at += 1
        return int(text)

    def octet(self) -> frozenset[int]:
        if self.next() != "[":
            return frozenset({self.number()})
        self.at += 1
        found: set[int] = set()
        while True:
            first = last = self.number()
            if self.next() == "..":
                self.at += 1
                last = self.number()
            found.update(range(first, last + 1))
            if self.next() == "]":
                self.at += 1
                return frozenset(found)
            self.expect(";")
