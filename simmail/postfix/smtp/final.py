"""NAME
    smtp.final - smtp(8) and lmtp(8) as agents of final delivery

DESCRIPTION
    `flags=` behind the command in master.cf: D puts a Delivered-To: line before each message and returns one that has
    its own already; O adds X-Original-To:, R Return-Path:.  The addresses of Delivered-To: and Return-Path: are those
    of the envelope, generic ones where tables say so.  X lets lmtp(8) report mail as
    delivered that a server without DSN has taken, and smtp(8) do nothing else.

    D and O want one recipient a delivery.

DIAGNOSTICS
    flag `D' requires NAME_destination_recipient_limit = 1
    mail forwarding loop for ADDRESS
    unknown flags=DZ value "Z" in "DZ"
    unknown attribute name: WORD
        The fatal errors of a process that starts.

SEE ALSO
    smtp(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.address import quote_local
from simmail.mail.errors import Fatal
from simmail.postfix.agent import MISCONFIGURED, crowded, looped
from simmail.postfix.delivered_to import delivered_before
from simmail.postfix.delivery import Dsn, Request

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp

FLAGS = frozenset("DORX")


def read_flags(words: tuple[str, ...]) -> frozenset[str]:
    """The flags of an entry in master.cf, from what stands behind its options.  Raises Fatal, as the log has it."""
    flags: set[str] = set()
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name != "flags":
            raise Fatal(f"unknown attribute name: {word}")
        unknown = next((letter for letter in value if letter not in FLAGS), "")
        if unknown:
            raise Fatal(f'unknown flags={value} value "{unknown}" in "{value}"')
        flags.update(value)
    return frozenset(flags)


class FinalDelivery:
    """What a client does besides for the mail that arrives where it delivers.

    Args:
        client: the program.
        flags: of its entry in master.cf.

    Attributes:
        flags: the same.
    """

    def __init__(self, client: Smtp, flags: frozenset[str]) -> None:
        self._client, self.flags = client, flags

    def trouble(self, request: Request) -> Dsn | None:
        """Why a request cannot be delivered; None where it can."""
        client, flags = self._client, self.flags
        crowd = crowded(request, flags, client.service.name)
        if crowd:
            client.warn("warning", crowd)
            return MISCONFIGURED
        address = request.recipients[0].address
        if "D" in flags and address.lower() in delivered_before(request.message.content):
            return looped(address)
        return None

    def head(self, request: Request) -> tuple[str, ...]:
        """The lines before a message."""
        recipient, public = request.recipients[0], self._client.envelope
        lines = {
            "R": f"Return-Path: <{request.sender and public(request.sender)}>",
            "O": f"X-Original-To: {quote_local(recipient.original or recipient.address)}",
            "D": f"Delivered-To: {public(recipient.address)}",
        }
        return tuple(line for flag, line in lines.items() if flag in self.flags)
