"""Hands fetched mail on: to an MDA, or by SMTP to the host's own mail server."""

from __future__ import annotations

import email.utils
import re

from simmail.mail.answers import ConnectFailure, Lost
from simmail.mail.content import Content
from simmail.mail.questions import Close, Connect, Decision, Now, Receive, Send
from simmail.postfix.host_lookup import NO_NAME
from simmail.smtp.commands import Command, Data, Sent
from simmail.userland.fetchmail.clients import SMTP, Trouble, addresses, place
from simmail.userland.fetchmail.rcfile import Account
from simmail.userland.process import LaunchError, Process, launch
from simmail.userland.streams import Stream

VERSION = "6.4.37"
PATIENCE_S = 300.0
SMTP_PORT = 25
_RETURN_PATH = re.compile(r"^(?:Return-Path|Sender|From):\s*(.*)$", re.IGNORECASE | re.MULTILINE)
_HARMLESS = re.compile(r"[^A-Za-z0-9@%_+=:,./-]")


def sender_of(text: str) -> str:
    """Who sent a message, as its Return-Path: or its author fields say; "" for the null sender."""
    head = text.partition("\n\n")[0]
    found = _RETURN_PATH.search(head)
    return email.utils.parseaddr(found[1])[1] if found else ""


def received(process: Process, account: Account, recipient: str, now: float) -> str:
    """The Received: field that fetchmail puts in front."""
    machine = process.machine
    date = machine.calendar.header(now).removesuffix(" (UTC)")
    return (
        f"Received: from {account.via or account.server}\n"
        f"\tby {machine.hostname} with {account.protocol} (fetchmail-{VERSION})\n"
        f"\tfor <{recipient}> (single-drop); {date}\n"
    )


def deliver(process: Process, account: Account, text: str) -> Decision[str]:
    """Hand a message on; "" where that went well, else why not.

    Raises:
        Trouble: where nobody takes mail at all.
    """
    now = process.now = max(process.now, (yield Now()))
    recipient = account.locals[0]
    text = received(process, account, recipient if account.mda else f"{recipient}@localhost", now) + text
    if account.mda:
        return (yield from _by_program(process, account, text))
    return (yield from _by_smtp(account, text))


def _by_program(process: Process, account: Account, text: str) -> Decision[str]:
    values = {"T": " ".join(map(_quoted, account.locals)), "F": _quoted(sender_of(text)), "s": account.server}
    command = re.sub(r"%([TFs%])", lambda found: values.get(found[1], "%"), account.mda)
    err: list[str] = []
    try:
        status = yield from launch(process, ("/bin/sh", "-c", command), source=Stream(text), out=[], err=err)
    except LaunchError as error:
        return f"fetchmail: MDA: {error.reason}"
    process.job.settle()
    process.err.extend(err)
    return f"fetchmail: MDA returned nonzero status {status}" if status else ""


def _quoted(text: str) -> str:
    """A text that means nothing to a shell: what might is replaced, as the real one does."""
    return f"'{_HARMLESS.sub('_', text)}'" if text else "''"


def _by_smtp(account: Account, text: str) -> Decision[str]:
    """Deliver to the first of the SMTP hosts that takes connections."""
    hosts = account.smtp_hosts or ("localhost",)
    lines = ["fetchmail: Connection errors for this poll:"]
    for host in hosts:
        name, _, port = host.partition("/")
        number = int(port) if port.isdigit() and len(port) < 6 else SMTP_PORT
        reason = NO_NAME
        for address in (yield from addresses(name)):
            connection = yield Connect(address, number, PATIENCE_S)
            if not isinstance(connection, ConnectFailure):
                return (yield from _talk(account, connection, text))
            reason = connection.reason
            service = "smtp" if number == SMTP_PORT else str(number)
            lines.append(f"name 0: connection to {name}:{service} [{address}/{number}] failed: {reason}.")
        lines.append(f"fetchmail: SMTP connect to {host} failed")
    lines.append(
        f"fetchmail: SMTP transaction error while fetching from {place(account)} and delivering to SMTP host {hosts[0]}"
    )
    raise Trouble(SMTP, *lines)


def _talk(account: Account, connection: object, text: str) -> Decision[str]:
    domain = account.smtp_address or "localhost"
    content = Content(tuple(text.removesuffix("\n").split("\n")))
    answer = yield Receive(connection, PATIENCE_S)
    steps: list[Sent] = [
        Command("EHLO", "localhost"),
        Command("MAIL", f"FROM:<{sender_of(text)}>"),
        *(Command("RCPT", f"TO:<{name if '@' in name else f'{name}@{domain}'}>") for name in account.locals),
        Command("DATA"),
        Data(content),
    ]
    for step in steps:
        if isinstance(answer, Lost) or answer.kind > 3:
            break
        answer = (yield Send(connection, (step,), (PATIENCE_S,)))[0]
    if isinstance(answer, Lost):
        yield Close(connection)
        return f"fetchmail: SMTP error: {answer.reason}"
    if not answer.closes:
        yield Send(connection, (Command("QUIT"),), (PATIENCE_S,))
    return "" if answer.kind == 2 else f"fetchmail: SMTP error: {answer.text}"
