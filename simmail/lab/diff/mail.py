"""A kind of mail: one client, one HELO, one sender, one recipient, one content."""

from __future__ import annotations

from typing import NamedTuple

from simmail.lab.explain.play import USUAL, Mail


class Value(NamedTuple):
    """One value of a dimension: what it stands for, in words, and the value itself."""

    label: str
    text: str


class Client(NamedTuple):
    """A client.

    Args:
        label: what it stands for.
        address: its address.
        helo: what it calls itself if nothing else is said.
        sender: the envelope sender that is usual for it.
    """

    label: str
    address: str
    helo: str
    sender: str


class Content(NamedTuple):
    """A content: what it stands for, and its lines."""

    label: str
    lines: tuple[str, ...]


PLAIN = Content("a short text", USUAL)


class KindOfMail(NamedTuple):
    """A kind of mail; None stands for what is usual for the client.

    Args:
        client, recipient: who sends, and to whom.
        helo, sender: where they are not the client's usual ones.
        content: what it holds.
        answer: what a policy server answers: the question and the number of its answer; "" for the likeliest.
    """

    client: Client
    recipient: Value
    helo: Value | None = None
    sender: Value | None = None
    content: Content = PLAIN
    answer: tuple[str, int] = ("", 0)

    @property
    def mail(self) -> Mail:
        """What is played."""
        helo = self.client.helo if self.helo is None else self.helo.text
        sender = self.client.sender if self.sender is None else self.sender.text
        return Mail(self.client.address, "", helo, sender, self.recipient.text, self.content.lines)

    @property
    def labels(self) -> dict[str, str]:
        """What it stands for, a dimension at a time; the usual ones are left out."""
        found = {"client": self.client.label, "recipient": self.recipient.label}
        if self.helo is not None:
            found["HELO"] = self.helo.label
        if self.sender is not None:
            found["sender"] = self.sender.label
        if self.content is not PLAIN:
            found["content"] = self.content.label
        if self.answer[0]:
            found["policy server"] = f"answer {self.answer[1] + 1} of {self.answer[0]}"
        return found

    def __str__(self) -> str:
        return "; ".join(f"{name}: {label}" for name, label in self.labels.items())
