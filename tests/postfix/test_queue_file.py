"""Queue files as they stand on disk."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from simmail.files.machine import Machine
from simmail.mail.content import Content
from simmail.mail.message import Message
from simmail.postfix.queue_file import queue_file
from simmail.postfix.record import Damaged, read_records

LINES = st.lists(st.one_of(st.text("aü", max_size=8), st.integers(0, 9000).map(lambda n: "x" * n)), max_size=6)


@given(LINES)
def test_a_message_is_as_large_as_its_records(lines: list[str]) -> None:
    """The size that a message is told to have is that of its content's records in the queue file."""
    content = Content(lines)
    message = Message("1A", 0.0, "", [], content, content.stored)
    file = queue_file(message, "incoming", Machine("mail.domain.ork", ("192.0.2.10",)))
    assert content.stored == sum(record.size for record in file.content)


@given(LINES, st.integers(0, 30000))
def test_records_are_read_as_they_were_written(lines: list[str], cut: int) -> None:
    """A queue file's records are those that it was made of, and one that breaks off has the first of them."""
    file = queue_file(Message("1A", content=Content(lines)), "incoming", Machine("mail.domain.ork", ("192.0.2.10",)))
    written = [(at, ord(record.kind.letter), record.text.encode()) for at, record in file.placed()]
    data = file.text().encode("utf-8", "surrogateescape")
    assert list(map(tuple, read_records(data))) == written
    found = []
    with suppress(Damaged):
        found.extend(map(tuple, read_records(data[:cut])))
    whole = [one for one, (end, *_) in zip(written, [*written[1:], (len(data),)], strict=True) if end <= cut]
    assert found == whole
