"""Parameters of MAIL and RCPT that need decoding (RFC 1870, RFC 3461)."""

from __future__ import annotations

import re

#: The largest SIZE that a server of today can count (2^63 - 1).
MAX_SIZE = 2**63 - 1

_HEX = re.compile(r"\+([0-9A-Fa-f]{2})")
_STRAY = re.compile(r"\+(?![0-9A-Fa-f]{2})")


def decode_xtext(text: str) -> str | None:
    """The text that xtext (RFC 3461 section 4) stands for; None where it is malformed.

    >>> decode_xtext("joe+40example.com")
    'joe@example.com'
    """
    if _STRAY.search(text):
        return None
    octets = _HEX.sub(lambda m: chr(int(m[1], 16)), text)
    try:
        return octets.encode("latin-1").decode("utf-8", "surrogateescape") if _HEX.search(text) else text
    except UnicodeEncodeError:
        return octets


def encode_xtext(text: str) -> str:
    """A text as xtext.

    >>> encode_xtext("a+b=c")
    'a+2Bb+3Dc'
    """
    return "".join(
        chr(octet) if 33 <= octet <= 126 and octet not in b"+=" else f"+{octet:02X}"
        for octet in text.encode("utf-8", "surrogateescape")
    )


def notify_set(text: str) -> frozenset[str] | None:
    """What NOTIFY asks for, `NEVER` or any of `SUCCESS,FAILURE,DELAY`; None where that makes no sense.

    >>> sorted(notify_set("success,delay"))
    ['DELAY', 'SUCCESS']
    """
    words = [word for word in re.split(r"[, \t]+", text.upper()) if word]
    asked = frozenset(words)
    if not asked or not asked <= {"NEVER", "SUCCESS", "FAILURE", "DELAY"} or ("NEVER" in asked and len(asked) > 1):
        return None
    return asked
