"""Names in values: one that grows without end is given up, with a warning, in no time."""

from __future__ import annotations

import pytest

from simmail.postfix.expand import LENGTH_LIMIT, Expander, Expansion


def expanded(values: dict[str, str], text: str) -> tuple[Expansion, list[str]]:
    """A text with names expanded by these values, and what was complained of."""
    said: list[str] = []
    return Expander(lambda name, used: values.get(name), said.append).expand(text), said


def tens(first: str, levels: int) -> dict[str, str]:
    """Values each of which has the one before in it ten times."""
    return {"a0": first, **{f"a{n}": f"$a{n - 1}" * 10 for n in range(1, levels)}}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (tens("x" * 34, 9), "unreasonable number of macro calls"),
        (tens("", 9), "unreasonable number of macro calls"),
        (tens("x" * 1_000_000, 3), "unreasonable length of macro expansion"),
    ],
)
def test_a_value_without_end_is_given_up(values: dict[str, str], words: str) -> None:
    """Whether it would fill the memory or only take forever."""
    found, said = expanded(values, f"$a{len(values) - 1}")
    assert found.failed
    assert [words in line for line in said] == [True]
    assert len(found.text) <= LENGTH_LIMIT


def test_long_values_are_values() -> None:
    """A thousand references, and a million characters, are nothing special."""
    found, said = expanded(tens("x" * 1000, 4), "$a3")
    assert (len(found.text), found.failed, said) == (1_000_000, False, [])
