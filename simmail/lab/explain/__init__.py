"""`explain`: what would happen to a mail on a host, and which line of which file decides it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

from simmail.lab.explain.explanation import Explanation
from simmail.lab.explain.place import find
from simmail.lab.explain.play import USUAL, Mail
from simmail.mail.errors import InputError
from simmail.world.host import Host

__all__ = ["Explanation", "explain"]


def explain(
    host: Host | str | Path,
    *,
    client: str,
    sender: str,
    recipient: str,
    helo: str = "",
    data: str = "",
    zones: Sequence[str] = (),
    world: str = "",
    at: str = "",
    policy: str = "",
    port: int = 25,
    users: Sequence[str] = (),
) -> Explanation:
    """Explain what would happen to a mail.

    Args:
        host: a host of a running world; or the folder of one, a world's `hosts/NAME` or a bare /etc/postfix.
        client: the client's IP address, and after a comma the name that its address leads to (`unknown` for none).
        sender: the envelope sender; "" or `<>` for the null sender.
        recipient: the envelope recipient.
        helo: what the client calls itself; its name, or its address in brackets, by default.
        data: the message's text, header and body.
        zones: master files that answer for names, instead of the world's.
        world: the world around the host; that of its folder by default.
        at: the moment of that world, `2d`; its start by default.
        policy: a folder below the world's policies/, laid over its hosts.
        port: where the client calls.
        users: accounts that a bare /etc/postfix is given.

    Raises:
        InputError: for a host, an address or a file that cannot be.
    """
    for given, called in ((client, "--client"), (sender, "--from"), (recipient, "--to")):
        if not isinstance(given, str):
            raise InputError(called, f"{given!r} is no text", "write it in quotation marks; '' stands for <>")
    address, name = _caller(client)
    place = find(host, tuple(zones), world, at, policy)
    for user in users:
        if user not in place.host.machine.accounts:
            place.host.machine.add_user(user)
    literal = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
    said = helo or (name if name and name != "unknown" else literal)
    envelope = [text.removeprefix("<").removesuffix(">") for text in (sender, recipient)]
    for text, what in zip((said, *envelope), ("--helo", "--from", "--to"), strict=True):
        if any(character in text for character in "\r\n"):
            raise InputError(what, "has more than one line", "write one address or name")
    lines = tuple(data.removesuffix("\n").split("\n")) if data else USUAL
    return Explanation(place, Mail(address, name, said, envelope[0], envelope[1], lines, port))


def _caller(client: str) -> tuple[str, str]:
    """The address and the name in `ADDRESS,NAME`.  Raises InputError."""
    address, _, name = (part.strip() for part in client.partition(","))
    try:
        return str(ipaddress.ip_address(address)), name
    except ValueError:
        raise InputError(
            "--client", f"{address!r} is no IP address", "write 203.0.113.9, or 203.0.113.9,NAME"
        ) from None
