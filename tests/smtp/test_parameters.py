"""Parameters of MAIL and RCPT."""

from __future__ import annotations

import pytest

from simmail.smtp.parameters import Asked, notify_set


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("NEVER", Asked(frozenset({"NEVER"}))),
        ("success,Delay", Asked(frozenset({"SUCCESS", "DELAY"}))),
        ("", Asked()),
        (",", Asked()),
        ("never,success", Asked()),
        ("SUCCESS,Sometimes,Always", Asked(unknown="Sometimes")),
    ],
)
def test_notify_is_a_set_of_words_or_tells_the_first_unknown_one(value: str, asked: Asked) -> None:
    """What makes no sense asks for nothing; an unknown word is told as it was written."""
    assert asked == notify_set(value)
