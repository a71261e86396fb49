"""Addresses: splitting, quoting and extensions (RFC 5321 section 4.1.2, RFC 5322 section 3.4.1).

An address has two forms: the *internal* one, `joe smith@example.com`, which tables and programs work with, and the
*external* one, `"joe smith"@example.com`, which travels in commands and headers.
"""

from __future__ import annotations

import re
from functools import lru_cache

_DOT_STRING = re.compile(r'[^\x00-\x20\x7f()<>@,;:\\"\[\].]+(?:\.[^\x00-\x20\x7f()<>@,;:\\"\[\].]+)*')
#: An address that is the same in both forms, its local part of letters, digits and harmless marks.
PLAIN = re.compile(r"([A-Za-z0-9_+=]+(?:[-.][A-Za-z0-9_+=]+)*)@([A-Za-z0-9]+(?:[-.][A-Za-z0-9]+)*)", re.ASCII)
_ESCAPED = re.compile(r'["\\\r]')
#: Local parts that no delimiter splits.
RESERVED = frozenset({"postmaster", "mailer-daemon", "double-bounce"})


@lru_cache(1024)
def split_plain(address: str) -> tuple[str, str] | None:
    """The local part and the domain of an address that PLAIN describes; None for any other.

    >>> split_plain("joe@example.com")
    ('joe', 'example.com')
    """
    found = PLAIN.fullmatch(address)
    return None if found is None else (found[1], found[2])


@lru_cache(maxsize=8192)
def quote_local(address: str, bare: bool = False) -> str:
    """The external form of an internal address: the local part in quotes where it is no dot-string.

    Args:
        address: the internal form; a source route before it (`@a,@b:`) stays as it is.
        bare: the address has no domain, and an `@` in it is an ordinary character.

    >>> quote_local("joe smith@example.com")
    '"joe smith"@example.com'
    """
    start = address.find(":") + 1 if address.startswith("@") else 0
    end = -1 if bare else address.rfind("@", start)
    if end < 0:
        end = len(address)
    local = address[start:end]
    if _DOT_STRING.fullmatch(local):
        return address
    escaped = _ESCAPED.sub(lambda match: "\\" + match.group(), local)
    return f'{address[:start]}"{escaped}"{address[end:]}'


def unquote_local(address: str) -> str:
    """The internal form of an external address; what stands behind the last unquoted `@` is left alone.

    >>> unquote_local('"joe smith"@example.com')
    'joe smith@example.com'
    """
    if '"' not in address and "\\" not in address:
        return address
    start = address.find(":") + 1 if address.startswith("@") else 0
    out: list[str] = []
    quoted = False
    at: tuple[int, int] | None = None
    index = start
    while index < len(address):
        char = address[index]
        if char == '"':
            quoted = not quoted
            index += 1
            continue
        if char == "@" and not quoted:
            at = (len(out), index)
        elif char == "\\":
            index += 1
            if index == len(address):
                break
            char = address[index]
        out.append(char)
        index += 1
    if at is not None:
        return address[:start] + "".join(out[: at[0]]) + address[at[1] :]
    return address[:start] + "".join(out)


def split_extension(local: str, delimiters: str, owner_request: bool = True) -> tuple[str, str]:
    """A local part without its extension, and the extension without its delimiter ("" for none, too).

    Args:
        local: the local part.
        delimiters: recipient_delimiter, any character of which delimits.
        owner_request: whether `owner-list` and `list-request` are names of their own (owner_request_special).

    >>> split_extension("joe+lists", "+-")
    ('joe', 'lists')
    """
    if not delimiters or local.lower() in RESERVED:
        return local, ""
    if owner_request and "-" in delimiters:
        lowered = local.lower()
        if lowered.startswith("owner-") or (len(lowered) > 8 and lowered.endswith("-request")):
            return local, ""
    for index, char in enumerate(local):
        if char in delimiters:
            if index == 0:
                break
            return local[:index], local[index + 1 :]
    return local, ""


def strip_extension(address: str, delimiters: str, owner_request: bool = True) -> tuple[str, str]:
    """An address without its extension, and the extension with its delimiter ("" where there is none).

    >>> strip_extension("joe+lists@example.com", "+")
    ('joe@example.com', '+lists')
    """
    local, at, domain = address.rpartition("@")
    if not at:
        local, domain = address, ""
    base, _ = split_extension(local, delimiters, owner_request)
    return base + at + domain, local[len(base) :]
