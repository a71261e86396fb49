"""What a failed check shows of the mail that went wrong."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from simmail.lab import exercise as exercises
from simmail.lab.checks import LINES, Bench, Failed, Reply

ROOT = Path(__file__).resolve().parents[2]


def test_a_letter_that_does_not_arrive_is_followed_from_the_server_that_took_it() -> None:
    """Where it never came near the mailbox's own server, that one's log says nothing."""
    exercise = exercises.read(ROOT / "exercises" / "07-the-zone")
    with closing(Bench(exercise.files(exercise.variant(), "wrong/backup-first"))) as bench:
        bench.world.host("mail.domain.ork").crash()
        bench.letter("desk.strict.example", "joe@strict.example", "alice@domain.ork", host="mail.strict.example")
        with pytest.raises(Failed, match="no letter with 'Subject: a probe' came to the mailbox of alice on") as failed:
            bench.arrives("alice", "Subject: a probe", "mail.domain.ork", within=60)
    assert any("to=<alice@domain.ork>, relay=backup.provider.example" in line for line in failed.value.witness)


def test_a_letter_that_is_tried_for_hours_is_followed_from_its_beginning_to_the_last_try() -> None:
    """The last lines alone would show tries of what nobody saw begin, and tell nothing of the other letters."""
    exercise = exercises.read(ROOT / "exercises" / "07-the-zone")
    with closing(Bench(exercise.files(exercise.variant(), "wrong/backup-first"))) as bench:
        bench.world.host("mail.domain.ork").crash()
        for client in ("desk.strict.example", "mail.strict.example"):
            bench.letter(client, "joe@strict.example", "alice@domain.ork", host="backup.provider.example")
        with pytest.raises(Failed) as failed:
            bench.arrives("alice", "Subject: a probe", "mail.domain.ork", within=7200)
        lines = [line for line in failed.value.witness if " backup postfix/" in line or line == "..."]
    assert len(lines) <= LINES + 1
    assert "postfix/smtpd" in lines[0]
    assert sum("connect from" in line for line in lines if "disconnect" not in line) == 1
    assert "..." in lines
    assert "status=deferred" in lines[-1]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("250 2.1.5 Ok", "was accepted"),
        ("(no answer)", "nobody said so"),
        ("451 4.3.5 Server configuration error", "the server is broken"),
        ("451 4.3.0 <a@b.example>: Temporary lookup failure", "the server is broken"),
        ("450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted", "with 5, but got"),
    ],
)
def test_what_is_no_refusal(said: str, words: str) -> None:
    """A server that takes a letter, is silent, or cannot decide has refused nobody."""
    with pytest.raises(Failed, match=words):
        Reply(said, "RCPT TO:<a@b.example>", (), (), "192.0.2.1").refused("5")
