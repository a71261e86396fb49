"""What people write and read, as their mail programs know it: drafts and letters."""

from __future__ import annotations

import email
import email.policy
import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import TYPE_CHECKING, SupportsIndex, overload

from simmail.mail.content import Content
from simmail.mail.errors import InputError

if TYPE_CHECKING:
    from simmail.mail.content import Texts, TextStore

_IDENTITY = re.compile(r"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
#: The header fields that a mail program shows of a message.
SHOWN = ("From", "To", "Subject", "Date")
#: A header line that would be longer is folded (RFC 5322 section 2.1.1).
FOLD = 78


def header_text(text: str) -> str:
    """A header's text; what is not ASCII encoded as RFC 2047 says."""
    return text if text.isascii() else Header(text, "utf-8").encode()


def threading(identity: str, references: str) -> list[str]:
    """The header lines by which an answer says what it answers (RFC 5322 section 3.6.4).

    Args:
        identity: the Message-ID of what is answered; "" for none.
        references: its References: header, or its In-Reply-To: where it has none.

    >>> threading("<2@a.test>", "<1@a.test>")
    ['In-Reply-To: <2@a.test>', 'References: <1@a.test> <2@a.test>']
    """
    if not identity:
        return []
    lines = ["References:"]
    for known in (*(word for word in references.split() if word != identity), identity):
        if len(lines[-1]) + len(known) >= FOLD and lines[-1].strip() != "References:":
            lines.append("")
        lines[-1] += f" {known}"
    return [f"In-Reply-To: {identity}", *lines]


def answering(subject: str) -> str:
    """The subject of an answer to a message with this subject."""
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


@dataclass(slots=True)
class Draft:
    """A message as its writer knows it.

    Attributes:
        identity: its Message-ID, by which it is known everywhere.
        state: `outbox`, `sent`, or `refused`.
        reply: the server's last words about it.
        kind: what it is in truth, a key of `simmail.world.truth.KINDS`.
    """

    identity: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    content: Content
    state: str = "outbox"
    reply: str = ""
    kind: str = "wanted"

    @property
    def queue_id(self) -> str:
        """What the server that took it calls it, as its reply says; "" where none did."""
        return self.reply.rpartition("queued as ")[2] if self.state == "sent" else ""

    def put_away(self, store: TextStore) -> int:
        """Keep all of it in a store; the number to ask for it by."""
        self.content.put_away(store)
        return store.put(
            (self.identity, self.sender, self.recipients, self.subject, self.content.place, self.state, self.reply,
             self.kind)
        )  # fmt: skip

    @classmethod
    def put_away_at(cls, store: TextStore, number: int) -> Draft:
        """The draft that was put away there."""
        identity, sender, recipients, subject, place, *rest = store.get(number)
        return cls(identity, sender, recipients, subject, Content.put_away_at(store, place), *rest)

    def __repr__(self) -> str:
        return (
            f"<Draft to {', '.join(self.recipients)}: {self.subject!r}, {self.state}"
            f"{f' ({self.reply})' if self.reply else ''}>"
        )


class Letter:
    """A message as it was fetched: its text, and when.  Printed it is what a mail program shows of it.

    Args:
        text: header and body, or their number in the store.
        fetched: seconds since the start.
        store: where the text is kept; None for here.

    >>> Letter("From: a@b.test\\nSubject: hi\\n\\nhello\\n", 0.0)
    <Letter from a@b.test: 'hi'>
    """

    __slots__ = ("_store", "_text", "fetched")

    def __init__(self, text: str | int, fetched: float, store: Texts | None = None) -> None:
        self._text, self.fetched, self._store = text, fetched, store

    @property
    def text(self) -> str:
        """Header and body, as they came."""
        if isinstance(self._text, str):
            return self._text
        assert self._store is not None
        return self._store.read(self._text)

    @property
    def identity(self) -> str:
        """The Message-ID: header; "" where there is none."""
        return identity_of(self.text)

    @property
    def parsed(self) -> EmailMessage:
        """The message as Python's `email` reads it."""
        return _read(self.text)

    def header(self, name: str) -> str:
        """A header's text, unfolded and decoded; "" where there is none."""
        found = re.search(rf"^{re.escape(name)}:[ \t]*(.*(?:\n[ \t].*)*)", self.headers, re.IGNORECASE | re.MULTILINE)
        if found is None:
            return ""
        text = found[1].replace("\n", "")
        return str(_read(f"{name}: {text}\n\n").get(name, "")) if "=?" in text else text

    def __repr__(self) -> str:
        return f"<Letter from {self.header('From')}: {self.subject!r}>"

    def __str__(self) -> str:
        shown = [f"{name}: {self.header(name)}" for name in SHOWN if self.header(name)]
        shown += [f"Attached: {', '.join(self.attached)}"] if self.attached else []
        return "\n".join([*shown, "", self.words.rstrip("\n")])

    @property
    def words(self) -> str:
        """What it says: its plain text, without attachments."""
        coded = self.header("Content-Transfer-Encoding").lower() in ("base64", "quoted-printable")
        if not coded and not self.header("Content-Type").lower().startswith("multipart/"):
            return self.body
        part = self.parsed.get_body(("plain",))
        return str(part.get_content()) if part is not None else self.body

    @property
    def attached(self) -> tuple[str, ...]:
        """The names of the files that came with it, however its headers write them."""
        if not self.header("Content-Type").lower().startswith("multipart/"):
            return ()
        return tuple(name for name in (part.get_filename() for part in self.parsed.walk()) if name)

    @property
    def subject(self) -> str:
        """The Subject: header."""
        return self.header("Subject")

    @property
    def answers_to(self) -> str:
        """The address that an answer goes to."""
        return parseaddr(self.header("Reply-To") or self.header("From"))[1]

    @property
    def threading(self) -> list[str]:
        """The header lines by which an answer says that it answers this one."""
        return threading(self.identity, self.header("References") or self.header("In-Reply-To"))

    @property
    def headers(self) -> str:
        """All header lines, as they stand."""
        return self.text.partition("\n\n")[0] + "\n"

    @property
    def body(self) -> str:
        """All behind the header."""
        return self.text.partition("\n\n")[2]


class NoLetter(InputError, IndexError):
    """There is no letter of that number."""


class Letters(list[Letter]):
    """Letters that came together; who takes one that is not there is told how many there are.

    Args:
        letters: these.
        whose: what they are called.
    """

    def __init__(self, letters: Iterable[Letter], whose: str) -> None:
        super().__init__(letters)
        self.whose = whose

    @overload
    def __getitem__(self, index: SupportsIndex) -> Letter: ...

    @overload
    def __getitem__(self, index: slice) -> list[Letter]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> Letter | list[Letter]:
        try:
            return super().__getitem__(index)
        except IndexError:
            came = f"{len(self)} came" if self else "nothing has come"
            raise NoLetter(self.whose, came, "let time pass, and look into the log of the mail server") from None


class Inbox(Sequence[Letter]):
    """Letters that were fetched, oldest first.

    Args:
        store: where their texts are kept.
    """

    __slots__ = ("_fetched", "_numbers", "_store")

    def __init__(self, store: Texts) -> None:
        self._store = store
        self._numbers, self._fetched = array("q"), array("d")

    def add(self, text: str, fetched: float) -> None:
        """Take in another letter; arguments as those of Letter."""
        self._numbers.append(self._store.keep(text))
        self._fetched.append(fetched)

    def _letter(self, index: int) -> Letter:
        return Letter(self._numbers[index], self._fetched[index], self._store)

    @overload
    def __getitem__(self, index: int) -> Letter: ...

    @overload
    def __getitem__(self, index: slice) -> list[Letter]: ...

    def __getitem__(self, index: int | slice) -> Letter | list[Letter]:
        if isinstance(index, slice):
            return [self._letter(one) for one in range(*index.indices(len(self)))]
        try:
            return self._letter(index)
        except IndexError:
            raise NoLetter("inbox", f"has {len(self)} letters", "get_mail() fetches what has come") from None

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return repr(self[:])


def identity_of(text: str) -> str:
    """The Message-ID: header of a text; "" where there is none."""
    found = _IDENTITY.search(text.partition("\n\n")[0])
    return found[1] if found else ""


def _read(text: str) -> EmailMessage:
    message = email.message_from_string(text, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def quoted(text: str) -> list[str]:
    """Lines of an answer that repeat what is answered."""
    return [f"> {line}" for line in text.rstrip("\n").split("\n")]
