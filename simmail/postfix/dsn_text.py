"""NAME
    dsn_text - enhanced status codes at the head of a text

SEE ALSO
    dsn_util(3), RFC 3463
"""

from __future__ import annotations

import re

_DSN = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?=[ \t\r\n\v\f]|\Z)")


def dsn_split(text: str, default: str) -> tuple[str, str]:
    """The enhanced status code that a text begins with, else `default`; and the rest of the text."""
    text = text.lstrip()
    match = _DSN.match(text)
    if match is None:
        return default, text
    return match.group(1), text[match.end() :].lstrip()


def dsn_prepend(default: str, text: str) -> str:
    """A text that begins with an enhanced status code: its own, or `default`.

    The class of a code of its own is that of the default where that is needed: `2.1.5` in a refusal stays what it is.
    """
    code, rest = dsn_split(text, default)
    return f"{code} {rest}"
