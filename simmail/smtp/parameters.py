"""Parameters of MAIL and RCPT that need decoding (RFC 1870, RFC 3461, RFC 6533)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: The largest SIZE that a server of today can count (2^63 - 1).
MAX_SIZE = 2**63 - 1

_HEX = re.compile(rb"\+([0-9A-Fa-f]{2})")
_NOTIFY = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})
_BETWEEN = re.compile(r"[, \t\r\n]+")
_STRAY = re.compile(r"\+(?![0-9A-Fa-f]{2})")
_TO_ENCODE = re.compile(r"[^!-~]|[+=]")
_CODE_POINT = re.compile(r"\\x\{(?:([0-9A-Fa-f]*)\})?")
_TO_POINT_AT = re.compile(r"[^!-~]|[+=\\]")


def decode_xtext(text: str) -> str | None:
    """The text that xtext (RFC 3461 section 4) stands for, up to a NUL; None where it is malformed.

    >>> decode_xtext("joe+40example.com")
    'joe@example.com'
    """
    if "+" not in text:
        return text
    if _STRAY.search(text):
        return None
    octets = _HEX.sub(lambda m: bytes.fromhex(m[1].decode()), text.encode("utf-8", "surrogateescape"))
    return octets.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def encode_xtext(text: str) -> str:
    """A text as xtext: what must not stand there octet by octet.

    >>> encode_xtext("a+b=é")
    'a+2Bb+3D+C3+A9'
    """
    return _TO_ENCODE.sub(lambda m: "".join(f"+{octet:02X}" for octet in m[0].encode("utf-8", "surrogateescape")), text)


def decode_orcpt(kind: str, text: str) -> str | None:
    r"""The address that stands in ORCPT, up to a NUL; None where it is malformed.

    Args:
        kind: the type of the address: those of `utf-8` are in the form of RFC 6533 section 3, all others in xtext.
        text: the address as it stands there.

    >>> decode_orcpt("utf-8", r"jos\x{E9}@example.com")
    'josé@example.com'
    """
    if kind.lower() != "utf-8":
        return decode_xtext(text)
    try:
        return _CODE_POINT.sub(_pointed_at, text).partition("\0")[0]
    except (ValueError, OverflowError):
        return None


def _pointed_at(found: re.Match[str]) -> str:
    """The letter of a code point; raises ValueError or OverflowError where it is none."""
    if found[1] is None:
        raise ValueError(found[0])
    # octets that UTF-8 has no letter for are one by one in a text
    return chr(int(found[1] or "0", 16)).encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")


@lru_cache(maxsize=8192)
def encode_orcpt(kind: str, address: str) -> str:
    r"""An address as it stands in ORCPT: one of type `utf-8` up to the first octet that is not UTF-8.

    >>> encode_orcpt("utf-8", "josé+x@example.com")
    'jos\\x{E9}\\x{2B}x@example.com'
    """
    if kind.lower() != "utf-8":
        return encode_xtext(address)
    octets = address.encode("utf-8", "surrogateescape")
    try:
        text = octets.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        text = octets[: error.start].decode("utf-8", "surrogatepass")
    return _TO_POINT_AT.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", text)


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
