"""Perl-compatible patterns, as `grep -P` has them, run by the engine of `pcre:` tables."""

from __future__ import annotations

from simmail.postfix.tables import pcre
from simmail.postfix.tables.patterns import BadPattern, Compiled, MatchFailed
from simmail.userland.regex.pattern import Match
from simmail.userland.regex.tree import PatternError

#: The options of a `pcre:` table's pattern that grep has not: they are on there unless they are named.
PLAIN, FOLDED = frozenset("is"), frozenset("s")
#: What stands around a pattern that is to match whole words, or a whole line.
WORDS = (r"(?<!\w)(?:", r")(?!\w)")
WHOLE = ("^(?:", ")$")


class PerlPattern:
    """A pattern ready for use on lines, octet by octet.

    Args:
        text: the pattern.
        fold: whether letters of either case are the same.
        words, whole: whether it is to match whole words, whole lines.

    Raises:
        PatternError: for what is no pattern, and where there is no engine.
    """

    def __init__(self, text: str, fold: bool, words: bool, whole: bool) -> None:
        if pcre.is_substitute():
            raise PatternError("Perl matching not supported in a --disable-perl-regexp build")
        self._options = FOLDED if fold else PLAIN
        self._text = _octets(text)
        self._compiled(self._text)  # a pattern like a)(b is no better for what is put around it
        for before, after in [WORDS] * words + [WHOLE] * whole:
            self._text = before.encode() + self._text + after.encode()
        self._tester = self._compiled(self._text)
        self._finders: dict[int, Compiled] = {}

    def _compiled(self, text: bytes) -> Compiled:
        try:
            return pcre.engine()(text, self._options, True)
        except BadPattern as error:
            raise PatternError(str(error).partition(": ")[2]) from None

    def test(self, line: str) -> bool:
        """Whether a line matches.  Raises PatternError where that takes too long to tell."""
        return _search(self._tester, _octets(line), False) is not None

    def search(self, line: str, position: int) -> Match | None:
        """The first match at or behind a place, with what stands before it in view."""
        data = _octets(line)
        first = len(_octets(line[:position]))
        finder = self._finders.get(first)
        if finder is None:
            # the engine tells what matched, and not where: hence the rest of the line, as the last group
            finder = self._compiled(b"\\A(?s:.{%d,}?)\\K(?:%b)((?s:.*))\\z" % (first, self._text))
            self._finders[first] = finder
        groups = _search(finder, data, True)
        if not groups:
            return None
        start, end = (len(_text(data[: len(data) - len(rest or b"")])) for rest in (groups[0], groups[-1]))
        return Match(line, (start, end))


def _search(compiled: Compiled, data: bytes, captures: bool) -> list[bytes | None] | None:
    try:
        found = compiled.search(data, captures)
    except MatchFailed:
        raise PatternError("exceeded PCRE's backtracking limit") from None
    return None if found is None else list(found)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
