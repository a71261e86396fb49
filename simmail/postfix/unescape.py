"""NAME
    unescape - undo the escapes of the C language

DESCRIPTION
    `\\a \\b \\f \\n \\r \\t \\v` are control characters, `\\` and up to three octal digits any character; before all
    else a backslash is left out, and so is one at the end.

SEE ALSO
    unescape(3)
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|([\s\S]?))")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescape(text: str) -> str:
    r"""A text without its escapes.

    >>> unescape(r"a\041\q\\")
    'a!q\\'
    """

    def plain(match: re.Match[str]) -> str:
        if match.group(1):
            return chr(int(match.group(1), 8) & 0xFF)
        return _ESCAPES.get(match.group(2), match.group(2))

    return _ESCAPE.sub(plain, text)
