"""What people write and read: threads, folded and encoded headers, attachments."""

from __future__ import annotations

import pytest

from simmail.world.attachment import Attachment, body
from simmail.world.correspondence import Inbox, Letter, quoted, threading
from simmail.world.spill import Texts


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Subject: one\n two\n", "one two"),
        ("SUBJECT:plain\n", "plain"),
        ("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n", "Grüße"),
        ("X-Subject: other\n", ""),
    ],
)
def test_a_header_is_unfolded_and_decoded(header: str, value: str) -> None:
    """As mail programs show it."""
    assert Letter(f"From: a@b.test\n{header}\nSubject: not here\n", 0.0).subject == value


def test_threads_name_all_that_went_before() -> None:
    """Each answer names what it answers, and its References grow by that, in lines of a length."""
    references = ""
    for number in range(6):
        lines = threading(f"<{number}.20260302090000@mail.domain.ork>", references)
        references = Letter("\n".join([*lines, "", ""]), 0.0).header("References")
        assert all(len(line) < 78 for line in lines)
    assert references.split() == [f"<{number}.20260302090000@mail.domain.ork>" for number in range(6)]
    assert threading("", references) == []


def test_an_answer_quotes_what_was_said_and_no_attachment() -> None:
    """The text of a message with a file is its first part."""
    lines = [
        "From: Ann <ann@b.test>",
        "MIME-Version: 1.0",
        *body(["hello", "you"], [Attachment("a.doc", 9000)], "<1@b.test>"),
    ]
    letter = Letter("\n".join(lines) + "\n", 0.0)
    assert quoted(letter.words) == ["> hello", "> you"]
    assert letter.answers_to == "ann@b.test"
    assert [part.get_filename() for part in letter.parsed.iter_attachments()] == ["a.doc"]


def test_a_letter_whose_text_is_on_disk_is_the_same() -> None:
    """It reads as before."""
    text = "Message-ID: <1@b.test>\n\nhello\n"
    inbox = Inbox(Texts())
    for number in range(3):
        inbox.add(text.replace("1", str(number)), float(number))
    assert [letter.identity for letter in inbox] == ["<0@b.test>", "<1@b.test>", "<2@b.test>"]
    assert [letter.fetched for letter in inbox[-2:]] == [1.0, 2.0]
    kept = inbox[1]
    assert (kept.text, kept.identity, kept.body) == (text, "<1@b.test>", "hello\n")
