"""NAME
    mail_copy - put a message into a mailbox file or a Maildir

DESCRIPTION
    The lines that a delivery agent puts before a message, and what keeps a file from being written to.

DIAGNOSTICS
    cannot open file: REASON, error writing message: REASON
    unable to create lock file NAME.lock: REASON
    create maildir file NAME: REASON
    configuration error: PARAMETER is smaller than message_size_limit, PARAMETER is limited but ... is unlimited
    maildir access problem for UID/GID=N/N: REASON, perhaps you need to create the maildirs in advance

BUGS
    There are no locks; whether a lock file could be made is looked at all the same.

SEE ALSO
    mail_copy(3), mbox_open(3), mbox(5), maildir(5)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simmail.files.machine import Account, Machine
from simmail.files.mailbox import TOO_LARGE
from simmail.files.tree import DENIED, IS_DIRECTORY, NOT_DIRECTORY, FileSystem, may_write, normal
from simmail.mail.address import quote_local
from simmail.mail.errors import Fatal
from simmail.mail.message import Message
from simmail.mail.questions import NOW, Decision, Deposit
from simmail.postfix.config import Config

DAEMON = "MAILER-DAEMON"
UNWRITTEN = "input/output error"


def mailbox_limit(config: Config, parameter: str) -> int:
    """How large a mailbox may become, octets, 0 for any size.  Raises Fatal where a message may be larger."""
    limit: int = config[parameter]
    largest: int = config["message_size_limit"]
    if limit and not largest:
        raise Fatal(f"configuration error: {parameter} is limited but message_size_limit is unlimited")
    if limit and largest > limit:
        raise Fatal(f"configuration error: {parameter} is smaller than message_size_limit")
    return limit


class Trouble(NamedTuple):
    """Why a mailbox was not written to: enhanced status code, text, and what sysexits(3) calls it ("" for nothing)."""

    status: str
    text: str
    unix: str = ""


def head(sender: str, original: str, delivered: str, date: str | None = None) -> tuple[str, ...]:
    """The lines before a message: From_, Return-Path:, X-Original-To:, Delivered-To:.

    Args:
        sender: the envelope sender, internal form.
        original: the recipient as it was given; "" leaves X-Original-To: out.
        delivered: the recipient that is delivered to; "" leaves Delivered-To: out.
        date: the date of the From_ line, as asctime(3) has it; None leaves it out.
    """
    sender = sender and quote_local(sender)
    lines = [] if date is None else [f"From {sender or DAEMON}  {date}"]
    lines.append(f"Return-Path: <{sender}>")
    if original:
        lines.append(f"X-Original-To: {quote_local(original)}")
    if delivered:
        lines.append(f"Delivered-To: {quote_local(delivered)}")
    return tuple(lines)


def mailbox_trouble(
    files: FileSystem, path: str, name: str, owner: Account, maker: str, strict: bool, status: str,
    warn: Callable[[str, str], None],
) -> Trouble | None:  # fmt: skip
    """Why a user's mbox file cannot be appended to; None where it can.

    Args:
        files: the host's.
        path: the file, as it is called.
        name: the same, normal.
        owner: whose mailbox it is.
        maker: who makes it where it is not, and its lock.
        strict: strict_mailbox_ownership.
        status: the enhanced status code for whatever has none of its own.
        warn: hears warnings.
    """
    file = files.find(name)
    if file is None:
        reason = files.may_append(name, maker, owner.gid)
        if not reason:
            return None
        what = "cannot open file" if reason == IS_DIRECTORY else f"unable to create lock file {path}.lock"
        return Trouble(status, f"{what}: {reason}")
    if not may_write(file, owner.name):
        return Trouble(status, f"cannot open file: {DENIED}")
    if strict and file.owner != owner.name:
        warn("warning", 'specify "strict_mailbox_ownership = no" to ignore mailbox ownership mismatch')
        return Trouble("4.2.0", f"destination {path} is not owned by recipient")
    return None


def append_trouble(error: str, status: str) -> Trouble:
    """Why a message could not be appended to an mbox file.

    Args:
        error: what `Deposit` was answered.
        status: the enhanced status code for whatever has none of its own.
    """
    return Trouble("5.2.2" if error == TOO_LARGE else status, f"error writing message: {error}", UNWRITTEN)


def maildir(
    machine: Machine, message: Message, path: str, lines: tuple[str, ...], rights: Account, status: str,
    warn: Callable[[str, str], None],
) -> Decision[Trouble | None]:  # fmt: skip
    """Put a message into a Maildir; None where that went well."""
    reason = _maildir_trouble(machine.files, path, rights)
    if not reason:
        reason = yield Deposit(normal(path) + "/", message, lines, rights.name)
    if not reason:
        return None
    now = yield NOW
    seconds = int(machine.calendar.unix(now))
    what = f"create maildir file {path}tmp/{seconds}.P{rights.uid}.{machine.hostname}: {reason}"
    if reason == DENIED:
        warn("warning", f"maildir access problem for UID/GID={rights.uid}/{rights.gid}: {what}")
        warn("warning", "perhaps you need to create the maildirs in advance")
    return Trouble(status, f"maildir delivery failed: {what}")


def _maildir_trouble(files: FileSystem, path: str, user: Account) -> str:
    """Why a Maildir cannot be made or used; "" where it can."""
    folder = normal(path)
    if files.is_folder(folder + "/new"):
        return files.may_append(folder + "/tmp/x", user.name, user.gid)
    while not files.is_folder(folder):
        if files.find(folder) is not None:
            return NOT_DIRECTORY
        folder = folder.rpartition("/")[0] or "/"
    return files.may_append(folder + "/x", user.name, user.gid)
