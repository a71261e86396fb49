"""A mail program (MUA): composes, submits, fetches, shows.

It is RFC 5321's client without a queue of its own: what the server does not take stays in the outbox, with the
server's words beside it, and its user has to act.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simmail.mail.answers import ConnectFailure, Lost
from simmail.mail.content import Content
from simmail.mail.errors import InputError, NobodyError
from simmail.mail.questions import Close, Connect, Decision, Note, Now, Receive, Send
from simmail.smtp.commands import Command, Data
from simmail.smtp.replies import Reply
from simmail.world.attachment import Attachment, body
from simmail.world.correspondence import Draft, Inbox, Letter, Letters, answering, header_text, identity_of, quoted
from simmail.world.folders import folders

if TYPE_CHECKING:
    from simmail.world.host import Host
    from simmail.world.world import World

PATIENCE_S = 300.0


class People(dict[str, "MailProgram"]):
    """The people of a world, by login name; who asks for another is told whom there is."""

    def __missing__(self, login: str) -> MailProgram:
        raise NobodyError(f"person {login!r}", "is not in this world", f"there are: {', '.join(self) or 'none'}")


def _spoilt(text: Any, attach: Any) -> InputError:
    """What is wrong with a text or with files that no body of a message can be made of."""
    if not isinstance(text, str) and not (isinstance(text, Sequence) and all(isinstance(line, str) for line in text)):
        return InputError("text", f"{text!r} is no text", "write it in quotation marks, or as a list of lines")
    wanted = 'write a list of names and whole numbers of octets: [("photo.jpg", 2_300_000)]'
    return InputError("attach", f"{attach!r} is no list of files", wanted)


class MailProgram:
    """One person's mail program.

    Args:
        world: where it lives.
        person: the login name in `people`.
        name: the person's full name.
        address: the person's mail address.
        computer: the host it runs on.
        server: the address and port it submits to.
        mailbox: the host and the user of the mailbox it fetches.

    Attributes:
        inbox: all that was fetched, oldest first.
    """

    def __init__(
        self, world: World, person: str, name: str, address: str, computer: Host, server: tuple[str, int],
        mailbox: tuple[Host, str],
    ) -> None:  # fmt: skip
        self.world, self.person, self.name, self.address = world, person, name, address
        self.computer, self.server, self.mailbox = computer, server, mailbox
        store = computer.machine.files.store
        assert store is not None
        self._store = store
        self._outbox: dict[str, Draft] = {}
        self._sent = array("q")
        self.inbox = Inbox(store)
        self._count = 0

    # ---- writing

    def compose(
        self,
        to: str | Sequence[str],
        subject: str = "",
        text: str | Sequence[str] = "",
        attach: Sequence[Attachment | tuple[str, int]] = (),
        headers: Sequence[str] = (),
        now: float | None = None,
    ) -> Draft:
        """Write a message.

        Args:
            to: recipients' addresses.
            subject, text: as people write them; the text may come as lines.
            attach: files to send along, each with its name and its size in octets: ("photo.jpg", 2_300_000).
            headers: further header lines.
            now: when it is written, seconds since the start; the world's time by default.

        Raises:
            InputError: for no recipient at all, and for a text or files that are none.
        """
        recipients = (to,) if isinstance(to, str) else tuple(to)
        if not recipients:
            raise InputError("to", "nobody to send to", "name an address")
        moment = self.world.now if now is None else now
        self._count += 1
        calendar = self.world.calendar
        identity = f"<{calendar.stamp(moment)}.{self._count}.{self.person}@{self.computer.name}>"
        written = text.rstrip("\n").split("\n") if isinstance(text, str) else text
        who = f"{header_text(self.name)} <{self.address}>" if self.name else self.address
        try:
            content = body(written, [Attachment(*file) for file in attach], identity)
        except TypeError:
            raise _spoilt(text, attach) from None
        lines = [
            f"Date: {calendar.header(moment).removesuffix(' (UTC)').replace(',  ', ', ')}",
            f"From: {who}",
            f"To: {', '.join(recipients)}",
            *([f"Subject: {header_text(subject)}"] if subject else []),
            f"Message-ID: {identity}",
            "MIME-Version: 1.0",
            *headers,
            *content,
        ]
        draft = Draft(identity, self.address, recipients, subject, Content(lines))
        self._outbox[identity] = draft
        return draft

    def send(
        self,
        to: str | Sequence[str],
        subject: str = "",
        text: str | Sequence[str] = "",
        attach: Sequence[Attachment | tuple[str, int]] = (),
        headers: Sequence[str] = (),
    ) -> Draft:
        """Write a message and submit it; the draft tells later what became of it.

        Args: as for `compose`; in a text, several addresses have commas between them.

        Raises:
            InputError: for no recipient at all, and for what is no text.
        """
        recipients = to
        if isinstance(to, str) and '"' not in to:
            recipients = [part.strip() for part in to.split(",") if part.strip()]
        self._check_texts("to", [recipients] if isinstance(recipients, str) else recipients)
        self._check_texts("subject", [subject])
        draft = self.compose(recipients, subject, text, attach, headers)
        self.world.clock.spawn(self.computer, self.submit(draft), self.world.now)
        return draft

    def _check_texts(self, what: str, values: object) -> None:
        """Raises InputError for what is no list of texts."""
        if not isinstance(values, (list, tuple)):
            raise InputError(f"{self.person}: {what}", f"{values!r} is no text")
        for value in values:
            if not isinstance(value, str):
                raise InputError(f"{self.person}: {what}", f"{value!r} is no text")

    def reply(self, letter: Letter, text: str) -> Draft:
        """Answer a letter, now; the draft tells later what became of it.

        Raises:
            InputError: for what is no letter, and for what is no text.
        """
        if not isinstance(letter, Letter):
            raise InputError(f"{self.person}: reply", f"{letter!r} is no letter", "give one of .inbox: .inbox[-1]")
        self._check_texts("text", [text])
        draft = self.answer(letter, text)
        self.world.clock.spawn(self.computer, self.submit(draft), self.world.now)
        return draft

    def answer(self, letter: Letter, text: str, now: float | None = None) -> Draft:
        """Write an answer to a letter: to whom it says, with its text quoted below; `now` as for `compose`."""
        lines = [*text.split("\n"), "", *quoted(letter.words)]
        return self.compose(letter.answers_to, answering(letter.subject), lines, headers=letter.threading, now=now)

    def submit(self, draft: Draft) -> Decision[Draft]:
        """The session in which a message is handed to the server."""
        self.world.truth.kinds[draft.identity] = draft.kind
        yield Note(
            "", "composed", "", draft.identity, draft.sender, draft.recipients, draft.subject, draft.content.size,
            draft.kind, self.person,
        )  # fmt: skip
        address, port = self.server
        connection = yield Connect(address, port, PATIENCE_S)
        if type(connection) is ConnectFailure:
            draft.reply = connection.reason
            yield Note("", "given-up", "", draft.identity, draft.sender, ", ".join(draft.recipients), draft.reply)
            return draft
        yield from self._talk(draft, connection)
        if draft.state != "sent":
            yield Note("", "given-up", "", draft.identity, draft.sender, ", ".join(draft.recipients), draft.reply)
        return draft

    def _talk(self, draft: Draft, connection: Any) -> Decision[None]:
        answer = yield Receive(connection, PATIENCE_S)
        steps = [
            Command("EHLO", self.computer.machine.hostname),
            Command("MAIL", f"FROM:<{draft.sender}>"),
            *(Command("RCPT", f"TO:<{to}>") for to in draft.recipients),
            Command("DATA"),
            Data(draft.content),
        ]
        for step in steps:
            if type(answer) is Lost or answer.kind > 3:
                break
            answer = (yield Send(connection, (step,), (PATIENCE_S,)))[0]
        if type(answer) is Reply:
            draft.reply = answer.text
            draft.state = "sent" if answer.kind == 2 else "refused" if answer.kind == 5 else "outbox"
            if draft.state == "sent":
                if self._outbox.pop(draft.identity, None) is not None:
                    self._sent.append(draft.put_away(self._store))
                yield Note("", "handed-over", "", draft.identity, draft.queue_id, connection.host.name)
            if not answer.closes:
                yield Send(connection, (Command("QUIT"),), (PATIENCE_S,))
        else:
            draft.reply = answer.reason
            yield Close(connection)

    def __repr__(self) -> str:
        mailbox, user = self.mailbox
        return (
            f"<{self.name or self.person} <{self.address}> at {self.computer.name}: submits to {self.server[0]}, "
            f"fetches {user}'s mail from {mailbox.name}; {len(self.inbox)} in the inbox>"
        )

    @property
    def drafts(self) -> dict[str, Draft]:
        """All that was written, by identity."""
        return {draft.identity: draft for draft in (*self.sent, *self.outbox)}

    @property
    def sent(self) -> list[Draft]:
        """What a server took, oldest first."""
        return [Draft.put_away_at(self._store, number) for number in self._sent]

    @property
    def outbox(self) -> list[Draft]:
        """What is still here: on its way to the server, or not taken by it."""
        return list(self._outbox.values())

    # ---- reading

    @property
    def folders(self) -> dict[str, int]:
        """The folders that the person has on the computer, and how many messages lie in each."""
        return {name: len(texts) for name, texts in self._folders().items()}

    def folder(self, name: str) -> list[Letter]:
        """The messages in a folder on the computer, which a filter or another program put there; oldest first.

        Args:
            name: an mbox file, a Maildir or an MH folder below the home, or `inbox` for the system mailbox.

        Raises:
            InputError: where there is no such folder.
        """
        found = self._folders()
        if name.rstrip("/") not in found:
            known = f"there are: {', '.join(found)}" if found else "there are none"
            raise InputError(f"folder {name!r}", f"is not on {self.computer.name}", known)
        return [Letter(text, self.world.now) for text in found[name.rstrip("/")]]

    def _folders(self) -> dict[str, list[str]]:
        machine = self.computer.machine
        user = self.person if self.person in machine.accounts else self.mailbox[1]
        home = machine.accounts[user].home if user in machine.accounts else f"/home/{user}"
        return folders(machine.files, home, user)

    def get_mail(self) -> list[Letter]:
        """Fetch what is in the mailbox, now; time passes until it is done.  What came."""
        before = len(self.inbox)
        self.world.complete(self.computer, self.fetch())
        return Letters(self.inbox[before:], f"{self.person}'s mail")

    def fetch(self) -> Decision[int]:
        """Empty the mailbox on the server into the inbox, as a POP3 client does; how many messages came."""
        host, user = self.mailbox
        path = self.world.network.path(self.computer.name, host.name) if host is not self.computer else None
        texts = yield from host.take_mail(user)
        now = yield Now()
        if path is not None:
            now += 10 * path.latency + sum(map(len, texts)) / path.bandwidth
        for text in texts:
            self.inbox.add(text, now)
        yield Note("", "fetched", "", user, host.name, len(texts), tuple(map(identity_of, texts)))
        return len(texts)
