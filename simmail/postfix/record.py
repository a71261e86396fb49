"""NAME
    record - the records of a queue file

DESCRIPTION
    A record is a letter that tells its type, its length in octets (seven bits an octet, the lowest first; the highest
    bit says that more follow), and its text.

SEE ALSO
    rec_type(3), record(3)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simmail.mail.content import octets

#: Letters that an envelope's records may have.
ENVELOPE = frozenset(b"MCTcFILSDRO/WVA>K<ino")


class Kind(NamedTuple):
    """A type of record: its letter in the file, and its name."""

    letter: str
    name: str


SIZE = Kind("C", "message_size")
TIME = Kind("T", "message_arrival_time")
ATTRIBUTE = Kind("A", "named_attribute")
FULL_NAME = Kind("F", "sender_fullname")
SENDER = Kind("S", "sender")
VERP = Kind("V", "verp_delimiters")
ORIGINAL = Kind("O", "original_recipient")
RECIPIENT = Kind("R", "recipient")
DONE = Kind("D", "done_recipient")
CONTENT = Kind("M", "message_content")
LINE = Kind("N", "regular_text")
EXTRACTED = Kind("X", "extracted_info")
#: The one in the envelope, the other in the content, is told apart by the place alone.
FILTER = PIECE = Kind("L", "content_filter")
REDIRECT = Kind(">", "redirect_to")
END = Kind("E", "message_end")
WARNING = Kind("W", "warning_message_time")
#: What stands where another value may come, and what leads to another place.
PADDING, POINTER = Kind("w", "padding"), Kind("p", "pointer_record")
#: Types that are known when they are read, and never written here.
OTHERS = (
    Kind("c", "queue_file_create_time"), Kind("f", "flags"), Kind("I", "content_inspector"),
    Kind("/", "canceled_recipient"), Kind("K", "killed_record"), Kind("r", "return_receipt"), Kind("e", "errors_to"),
    Kind("P", "priority"), Kind("<", "dsn_return_flags"), Kind("i", "dsn_envelope_id"),
    Kind("o", "dsn_original_recipient"), Kind("n", "dsn_notify_flags"),
)  # fmt: skip

#: Letter -> type, for records that are read.
KINDS = {
    ord(kind.letter): kind
    for kind in (
        SIZE, TIME, ATTRIBUTE, FULL_NAME, SENDER, VERP, ORIGINAL, RECIPIENT, DONE, CONTENT, LINE, PIECE, EXTRACTED,
        REDIRECT, END, WARNING, PADDING, POINTER, *OTHERS,
    )
}  # fmt: skip


class Record(NamedTuple):
    """One record of a queue file."""

    kind: Kind
    text: str = ""

    @property
    def size(self) -> int:
        """Octets it takes on disk."""
        length = octets(self.text)
        return 1 + max(1, (length.bit_length() + 6) // 7) + length

    def on_disk(self) -> str:
        """The record as it stands in the file."""
        left = octets(self.text)
        digits = []
        while True:
            left, digit = left >> 7, left & 0x7F
            digits.append(digit | (0x80 if left else 0))
            if not left:
                break
        return self.kind.letter + bytes(digits).decode("utf-8", "surrogateescape") + self.text


class Damaged(Exception):
    """A record breaks off; `text` is what Postfix says."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class Found(NamedTuple):
    """A record that was read: where it begins, its type's number, its text's octets."""

    offset: int
    type: int
    text: bytes

    @property
    def kind(self) -> Kind:
        """Its type."""
        return KINDS.get(self.type) or Kind(chr(self.type), "unknown_record_type")


def read_records(data: bytes, offset: int = 0) -> Iterator[Found]:
    """The records of a file from an offset on.  Raises Damaged."""
    while offset < len(data):
        start, type, length, shift = offset, data[offset], 0, 0
        while True:
            offset += 1
            if offset == len(data):
                raise Damaged(f"unexpected EOF reading length, record type {type}")
            length |= (data[offset] & 0x7F) << shift
            shift += 7
            if data[offset] < 0x80:
                break
        offset += 1 + length
        if offset > len(data):
            raise Damaged(f"unexpected EOF in data, record type {type} length {length}")
        yield Found(start, type, data[offset - length : offset])
