"""NAME
    forwarding - tell a server of the client that a message came from

DESCRIPTION
    A content filter, or the server behind it, hears with XFORWARD who brought a message, as far as it asks for that in
    its reply to EHLO: name, address and port in one command, protocol, HELO name, queue id and source in another one.
    What is not known is not told.

PARAMETERS
    smtp_send_xforward_command, smtp_xforward_timeout, each also as lmtp_

DIAGNOSTICS
    host HOST said: REPLY (in reply to XFORWARD name/address command)
    lost connection with HOST while sending XFORWARD name/address

BUGS
    The port is always the same one.  The queue id that another server told with XFORWARD is not passed on.

SEE ALSO
    XFORWARD_README
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.answers import Lost
from simmail.mail.questions import Decision
from simmail.postfix.queue_file import CLIENT_PORT, is_local
from simmail.postfix.smtp.attempt import quoted
from simmail.smtp.commands import Command
from simmail.smtp.parameters import encode_xtext
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.files.machine import Machine
    from simmail.mail.message import Message
    from simmail.postfix.smtp.client import Smtp
    from simmail.postfix.smtp.dialogue import Dialogue
    from simmail.postfix.smtp.offer import Offer

UNKNOWN = "unknown"


class Told(NamedTuple):
    """A command that tells of the client.

    Args:
        command: itself.
        request: what the log calls it.
        state: what is being done while it is sent.
    """

    command: Command
    request: str
    state: str


#: The commands: what the log calls each, what is being done meanwhile, which attributes it tells.
COMMANDS = (
    ("XFORWARD name/address command", "sending XFORWARD name/address", ("NAME", "ADDR", "PORT")),
    ("XFORWARD helo/protocol command", "sending XFORWARD protocol/helo_name", ("PROTO", "HELO", "IDENT", "SOURCE")),
)


def xforward(message: Message, offer: Offer, machine: Machine) -> tuple[Told, ...]:
    """The commands that tell of a message's client.

    Args:
        message: what is delivered.
        offer: what the server can do, and with it the attributes that it wants to know.
        machine: the host that the message came to.
    """
    wanted, known = offer.features.get("XFORWARD", "").upper().split(), _known(message, machine)
    found: list[Told] = []
    for request, state, names in COMMANDS:
        words = [f"{name}={encode_xtext(known[name])}" for name in names if name in wanted and name in known]
        if words:
            found.append(Told(Command("XFORWARD", " ".join(words)), request, state))
    return tuple(found)


def hear(session: Dialogue, client: Smtp, told: Told, reply: Reply | Lost) -> Decision[None]:
    """What a server answers to such a command: a connection that ends is told as ever, a refusal does no harm."""
    if isinstance(reply, Lost):
        yield from session.broken(reply, told.state)
    elif reply.kind != 2:
        said = f"host {session.attempt.relay} said: {quoted(reply, client.utf8)} (in reply to {told.request})"
        yield client.note("warning", "", said)


def _known(message: Message, machine: Machine) -> dict[str, str]:
    """What is known of the client that brought a message, and where it counts as coming from."""
    address = message.client_address
    told = {
        "NAME": message.client_name,
        "ADDR": address,
        "PORT": str(CLIENT_PORT) if address else "",
        "PROTO": message.protocol,
        "HELO": message.helo,
        "IDENT": message.ident or (message.queue_id if address else ""),
        "SOURCE": "LOCAL" if is_local(message, machine) else "REMOTE",
    }
    return {name: value for name, value in told.items() if value and value.lower() != UNKNOWN}
