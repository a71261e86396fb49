"""What may stand where a host is named: domain names, IP addresses, address literals (RFC 5321 section 4.1.3)."""

from __future__ import annotations

import ipaddress
import re
from encodings.idna import nameprep
from functools import lru_cache

MAX_NAME = 255
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMERIC = re.compile(r"[0-9.]+")


#: Letters that IDNA 2008 keeps, and that of 2003, which Python knows, makes others of or leaves out.
_KEPT = re.compile("([\xdf\u03c2\u200c\u200d])")


def ascii_name(name: str, transitional: bool = False) -> str:
    """A domain name as DNS carries it: non-ASCII labels in their A-label form; unchanged where they have none.

    Args:
        name: a domain name.
        transitional: whether the few letters that IDNA 2008 keeps become what IDNA 2003 made of them.
    """
    if name.isascii():
        return name
    try:
        if transitional or _KEPT.search(name) is None:
            return name.encode("idna").decode("ascii")
        return ".".join(map(_a_label, name.split(".")))
    except UnicodeError:
        return name


def _a_label(label: str) -> str:
    pieces = _KEPT.split(label)
    if len(pieces) == 1:
        return label.encode("idna").decode("ascii")
    kept = "".join(piece if number % 2 else nameprep(piece) for number, piece in enumerate(pieces))
    return "xn--" + kept.encode("punycode").decode("ascii")


@lru_cache(maxsize=8192)
def valid_hostname(name: str) -> bool:
    """Whether `name` can be a host's domain name; one of digits and dots alone cannot."""
    name = ascii_name(name)
    if not name or len(name) > MAX_NAME or _NUMERIC.fullmatch(name):
        return False
    return all(map(_LABEL.fullmatch, name.split(".")))


def hostname_fault(name: str, wildcard: bool = False) -> str:
    """What is wrong with a host's name, in the words of the log; "" for nothing.

    Args:
        name: the name.
        wildcard: whether its first label may be `*`.

    >>> hostname_fault("a.b-.example")
    'misplaced hyphen: a.b-.example'
    """
    octets = name.encode("utf-8", "surrogateescape")
    shown = octets[:100].decode("utf-8", "replace")
    if not octets:
        return "empty hostname"
    label, numeric = 0, True
    for position, octet in enumerate(octets):
        character, ends = chr(octet), octets[position + 1 : position + 2] in (b"", b".")
        if character == ".":
            if not label or position + 1 == len(octets):
                return f"misplaced delimiter: {shown}"
            label = 0
        elif character == "-":
            label += 1
            numeric = False
            if label == 1 or ends:
                return f"misplaced hyphen: {shown}"
        elif octet < 128 and (character.isalnum() or character == "_"):
            label += 1
            numeric &= character.isdigit()
            if label > 63:
                return f"hostname label too long: {shown}"
        elif character == "*" and wildcard:
            label, numeric = 1, False
            if position or not ends:
                return f"'*' can be the first label only: {shown}"
        else:
            return f"invalid character {octet}(decimal): {shown}"
    if numeric:
        return f"numeric hostname: {shown}"
    return f"bad length {len(octets)} for {shown}..." if len(octets) > MAX_NAME else ""


@lru_cache(maxsize=8192)
def valid_ipv4(text: str) -> bool:
    """Whether `text` is an IPv4 address of four decimal numbers, the first not 0."""
    fields = text.split(".")
    return (
        len(fields) == 4
        and all(field.isascii() and field.isdigit() and int(field) < 256 for field in fields)
        and (int(fields[0]) > 0 or all(int(field) == 0 for field in fields))
    )


def ipv4_fault(text: str) -> str:
    """What is wrong with an IPv4 address, in the log's words; "" for nothing.

    >>> ipv4_fault("1..2.3")
    'misplaced dot: 1..2.3'
    """
    count = octet = 0
    inside = False
    for index, char in enumerate(text):
        if char in "0123456789":
            count += not inside
            octet = octet * 10 + int(char) if inside else int(char)
            inside = True
            if octet > 255:
                return f"invalid octet value: {text}"
        elif char == ".":
            if not inside or index == len(text) - 1:
                return f"misplaced dot: {text}"
            if count == 1 and octet == 0 and text.strip("0."):
                return f"bad initial octet value: {text}"
            inside = False
        else:
            return f"invalid character {ord(char)}(decimal): {text}"
    return "" if count == 4 else f"invalid octet count: {text}"


def ipv6_fault(text: str) -> str:
    """What is wrong with an IPv6 address, in the log's words; "" for nothing, or what is not put into words."""
    for char in text:
        if char not in "0123456789abcdefABCDEF:.":
            return f"invalid character {ord(char)}(decimal) in IPv6 address: {text}"
    if text.count("::") > 1:
        return f"too many `::' in IPv6 address: {text}"
    if text.count(":") < 2:
        return f"too few `:' in IPv6 address: {text}"
    return ""


def literal_fault(text: str) -> str:
    """What is wrong with the inside of an address literal, in the log's words; "" for nothing."""
    if text[:5].lower() == "ipv6:":
        fault = ipv6_fault(text[5:])
        return f"valid_ipv6_hostaddr: {fault}" if fault else ""
    fault = ipv4_fault(text)
    return f"valid_ipv4_hostaddr: {fault}" if fault else ""


def valid_ipv6(text: str) -> bool:
    """Whether `text` is an IPv6 address."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def valid_address(text: str) -> bool:
    """Whether `text` is an IP address."""
    return valid_ipv6(text) if ":" in text else valid_ipv4(text)


def literal_address(text: str) -> str | None:
    """The IP address of a bare literal's inside: `192.0.2.1`, `IPv6:2001:db8::1`; None where it is none."""
    if text[:5].lower() == "ipv6:":
        return text[5:] if valid_ipv6(text[5:]) else None
    return text if valid_ipv4(text) else None


def valid_literal(text: str) -> bool:
    """Whether `text` is an address literal with its brackets."""
    return len(text) > 2 and text[0] == "[" and text[-1] == "]" and literal_address(text[1:-1]) is not None


def reverse_name(address: str) -> str:
    """The name below which an address has its PTR record (RFC 1035 section 3.5, RFC 3596 section 2.5).

    >>> reverse_name("192.0.2.1")
    '1.2.0.192.in-addr.arpa'
    """
    return ipaddress.ip_address(address).reverse_pointer
