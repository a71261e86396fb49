"""Files that travel with a message: whatever way a header writes their names, mail programs read them."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable

import pytest

from simmail.world.attachment import LINE, LINE_OCTETS, WAYS, Attachment, Written, body, chosen, file_octets
from simmail.world.correspondence import Letter
from simmail.world.world import World
from tests.world.actors.conftest import small  # noqa: F401

PLAIN = ["Here it is."]


def letter(*attachments: Attachment) -> Letter:
    """A letter with these files."""
    return Letter(
        "\n".join(["Subject: a file", "MIME-Version: 1.0", *body(PLAIN, attachments, "<1@a.example>"), ""]), 0
    )


@pytest.mark.parametrize("written", WAYS)
def test_a_mail_program_reads_the_name(written: Written) -> None:
    """Python's `email` finds name and octets of a file in each way of writing them, and the text beside it."""
    found = letter(Attachment("love.vbs", 100, written))
    assert found.attached == ("love.vbs",)
    assert found.words.strip() == "Here it is."
    (part,) = [part for part in found.parsed.walk() if part.get_filename()]
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert 100 <= len(payload) < 100 + LINE_OCTETS


def test_a_foreign_name_is_encoded() -> None:
    """Headers are ASCII, whatever a file is called."""
    found = letter(Attachment("Übersicht.pdf", 10), Attachment("minutes.doc", 10))
    assert found.text.isascii()
    assert found.attached == ("Übersicht.pdf", "minutes.doc")
    assert email.message_from_string(found.text, policy=email.policy.default).is_multipart()


def test_base64_takes_its_third() -> None:
    """57 octets of a file take a line of 76 and its end; `file_octets` reckons back."""
    assert (len(LINE), LINE_OCTETS) == (76, 57)
    lines = body(PLAIN, [Attachment("photo.jpg", 57_000)], "<1@a.example>")
    assert lines.count(LINE) == 1000
    assert file_octets(78_000) == 57_000


@pytest.mark.parametrize(
    ("uniform", "names"), [(0.0, ["a"]), (0.19, ["a"]), (0.2, ["b"]), (0.39, ["b"]), (0.4, []), (0.99, [])]
)
def test_a_share_has_one_of_the_files(uniform: float, names: list[str]) -> None:
    """Within the share the names are equally likely; outside nothing is sent along."""
    assert [file.name for file in chosen(uniform, 0.4, ["a", "b"], 1)] == names
    assert chosen(uniform, 0.4, [], 1) == ()


def test_a_person_sends_a_file(small: Callable[..., World]) -> None:  # noqa: F811
    """What is attached arrives, is shown by its name, and is not quoted in the answer."""
    people = "".join(
        f"  {who}:\n    address: {who}@domain.ork\n    computer: mail.domain.ork\n    submits_to: mail.domain.ork\n"
        for who in ("alice", "bob")
    )
    world = small("people:\n" + people)
    alice, bob = world.people["alice"], world.people["bob"]
    alice.send("bob@domain.ork", "A photo", "From the beach.", attach=[("beach.jpg", 5000)])
    world.run(10)
    (got,) = bob.get_mail()
    assert str(got).endswith("Attached: beach.jpg\n\nFrom the beach.")
    bob.reply(got, "Nice.")
    world.run(20)
    (answer,) = alice.get_mail()
    assert "> From the beach." in answer.text
    assert "beach.jpg" not in answer.text
