"""What a server says it can do, and how arguments of extensions travel (RFC 5321 section 4.1.1.1, RFC 3461)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_TO_ENCODE = re.compile(r"[^!-~]|[+=]")


@lru_cache(maxsize=4096)
def first_word(line: str) -> str:
    """The first word of a line, in lower case; "" where there is none."""
    words = line.split(None, 1)
    return words[0].lower() if words else ""


@lru_cache(maxsize=4096)
def offered(lines: tuple[str, ...], discarded: frozenset[str]) -> Mapping[str, str]:
    """The keywords that EHLO's reply offers, in upper case -> their arguments."""
    found: dict[str, str] = {}
    for line in lines[1:]:
        keyword, _, argument = line.lstrip(" -").replace("=", " ", 1).partition(" ")
        if keyword.upper() not in discarded:
            found[keyword.upper()] = argument.strip()
    return found


@lru_cache(maxsize=8192)
def xtext(text: str) -> str:
    """A value of the DSN extension as it travels (RFC 3461 section 4)."""
    return _TO_ENCODE.sub(lambda found: f"+{ord(found[0]):02X}", text)
