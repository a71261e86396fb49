"""What is found out at a glance is what a closer look finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmail.mail.address import PLAIN, quote_local
from simmail.mail.tokens import internalize, scan
from simmail.postfix.expand import Expander
from simmail.postfix.smtpd import token
from simmail.postfix.tables.literal import needed

LINES = st.text(alphabet='<>@:."\\[]() \tabFROM:TO:=+-', max_size=40) | st.from_regex(
    r"(FROM|to): ?<[a-z.@]*>( [A-Z]+=[a-z0-9;]+)*", fullmatch=True
)


@pytest.mark.parametrize(
    ("pattern", "options", "text"),
    [
        (r"^(.*)name\=\"(.*)\.exe\"$", "", 'name="'),
        ("^Subject: FREE offer", "", "subject: free offer"),
        ("viagra|cialis", "", ""),
        ("buy (now|later) please", "", " please"),
        ("colou?r", "", "colo"),
        ("a{2}bc", "", "bc"),
        ("(ab)+c", "", ""),
        (r"\bword\b", "", ""),
        (r"x\d\d yes", "", " yes"),
        ("one two", "x", ""),
        ("[abc]def[^x]gh", "", "def"),
        (".*a.*b.*c", "", ""),
        ("(?i)abc", "", ""),
        (r"[\]a|b]abc", "", ""),
        (r"\<word", "", ""),
    ],
)
def test_what_a_pattern_cannot_do_without(pattern: str, options: str, text: str) -> None:
    """The text that must stand in whatever a pattern matches is read from the pattern, where that is safe."""
    assert needed(pattern, frozenset(options)) == text


@given(st.text(alphabet="ab.*+?^$()[]|\\{}1,", max_size=8), st.text(alphabet="abAB1.", max_size=12))
def test_nothing_matches_without_it(pattern: str, subject: str) -> None:
    """No text matches in which the needed one does not stand."""
    try:
        found = re.search(pattern, subject, re.IGNORECASE | re.DOTALL)
    except re.error:
        return
    if found:
        assert needed(pattern, frozenset()) in subject.lower()


@given(LINES)
def test_words_of_a_command(line: str) -> None:
    """A line that is cut at a glance is cut as any other."""
    assert token.words(line) == token._one_by_one(line)


@given(LINES | st.from_regex(r"(FROM|to): ?<?[a-z0-9_+=.@-]{1,20}>?( [A-Z]+(=[a-z0-9;]+)?)*", fullmatch=True))
def test_the_path_of_a_command(line: str) -> None:
    """A plain path, and the parameters behind it, are read as any other."""
    words = token._one_by_one(line)
    keyword = words[0].text.lower() if len(words) > 1 else ""
    for wanted in ("from:", "to:"):
        found = token.addressed(line, wanted)
        if keyword != wanted:
            assert found is None
            continue
        assert found is not None
        text, domain, parameters = found
        assert text == (words[1].text if words[1].complete else "")
        assert parameters == [word.text for word in words[2:]]
        if domain:
            address = text[1:-1]
            assert token.path(text) == (address, address, 1, False, True)
            assert address.rpartition("@")[2] == domain


@given(st.from_regex(PLAIN, fullmatch=True))
def test_plain_addresses_have_one_form(address: str) -> None:
    """A plain address needs no quotes and stays as it is when it is taken apart."""
    assert quote_local(address) == address
    assert internalize(scan(address), False) == address


@given(st.lists(st.sampled_from(["$a", "${b}", "$(c)", "$$", "x", "/", "${a?x}", "${", "$", "_"]), max_size=6))
def test_names_alone_expand_as_all_do(pieces: list[str]) -> None:
    """A text of names alone comes out as any other."""
    text = "".join(pieces)

    def outcome(glance: bool) -> tuple[object, list[str]]:
        said: list[str] = []
        values = {"a": "1/", "b": None, "c": ""}
        expander = Expander(lambda name, use: values.get(name), said.append, recurse=False, allowed="1x")
        if glance:
            return expander.expand(text), said
        return expander.closely(text), said

    assert outcome(True) == outcome(False)
