"""Content that smtp(8) lets leave at a glance leaves as it does line by line."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmail.mail.content import Content
from simmail.mail.message import Message
from simmail.postfix.outgoing import Outgoing
from tests.postfix.bench import Bench
from tests.postfix.test_cleanup_content import MESSAGES

#: What says how a part is encoded, and lines that end no header.
PIECES = st.sampled_from(
    (
        "Content-Transfer-Encoding: 8bit", "content-transfer-encoding:binary", "Content-Transfer-Encoding: 7bit",
        "Content-Type: message/rfc822", "Content-Type: multipart/mixed; boundary=b", "--b", "--b--", "X: 1", "X : 1",
        "X\t: 1", " more", "", "no header", "a = b", "f\u00fcr", "\udcff", "a\0b: c", "a\rb", "y" * 90,
    )
)  # fmt: skip


@cache
def outgoing(main_cf: str) -> Outgoing:
    """What an smtp(8) of that configuration does to mail."""
    found = Bench(main_cf).system.program("smtp").outgoing
    assert isinstance(found, Outgoing)
    return found


@pytest.mark.parametrize("main_cf", ["", "header_size_limit = 60\n", "smtp_line_length_limit = 40\n"])
@given(MESSAGES | st.lists(PIECES, max_size=9).map(tuple))
@settings(max_examples=150)
def test_what_stays_as_it_is_for_a_server_without_8bitmime(main_cf: str, lines: tuple[str, ...]) -> None:
    """Of a content that says nowhere that it is not 7-bit no line is looked at, and none would change."""
    out = outgoing(main_cf)
    message = Message(sender="joe@domain.ork", content=Content(lines), queue_id="Q1")
    found = []
    for idle in (True, False):
        out.idle = idle
        found.append((out.content(message, True).lines, len(out.program.pending)))
        out.program.pending.clear()
    assert found[0] == found[1]
