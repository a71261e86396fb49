"""Parameters of MAIL and RCPT that need decoding (RFC 1870, RFC 3461)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: The largest SIZE that a server of today can count (2^63 - 1).
MAX_SIZE = 2**63 - 1

_HEX = re.compile(r"\+([0-9A-Fa-f]{2})")
_NOTIFY = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})
_BETWEEN = re.compile(r"[, \t\r\n]+")
_STRAY = re.compile(r"\+(?![0-9A-Fa-f]{2})")
_TO_ENCODE = re.compile(r"[^!-~]|[+=]")


def decode_xtext(text: str) -> str | None:
    """The text that xtext (RFC 3461 section 4) stands for; None where it is malformed.

    >>> decode_xtext("joe+40example.com")
    'joe@example.com'
    """
    if "+" not in text:
        return text
    if _STRAY.search(text):
        return None
    octets = _HEX.sub(lambda m: chr(int(m[1], 16)), text)
    try:
        return octets.encode("latin-1").decode("utf-8", "surrogateescape") if _HEX.search(text) else text
    except UnicodeEncodeError:
        return octets


@lru_cache(maxsize=8192)
def encode_xtext(text: str) -> str:
    """A text as xtext.

    >>> encode_xtext("a+b=c")
    'a+2Bb+3Dc'
    """
    return _TO_ENCODE.sub(lambda found: f"+{ord(found[0]):02X}", text)


class Asked(NamedTuple):
    """What a value of NOTIFY comes to.

    Args:
        words: `NEVER` or any of `SUCCESS`, `FAILURE`, `DELAY`; empty where the value makes no sense.
        unknown: the first word that is none of these, as it stands there; "" where there is none.
    """

    words: frozenset[str] = frozenset()
    unknown: str = ""

    def gripe(self, value: str) -> str:
        """What the log says of the unknown word."""
        return f'unknown DSN NOTIFY command value "{self.unknown}" in "{value}"'


def notify_set(text: str) -> Asked:
    """What NOTIFY asks for (RFC 3461 section 4.1).

    >>> sorted(notify_set("success,delay").words)
    ['DELAY', 'SUCCESS']
    >>> notify_set("success,Always").unknown
    'Always'
    """
    words = [word for word in _BETWEEN.split(text) if word]
    unknown = next((word for word in words if word.upper() not in _NOTIFY), "")
    asked = frozenset(word.upper() for word in words)
    if unknown or ("NEVER" in asked and len(asked) > 1):
        return Asked(unknown=unknown)
    return Asked(asked)
