"""NAME
    mail_copy - put a message into a mailbox file or a Maildir

DESCRIPTION
    The lines that a delivery agent puts before a message, and what keeps a file from being written to.

PARAMETERS
    deliver_lock_attempts, deliver_lock_delay, stale_lock_time

DIAGNOSTICS
    cannot open file: REASON, cannot create file exclusively: REASON, error writing message: REASON
    unable to create lock file NAME.lock: REASON
    create maildir file NAME: REASON
    configuration error: PARAMETER is smaller than message_size_limit, PARAMETER is limited but ... is unlimited
    file is a symbolic link, file has N hard links
    maildir access problem for UID/GID=N/N: REASON, perhaps you need to create the maildirs in advance

BUGS
    No lock file is made, only looked for; whether one could be made is looked at all the same.  Neither a change of
    owner or permissions makes one younger.

SEE ALSO
    mail_copy(3), mbox_open(3), dot_lockfile(3), mbox(5), maildir(5)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simmail.files.entries import may_write
from simmail.files.file_errors import DENIED, EXISTS, IS_DIRECTORY, NO_FILE, NOT_DIRECTORY
from simmail.files.machine import Account, Machine
from simmail.files.mailbox import TOO_LARGE
from simmail.files.paths import above, normal
from simmail.files.tree import FileSystem
from simmail.mail.address import quote_local
from simmail.mail.errors import Fatal
from simmail.mail.message import Message
from simmail.mail.questions import NOW, Decision, Deposit, Sleep
from simmail.postfix.config import QUEUE_DIRECTORY, Config
from simmail.postfix.start_checks import LOCKS

DAEMON = "MAILER-DAEMON"
UNWRITTEN = "input/output error"


def mailbox_limit(config: Config, parameter: str) -> int:
    """How large a mailbox may become, octets, 0 for any size.  Raises Fatal where a message may be larger."""
    limit: int = config[parameter]
    largest: int = config["message_size_limit"]
    if limit <= 0:
        return 0
    if largest <= 0:
        raise Fatal(f"configuration error: {parameter} is limited but message_size_limit is unlimited")
    if largest > limit:
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


class LockFiles:
    """The lock files that keep two programs from appending to one file at once.

    Args:
        config: the delivery agent's parameters.
        parameter: the one that names the kinds of locks, mailbox_delivery_lock or virtual_mailbox_lock.

    Attributes:
        used: whether there are any.
    """

    def __init__(self, config: Config, parameter: str) -> None:
        self.used = "dotlock" in config.mask(parameter, LOCKS)
        self._attempts: int = config["deliver_lock_attempts"]
        self._delay: float = config["deliver_lock_delay"]
        self._stale: float = config["stale_lock_time"]

    def wait(self, files: FileSystem, path: str, name: str) -> Decision[Trouble | None]:
        """Wait for another one's lock file to go away, or remove one left behind; None where that came about.

        Args:
            files: the host's.
            path: the mailbox, as it is called.
            name: its lock file, normal.
        """
        for attempt in range(self._attempts):
            if not files.taken(name):
                return None
            file = files.find(name)
            if file is not None and (yield NOW) - file.changed > self._stale:
                files.remove(name)
            elif attempt < self._attempts - 1:
                yield Sleep(self._delay)
        return Trouble("4.2.0", f"unable to create lock file {path}.lock: {EXISTS}") if files.taken(name) else None


def link_trouble(files: FileSystem, name: str) -> str:
    """What about links keeps a file from being appended to; "" for nothing.

    Root may put a symbolic link into a folder of his own that nobody else can write to.
    """
    names = files.hard_links(name)
    if names > 1:
        return f"file has {names} hard links"
    link, folder = files.link(name), above(name)
    if link is None:
        return ""
    if files.find(name) is None:
        return f"cannot open file: {NO_FILE}"
    trusted = link.owner == files.folder_owner(folder) == "root" and not files.folder_mode(folder) & 0o022
    return "" if trusted else "file is a symbolic link"


def mailbox_trouble(
    files: FileSystem, path: str, name: str, owner: Account, maker: str, strict: bool, status: str,
    warn: Callable[[str, str], None], locked: bool,
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
        locked: whether a lock file is made.
    """
    file = files.find(name)
    if file is None and not (files.linked and files.link(name)):
        reason = files.may_append(name, maker, owner.gid)
        if not reason:
            return None
        what = f"unable to create lock file {path}.lock" if locked else "cannot create file exclusively"
        if reason == IS_DIRECTORY:
            what = "cannot open file"
        return Trouble(status, f"{what}: {reason}")
    reason = files.may_append(name + ".lock", maker, owner.gid) if locked and maker != "root" else ""
    if reason:
        return Trouble(status, f"unable to create lock file {path}.lock: {reason}")
    if file is None or not may_write(file, owner.name):
        return Trouble(status, f"cannot open file: {NO_FILE if file is None else DENIED}")
    linked = files.linked and link_trouble(files, name)
    if linked:
        return Trouble(status, linked)
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
        reason = yield Deposit(normal(path, QUEUE_DIRECTORY) + "/", message, lines, rights.name)
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
    folder = normal(path, QUEUE_DIRECTORY)
    if files.is_folder(folder + "/new"):
        return files.may_append(folder + "/tmp/x", user.name, user.gid)
    while not files.is_folder(folder):
        if files.find(folder) is not None:
            return NOT_DIRECTORY
        folder = folder.rpartition("/")[0] or "/"
    return files.may_append(folder + "/x", user.name, user.gid)
