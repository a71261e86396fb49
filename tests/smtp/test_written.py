"""What a client has written all at once."""

import pytest

from simmail.smtp.commands import Chunk, Command
from simmail.smtp.written import Written


def test_commands_and_content_are_taken_one_after_the_other() -> None:
    """Each knows where it ends."""
    written = Written("MAIL FROM:<a@b>\r\nDATA\n..dot\ntext\n.\nQUIT\nNOOP")
    assert written.command() == Command("MAIL", "FROM:<a@b>")
    assert written.command() == Command("DATA")
    data = written.content()
    assert data.content.lines == (".dot", "text")
    assert data.complete
    assert written.command() == Command("QUIT")
    assert not written.left  # what has no end of line is no command


def test_content_without_a_lone_dot_breaks_off() -> None:
    """The client has hung up within it."""
    data = Written("text\n").content()
    assert data.content.lines == ("text",)
    assert not data.complete


@pytest.mark.parametrize(
    ("argument", "text"),
    [("4 LAST", "\u00e4b\n"), ("2", "\u00e4"), ("99", "\u00e4b\nNOOP\n"), ("x", ""), ("0 LAST", "")],
)
def test_a_chunk_has_as_many_octets_as_it_says(argument: str, text: str) -> None:
    """Octets are counted, not letters; what is no number counts none."""
    written = Written(f"bdat {argument}\n\u00e4b\nNOOP\n")
    assert written.command() == Chunk(argument, text)
