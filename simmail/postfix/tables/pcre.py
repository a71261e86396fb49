"""NAME
    pcre - tables of Perl-compatible patterns

DESCRIPTION
    Patterns are run by PCRE2 itself, through the package `pcre2`, within its own limits: a pattern that backtracks
    without end is given up after ten million steps (some 30 ms).  Where the package is missing, a translation
    (`simmail.postfix.tables.translate`) stands in for it, and says so.

    Options behind a pattern: i, m, s, x, A, E, U; i and s are on unless given.

DIAGNOSTICS
    pcre map /etc/postfix/header_checks, line 1: error in regex at offset 9: missing closing parenthesis
    pcre map /etc/postfix/header_checks, line 2: match limit exceeded

BUGS
    The package's PCRE2 is newer than Debian's: it takes a lookbehind of variable length, and knows no \\C.

SEE ALSO
    pcre_table(5)
"""

from __future__ import annotations

import re
from typing import Any

from simmail.postfix.tables import translate
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.patterns import BadPattern, Compiled, Dialect, Engine, Groups, MatchFailed, open_patterns
from simmail.postfix.tables.table import Table, TableEnvironment

try:
    from pcre2 import _cy
except ImportError:  # a platform without it: translate.py stands in
    _cy = None

DIALECT = Dialect("pcre", "imsxAEU", "X", "ignoring", "out of range", second=False)

#: PCRE2's bits of the options; i and s are on where they are not given.
BITS = {"i": 0x8, "m": 0x400, "s": 0x20, "x": 0x80, "A": 0x80000000, "E": 0x10, "U": 0x40000}
USUALLY = BITS["i"] | BITS["s"]
#: What the package switches on of itself: JavaScript's escapes, and no \C.
UNWANTED = 0x2 | 0x100000
JIT_STACK = -46


class _Pattern:
    """A pattern compiled by PCRE2, for octets."""

    __slots__ = ("_code", "_context", "_pattern", "_plain", "groups")

    def __init__(self, pattern: bytes, bits: int) -> None:
        self._pattern = (pattern, bits)
        self._code = _cy.compile(pattern, bits, UNWANTED)
        _cy.jit_compile(self._code)
        self._context = _cy.create_match_context()
        self._plain: Any = None
        self.groups: int = _cy.pattern_capture_count(self._code)

    def search(self, subject: bytes, captures: bool) -> Groups | None:
        """The first match."""
        try:
            data = _cy.match(self._code, subject, len(subject), 0, self._context, 0)[0]
        except _cy.LibraryError as error:
            if error.code != JIT_STACK:
                raise MatchFailed(error.msg) from None
            data = self._interpreted(subject)
        if data is None:
            return None
        if not captures:
            return ()
        return [_cy.match_substring_bynumber(data, subject, number) for number in range(self.groups + 1)]

    def _interpreted(self, subject: bytes) -> Any:
        """The match without machine code, whose stack is too small for it."""
        if self._plain is None:
            pattern, bits = self._pattern
            self._plain = _cy.compile(pattern, bits, UNWANTED)
        try:
            return _cy.match(self._plain, subject, len(subject), 0, self._context, 0)[0]
        except _cy.LibraryError as error:
            raise MatchFailed(error.msg) from None


def _with_pcre2(pattern: bytes, options: frozenset[str], captures: bool) -> Compiled:
    bits = USUALLY
    for letter in options:
        bits ^= BITS[letter]
    plain, added = _without_news(pattern)
    try:
        return _Pattern(plain, bits)
    except _cy.PatternError as error:
        text = error.msg.split("; ", 1)[1]
        offset = _offset(plain, error.code, error.pos)
        offset -= sum(place < offset for place in added)
        raise BadPattern(f"error in regex at offset {offset}: {TEXTS.get(text, text)}") from None
    except _cy.LibraryError as error:
        raise BadPattern(f"error in regex at offset 0: {error.msg}") from None


# ---- PCRE2 10.43 and later have more quantifiers than 10.42 (Debian 12's), and point behind a mistake, not before it

_NEW_QUANTIFIER = re.compile(
    rb"""(\\.)
      | (\{)(?= ,\d+\}                                # {,2}
             | [\ \t]+\d*,?[\ \t]*\d*[\ \t]*\}       # { 2}
             | \d+[\ \t]+,?[\ \t]*\d*[\ \t]*\}       # {2 ,3}
             | \d*,[\ \t]*\d*[\ \t]+\} )            # {2,3 }
      | (\{)(?= \d+,[\ \t]+\d*\} )                  # {2, 3}
    """,
    re.DOTALL | re.VERBOSE,
)


def _without_news(pattern: bytes) -> tuple[bytes, list[int]]:
    """The pattern with `{,2}` and `{ 2 }` as the characters they are to 10.42, and where backslashes were added."""
    if b"{" not in pattern or b"\\Q" in pattern:
        return pattern, []
    added: list[int] = []

    def escape(match: re.Match[bytes]) -> bytes:
        if match.group().startswith(b"\\"):
            return match.group()
        added.append(match.start() + len(added))
        return b"\\{"

    return _NEW_QUANTIFIER.sub(escape, pattern), added


TEXTS = {
    "length of lookbehind assertion is not limited": "lookbehind assertion is not fixed length",
    "atomic assertion expected after (?( or (?(?C)": "assertion expected after (?( or (?(?C)",
}
_ONE_BEFORE = frozenset({103, 107, 108, 109, 111, 122, 128, 144, 164, 167})
_REFERENCE = re.compile(rb"\\(?:\d+|g\{?[-+]?\d+\}?)\Z")


def _offset(pattern: bytes, code: int, position: int) -> int:
    """The offset that PCRE2 10.42 would tell."""
    before = pattern[:position]
    if code in (112, 130):
        return before.rfind(b"[:") + (0 if code == 112 else 2)
    if code == 113:
        return max(before.rfind(b"[."), before.rfind(b"[="))
    if code == 150 and before.endswith(b":]"):
        return before.rfind(b"[:") + 1
    if code == 150:
        return position - before.endswith(b"-")
    if code == 115:
        return position - bool(_REFERENCE.search(before))
    if code == 137:
        return position - before.endswith(b"{")
    return position - (code in _ONE_BEFORE)


def is_substitute() -> bool:
    """Whether a translation stands in for the real engine."""
    return _cy is None


def engine() -> Engine:
    """The engine in use."""
    return _with_pcre2 if not is_substitute() else translate.pcre


def open_pcre(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `pcre:/file` or `pcre:{{rule}, {rule}}`."""
    return open_patterns(DIALECT, engine(), name, environment, flags)
