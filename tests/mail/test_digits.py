"""Numbers in untrusted files may have any number of digits."""

from __future__ import annotations

import pytest

from simmail.mail.digits import whole


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-0042", -42),
        ("+7", 7),
        ("000", 0),
        ("0" * 5000 + "5", 5),
        ("9" * 5000, 10**100),
        ("-" + "1" * 101, -(10**100)),
    ],
)
def test_whole(text: str, number: int) -> None:
    """Signs and leading zeros are as in life; what is far too long is a googol, not an error."""
    assert whole(text) == number


@pytest.mark.parametrize("text", ["1x", "x" * 200, "1 2"])
def test_what_is_no_number(text: str) -> None:
    """Anything else is an error."""
    with pytest.raises(ValueError, match="invalid literal"):
        whole(text)
