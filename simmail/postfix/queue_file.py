"""NAME
    queue_file - a message as Postfix writes it to disk

DESCRIPTION
    A queue file is a series of records: first the envelope, then the content line by line, then what cleanup(8) took
    from it.  They are made of a `Message` when somebody reads the file.

BUGS
    The client's port and the host's own address are made up; the name in its PTR record is the verified one.
    Whether a header was completed as a local one's is told from the client's address.

SEE ALSO
    record(3), postcat(1)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from simmail.files.machine import Machine
from simmail.mail.content import PIECE as CHUNK
from simmail.mail.content import octets
from simmail.mail.message import ANONYMOUS, Message, Notify, Recipient
from simmail.postfix.delivery import PROBE, RECORD, VERIFY
from simmail.postfix.record import (
    ATTRIBUTE,
    CONTENT,
    DONE,
    END,
    EXTRACTED,
    FILTER,
    FULL_NAME,
    LINE,
    ORIGINAL,
    PIECE,
    RECIPIENT,
    REDIRECT,
    SENDER,
    SIZE,
    TIME,
    VERP,
    Record,
)  # fmt: skip

NOTIFY_BITS = {Notify.NEVER: 1, Notify.SUCCESS: 2, Notify.FAILURE: 4, Notify.DELAY: 8}
RETURN_CODES = {"FULL": 1, "HDRS": 2}
TRACE_FLAGS = {PROBE: 1 << 8, VERIFY: 1 << 8, RECORD: 1 << 9}
CLIENT_PORT, SERVER_PORT = 40000, 25
#: The account that a requeued message belongs to.
OWNER = "postfix"
#: Octets that the envelope record of the sizes takes.
SIZE_WIDTH = 15


class QueueFile(NamedTuple):
    """A queue file's parts, each a tuple of records."""

    envelope: tuple[Record, ...]
    content: tuple[Record, ...]
    extracted: tuple[Record, ...]

    def records(self) -> Iterator[Record]:
        """All records in order, with those that part the parts."""
        yield from self.envelope
        yield Record(CONTENT)
        yield from self.content
        yield Record(EXTRACTED)
        yield from self.extracted
        yield Record(END)

    def placed(self) -> Iterator[tuple[int, Record]]:
        """All records, each with where it begins."""
        offset = 0
        for record in self.records():
            yield offset, record
            offset += record.size

    def cut_off(self, size: int) -> tuple[str, bool]:
        """What its readers say of its first `size` octets alone, and whether these end before the message's body."""
        header = True
        for offset, record in self.placed():
            if offset + record.size > size:
                break
            header = header and not (record.kind is LINE and not record.text)
        return f"unexpected EOF in data, record type {ord(record.kind.letter)} length {octets(record.text)}", header

    def text(self) -> str:
        """The file."""
        return "".join(record.on_disk() for record in self.records())


def submitted(message: Message, queue: str, machine: Machine) -> bool:
    """Whether a message is as sendmail(1) wrote it: in maildrop, and not requeued."""
    return queue == "maildrop" and message.uid != machine.accounts[OWNER].uid


def stored_size(message: Message, queue: str, machine: Machine) -> int:
    """The size of a message as the queue's listing has it: of one that was submitted, that of its file."""
    if submitted(message, queue, machine):
        return sum(record.size for record in queue_file(message, queue, machine).records())
    return message.size


def queue_file(message: Message, queue: str, machine: Machine) -> QueueFile:
    """The file of a message.

    Args:
        message: the message.
        queue: the queue it is in.
        machine: the host.
    """
    content = tuple(_content(message))
    if submitted(message, queue, machine):
        return QueueFile(tuple(_dropped(message, machine)), content, tuple(_behind(message, False)))
    envelope = tuple(_envelope(message, machine))
    numbers = (message.size, 0, len(message.recipients) + len(message.done), 0, message.size, int(message.smtputf8))
    width = Record(SIZE, " " * (6 * SIZE_WIDTH + 5)).size
    offset = width + sum(record.size for record in envelope) + Record(CONTENT).size
    sizes = " ".join(f"{n:{SIZE_WIDTH}d}" for n in (numbers[0], offset, *numbers[2:]))
    return QueueFile((Record(SIZE, sizes), *envelope), content, (*_extracted(message), *_behind(message, True)))


def _attribute(name: str, value: object) -> Record:
    return Record(ATTRIBUTE, f"{name}={value}")


def _time(message: Message, machine: Machine) -> tuple[int, int]:
    unix = machine.calendar.unix(message.arrival)
    return int(unix), int(unix % 1 * 1e6)


def _dropped(message: Message, machine: Machine) -> Iterator[Record]:
    """The envelope as sendmail(1) writes it."""
    seconds, micros = _time(message, machine)
    yield Record(TIME, f"{seconds} {micros}")
    yield from _wishes(message)
    yield _attribute("rewrite_context", "remote" if message.origin == "gateway" else "local")
    yield from _writer(message, ())
    head, middle, _ = in_sections(message)
    for recipient in (*head, *middle):
        yield from _recipient(recipient, False)


def _envelope(message: Message, machine: Machine) -> Iterator[Record]:
    """The envelope as cleanup(8) writes it, without the sizes."""
    seconds, micros = _time(message, machine)
    yield Record(TIME, f"{seconds} {micros}")
    yield _attribute("create_time", int(machine.calendar.unix(message.created)))
    ours = _BY_POSTFIX.get(message.origin)
    if ours is not None:
        yield from ours(message)
        head, middle, _ = in_sections(message)
        yield from _recipients(message, [*head, *middle], True)
        return
    remote = bool(message.client_address)
    if remote:
        yield _attribute("log_ident", message.queue_id)
    context = _attribute("rewrite_context", "local" if is_local(message, machine) else "remote")
    yield from (context, *_login(message), *_wishes(message)) if remote else (*_wishes(message), context)
    head, middle, _ = in_sections(message)
    yield from _writer(message, tuple(_recipients(message, head, True)))
    if remote:
        yield from _client(message, machine)
    yield from _recipients(message, middle, True)


