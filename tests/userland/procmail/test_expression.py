"""procmail's own regular expressions."""

from __future__ import annotations

import pytest

from simmail.userland.procmail.expression import Expression
from simmail.userland.regex import PatternError

HEAD = "From: x@y\nSubject: a 12 b 34\n\n"

MATCHES = [
    ("^^From", HEAD, True),
    ("^^Subject", HEAD, False),
    ("34$$^^", HEAD, True),
    ("34$^^", HEAD, False),
    ("34$", HEAD, True),
    ("subject", HEAD, True),
    ("c^^", "abc", True),
    ("c$^^", "abc", False),
    ("^^^^", "", True),
    ("^$", "", True),
    (r"a\>", "a", True),
    (r"x\<a", "xa", False),
    ("[^b]$", "a\nb", True),
    ("a.b", "a\nb", False),
    ("a{2}", "aa", False),
    ("[[:alpha:]]x", "a:]x", True),
    ("(a|b)?c+", "cc", True),
    ("[abc", "b", True),
    ("^FROM_MAILER", "From: Postmaster <postmaster@a.example>\n\n", True),
    ("^FROM_DAEMON", "Precedence: bulk\n\n", True),
    ("^FROM_MAILER", "Precedence: bulk\n\n", False),
    ("^TO_bob@", "Cc: al@a.example, bob@b.example\n\n", True),
    ("^TO_bob@", "Cc: al@a.example, xbob@b.example\n\n", False),
]
"""Expression, what is searched, whether procmail 3.22 finds it."""

CAPTURES = [
    (r"Subject: .*\/[0-9]+", HEAD, "12"),
    (r"^(Subject|X):.*\/[a-z]", HEAD, "a"),
    (r"^Sub(j|\/ect)", HEAD, None),
]

COUNTS = [
    ("[0-9]+", HEAD, 4),
    ("x*", HEAD, None),
    ("^.*$", "From a\na\na\n", 4),
    ("^a$", "From a\na\na\n", 2),
    ("^a", "aaab", 1),
    ("^^a", "aaab", 1),
    ("z", "aaab", 0),
]


@pytest.mark.parametrize(("text", "searched", "found"), MATCHES)
def test_matches(text: str, searched: str, found: bool) -> None:
    """Line ends, anchors and word ends are characters, as the real one has it."""
    assert Expression(text).matches(searched) is found


@pytest.mark.parametrize(("text", "searched", "match"), CAPTURES)
def test_captures(text: str, searched: str, match: str | None) -> None:
    r"""MATCH is as long as can be behind a left part as short as can be."""
    assert Expression(text).captured(searched) == match


@pytest.mark.parametrize(("text", "searched", "count"), COUNTS)
def test_counts(text: str, searched: str, count: int | None) -> None:
    """Weighted conditions count the shortest matches, each behind the one before."""
    assert Expression(text).count(searched) == count


@pytest.mark.parametrize("text", ["(a", "a)", "(" * 100 + "a"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    """Parentheses must pair, and not be nested beyond all measure."""
    with pytest.raises(PatternError):
        Expression(text)


def test_no_expression_takes_for_ever() -> None:
    """What makes other engines try every way through a text does not here, or is given up."""
    text = "a" * 3_000
    for expression in ("(a+)+$b", "(a|a)*b", "(a*)*b", "(.*a){12}b"):
        try:
            assert not Expression(expression).matches(text)
        except PatternError:
            continue
