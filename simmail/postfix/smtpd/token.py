"""NAME
    smtpd.token - words of an SMTP command

DESCRIPTION
    A command line is cut at white space, but not within `<...>`, which may be nested, or quotes; `FROM:` and `TO:` end
    a word of their own, whether or not a blank follows.  Envelope addresses are read leniently: brackets
    may be missing, comments and names may stand around the address, and a source route is thrown away.

PARAMETERS
    strict_rfc821_envelopes (read by smtpd)

SEE ALSO
    RFC 5321 section 4.1.2
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from simmail.mail.address import PLAIN
from simmail.mail.tokens import Address, internalize, parse

_CLOSES = {"<": ">", '"': '"'}
_SPACE = frozenset(" \t\r\n\v\f")
_KEYWORDS = ("to:", "from:")
#: A line in which every word is what stands between blanks: a keyword, a path, parameters.
_SIMPLE = re.compile(r"((?:to|from):)[ \t]*(<[^\s\\\"<>()\[\]]*>)((?:[ \t]+[^\s\\\"<>()\[\]:]+)*)", re.IGNORECASE)
#: The same with a plain address, and parameters of printable ASCII.
_PLAIN = re.compile(
    rf"(to:|from:)[ \t]*(<{PLAIN.pattern}>)((?:[ \t]+[!#-'*-9;=?-Z^-~]+)*)", re.IGNORECASE | re.ASCII
)  # fmt: skip


class Word(NamedTuple):
    """One word of a command.

    Args:
        text: as it was written, quotes and brackets included.
        complete: False where a bracket or quote was left open.
    """

    text: str
    complete: bool = True


def words(line: str) -> tuple[Word, ...]:
    """The words of a command line.

    >>> [word.text for word in words("MAIL FROM: <a b@c> SIZE=1")]
    ['MAIL', 'FROM:', '<a b@c>', 'SIZE=1']
    """
    simple = _SIMPLE.fullmatch(line)
    if simple is not None:
        keyword, path, parameters = simple.groups()
        return (Word(keyword), Word(path), *map(Word, parameters.split()))
    return _one_by_one(line)


def _one_by_one(line: str) -> tuple[Word, ...]:
    """The words of any line."""
    found: list[Word] = []
    at = 0
    while True:
        word, at = _word(line, at)
        if word is None:
            return tuple(found)
        found.append(word)


def _word(line: str, at: int) -> tuple[Word | None, int]:
    out: list[str] = []
    complete = True
    end = len(line)
    while at < end:
        char = line[at]
        if char in _SPACE:
            at += 1
            if out:
                break
        elif char in _CLOSES:
            part, at, complete = _bracketed(line, at)
            out.append(part)
        else:
            if char == "\\":
                out.append(char)
                at += 1
                if at == end:
                    break
                char = line[at]
            out.append(char)
            at += 1
            if char == ":" and "".join(out).lower() in _KEYWORDS:
                break
    return (Word("".join(out), complete), at) if out else (None, at)


def _bracketed(line: str, start: int) -> tuple[str, int, bool]:
    """The text from an opening bracket or quote to where it is closed; nested ones are skipped."""
    stack = [_CLOSES[line[start]]]
    at, end = start + 1, len(line)
    while at < end:
        char = line[at]
        at += 1
        if char == "\\":
            if at == end:
                break
            at += 1
        elif char == stack[-1]:
            stack.pop()
            if not stack:
                return line[start:at], at, True
        elif stack[-1] != '"' and char in _CLOSES:
            stack.append(_CLOSES[char])
    return line[start:at], at, False


def addressed(line: str, keyword: str) -> tuple[str, str, Sequence[str]] | None:
    """The path and the parameters of MAIL or RCPT.

    Args:
        line: what stands behind the verb.
        keyword: `from:` or `to:`.

    Returns:
        The path as it was written, "" where a bracket or quote was left open; the domain of a plain address in
        brackets, "" for any other; and the parameters.  None where there is no path.

    >>> addressed("FROM:<joe@example.com> SIZE=1", "from:")
    ('<joe@example.com>', 'example.com', ['SIZE=1'])
    """
    plain = _PLAIN.fullmatch(line)
    if plain is not None:
        first, text, _, domain, parameters = plain.groups()
        return (text, domain, parameters.split()) if first.lower() == keyword else None
    found = words(line)
    if len(found) < 2 or found[0].text.lower() != keyword:
        return None
    return found[1].text if found[1].complete else "", "", [option.text for option in found[2:]]


class Path(NamedTuple):
    """The address in a MAIL, RCPT or VRFY command.

    Args:
        address: in internal form; "" for `<>`.
        external: what stood between the brackets.
        addresses: how many addresses were there.
        junk: whether anything else was.
        bracketed: whether it began with `<`.
    """

    address: str
    external: str
    addresses: int
    junk: bool
    bracketed: bool


def path(text: str) -> Path:
    """Take the address out of a word.

    >>> path("<@relay.example:joe@example.com>").address
    'joe@example.com'
    """
    inner = text[1:-1] if len(text) > 1 and text[0] == "<" and text[-1] == ">" else text
    external = inner
    if inner.startswith("@"):
        _, colon, behind = inner.partition(":")
        if colon:
            inner = behind
    found: Address | None = None
    count, junk = 0, False
    for item in parse(inner):
        if isinstance(item, Address):
            found, count = item, count + 1
        elif item.kind not in "<>":
            junk = True
    address = internalize(found.tokens, found.spaced) if found is not None else ""
    return Path(address, external, count, junk, text.startswith("<"))