def is_local(message: Message, machine: Machine) -> bool:
    """Whether the addresses of a message are completed as those of this host's own people are."""
    if message.origin == "forward" or not message.client_address:
        return not message.client_address and message.origin != "gateway"
    return message.client_address in machine.addresses


def _posted(message: Message) -> Iterator[Record]:
    """What post_mail(3) tells of a message."""
    yield _attribute("log_message_origin", "local")
    yield _attribute("trace_flags", TRACE_FLAGS.get(message.trace, 0))
    yield Record(SENDER, message.sender)


def _forwarded(message: Message) -> Iterator[Record]:
    """What local(8) tells of a message that it sends on."""
    yield Record(SENDER, message.sender)
    yield from reversed(tuple(_wishes(message)))
    if message.client_address:
        for key, value in (
            ("log_client_name", message.client_name),
            ("log_client_address", message.client_address),
            ("log_protocol_name", message.protocol),
            ("log_helo_name", message.helo),
            ("log_ident", message.ident),
        ):
            if value:
                yield _attribute(key, value)
    yield _attribute("rewrite_context", "remote" if message.client_address else "local")


#: Who of Postfix itself wrote a message (`Message.origin`) -> what the envelope begins with, the sender too.
_BY_POSTFIX: dict[str, Callable[[Message], Iterator[Record]]] = {
    "bounce": _posted,
    "notify": _posted,
    "verify": _posted,
    "forward": _forwarded,
}


def _wishes(message: Message) -> Iterator[Record]:
    if message.envid:
        yield _attribute("envelope_id", message.envid)
    if message.ret:
        yield _attribute("ret_flags", RETURN_CODES[message.ret])


def _login(message: Message) -> Iterator[Record]:
    for key, value in (message.authentication or ANONYMOUS)._asdict().items():
        if value:
            yield _attribute(f"sasl_{key}", value)


def _writer(message: Message, copies: tuple[Record, ...]) -> Iterator[Record]:
    if message.fullname:
        yield Record(FULL_NAME, message.fullname)
    yield Record(SENDER, message.sender)
    yield from copies
    if message.verp:
        yield Record(VERP, message.verp)
    if message.encoding:
        yield _attribute("encoding", message.encoding)
    if message.trace:
        yield _attribute("trace_flags", TRACE_FLAGS[message.trace])


def _client(message: Message, machine: Machine) -> Iterator[Record]:
    """What is known of the client, twice: for the log, and for policies."""
    name, address = message.client_name, message.client_address
    server = next(iter(machine.outside), "127.0.0.1")
    for key, value in (
        ("log_client_name", name),
        ("log_client_address", address),
        ("log_client_port", CLIENT_PORT),
        ("log_message_origin", f"{name}[{address}]"),
        ("log_helo_name", message.helo),
        ("log_protocol_name", message.protocol),
        ("client_name", name),
        ("reverse_client_name", name),
        ("client_address", address),
        ("client_port", CLIENT_PORT),
        ("server_address", server),
        ("server_port", SERVER_PORT),
        ("helo_name", message.helo),
        ("protocol_name", message.protocol),
        ("client_address_type", 10 if ":" in address else 2),
    ):
        if value:
            yield _attribute(key, value)


def _recipients(message: Message, recipients: list[Recipient], finished: bool) -> Iterator[Record]:
    done = {id(recipient) for recipient in message.done}
    for recipient in recipients:
        yield from _recipient(recipient, finished, id(recipient) in done)


def _recipient(recipient: Recipient, finished: bool, done: bool = False) -> Iterator[Record]:
    if recipient.notify:
        yield _attribute("notify_flags", notify_bits(recipient))
    if recipient.orcpt:
        yield _attribute("dsn_orig_rcpt", recipient.orcpt)
    if finished:
        yield Record(ORIGINAL, recipient.original or recipient.address)
    yield Record(DONE if done else RECIPIENT, recipient.address)


def notify_bits(recipient: Recipient) -> int:
    """What a recipient's sender wants to hear of, as a number; 0 where he did not say."""
    return sum(NOTIFY_BITS[notify] for notify in recipient.notify)


def _content(message: Message) -> Iterator[Record]:
    for line in message.content.lines:
        while len(line) > CHUNK:
            yield Record(PIECE, line[:CHUNK])
            line = line[CHUNK:]
        yield Record(LINE, line)


def _extracted(message: Message) -> Iterator[Record]:
    if message.filter:
        yield Record(FILTER, message.filter)
    if message.redirect:
        yield Record(REDIRECT, message.redirect)
    if message.encoding:
        yield _attribute("encoding", message.encoding)


def _behind(message: Message, finished: bool) -> Iterator[Record]:
    return _recipients(message, in_sections(message)[2], finished)


def in_sections(message: Message) -> tuple[list[Recipient], list[Recipient], list[Recipient]]:
    """The recipients, those who are done with too: right behind the sender, in the envelope, behind the content."""
    found, (head, behind) = in_order(message), message.sections
    tail = max(head, len(found) - behind)
    return found[:head], found[head:tail], found[tail:]


def in_order(message: Message) -> list[Recipient]:
    """All recipients, those who are done with too, in the order of the queue file."""
    found = list(message.recipients)
    for recipient in reversed(message.done):
        found.insert(min(recipient.place, len(found)), recipient)
    return found
