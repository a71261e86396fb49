"""Queue files are named, and lie in the folders, that a real Postfix would give them."""

from __future__ import annotations

import pytest

from simmail.postfix.queue_id import Hashing, long, short

#: Names that a real Postfix gave -> time (s since 1970), inode, and folders at a depth of two.
LONG_NAMES = {"4jb1rq3JZPz1r": (1795709803.4666695, 95, "7/1/"), "4jb1rr1dm0z27": (1795709804.2319205, 109, "3/8/")}


@pytest.mark.parametrize("name", LONG_NAMES)
def test_long_names_are_those_of_a_real_postfix(name: str) -> None:
    """A long name tells second, microsecond and inode, and its folders go by the microsecond."""
    now, inode, folders = LONG_NAMES[name]
    assert long(now, inode) == name
    assert Hashing(depth=2).folder("deferred", name) == folders


def test_short_names_lie_where_their_first_characters_say() -> None:
    """A queue that is not spread has no folders, and one that is has as many as the depth, for short names, too."""
    name = short(12.75, 0x41001)
    assert name == "B71B041001"
    assert Hashing().path("deferred", name) == "deferred/B/B71B041001"
    assert Hashing().path("hold", name) == "hold/B71B041001"
    assert Hashing(frozenset({"hold"}), 3).path("hold", "AB") == "hold/A/B/_/AB"
