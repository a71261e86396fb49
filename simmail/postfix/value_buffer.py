"""NAME
    value_buffer - what lies in memory behind a value

DESCRIPTION
    Postfix looks for the text of a refusal one octet behind its enhanced status code.  Of a value that ends in the code
    that is behind the value's end: `REJECT 5.7.1` shows what the buffer held before, where that was longer, and
    the filling of memory that nobody has written to, octets of all ones, which log and client see as blanks.

    Compiled tables (hash, btree) and those behind proxymap(8) have such a buffer each, in each process; the actions of
    all policy servers have one.  A nexthop has a new one each time, and so has the refusal of what is on a DNS list.

BUGS
    Tables that give their values away as they hold them (inline, texthash, cidr, static, patterns) have whatever memory
    happens to lie there: here nothing.  Patterns that put what they matched into their values show blanks in life.

SEE ALSO
    vstring(3), dsn_util(3), access(5)
"""

from __future__ import annotations

import re

#: What such a value ends in.
STATUS = re.compile(r"\s[245]\.\d{1,3}\.\d{1,3}\Z", re.ASCII)
FILLING = b"\xff"
#: The room of a new buffer, octets.
ROOM = 10


class ValueBuffer:
    """A buffer for one value after the other, which grows and never shrinks.

    Args:
        room: for so many octets, at first.
    """

    __slots__ = ("_octets",)

    def __init__(self, room: int = ROOM) -> None:
        self._octets = bytearray(FILLING * room)

    def hold(self, value: str) -> str:
        """Put a value into the buffer; the text that is found behind its end."""
        octets, held = value.encode("utf-8", "surrogateescape"), self._octets
        size, room = len(octets), len(held)
        while room < size:
            room *= 2
        held += FILLING * (room - len(held))
        held[: size + 1] = octets + b"\0" if size < room else octets
        behind = bytes(held[size + 1 :]).partition(b"\0")[0].lstrip()
        return behind.replace(FILLING, b" ").decode("utf-8", "surrogateescape")
