"""NAME
    destinations - what aliases, lists and .forward files hold

DESCRIPTION
    A list of destinations, separated by commas: an address, `/file`, `~/file` in a .forward, `|command`,
    `:include:/list`.  Addresses are completed and resolved; those of this machine's local transport are expanded
    further, the others sent on in a new message.

PARAMETERS
    allow_mail_to_commands, allow_mail_to_files, frozen_delivered_to, propagate_unmatched_extensions, line_length_limit

DIAGNOSTICS
    mail to command is restricted, mail to file is restricted
    bad home directory syntax for: NAME
    unknown home directory for: NAME
    :include:NAME uses a relative path
    unable to lookup :include: file NAME: No such file or directory
    :include: file NAME is not a regular file, ... is world writable
    cannot open include file NAME: Permission denied
    bad recipient address syntax: ADDRESS
    address resolver failure

SEE ALSO
    aliases(5), local(8)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from simmail.files.entries import File, may_read
from simmail.files.file_errors import DENIED, FileError
from simmail.files.machine import Account
from simmail.mail.address import unquote_local
from simmail.mail.questions import Decision
from simmail.mail.tokens import Address, external_address, internalize, parse
from simmail.postfix.agent import MISCONFIGURED, failure
from simmail.postfix.local.state import SOURCES, Run, Source, State
from simmail.postfix.maincf import physical_lines
from simmail.postfix.resolve_client import until_known
from simmail.postfix.resolved import ResolveFlag

if TYPE_CHECKING:
    from simmail.postfix.local.agent import Local

INCLUDE = ":include:"


class Destination(NamedTuple):
    """One item of a list: in internal form, for files and commands, and as an external address."""

    text: str
    address: str


def destinations(line: str) -> tuple[Destination, ...]:
    """The destinations in one line, or in the value of an alias."""
    return tuple(
        Destination(internalize(item.tokens), external_address(item))
        for item in parse(line)
        if isinstance(item, Address)
    )


class Destinations:
    """Delivers to lists of destinations.

    Args:
        agent: the delivery agent.
    """

    def __init__(self, agent: Local) -> None:
        self.agent = agent
        config = agent.config
        self._commands = config.mask("allow_mail_to_commands", SOURCES)
        self._parsed: dict[str, tuple[Destination, ...]] = {}
        self.files = config.mask("allow_mail_to_files", SOURCES)
        self._longest: int = config["line_length_limit"]

    def parse(self, line: str) -> tuple[Destination, ...]:
        """The destinations in a line, remembered."""
        found = self._parsed.get(line)
        if found is None:
            found = destinations(line)
            self.agent.system.memo.keep(self._parsed, line, found)
        return found

    def deliver(self, run: Run, state: State, line: str) -> Decision[bool]:
        """Deliver to all destinations in a line; whether any must be tried again later."""
        waits = False
        for destination in self.parse(line):
            waits |= yield from self.one(run, state, destination)
        return waits

    def deliver_file(self, run: Run, state: State, text: str) -> Decision[tuple[bool, int]]:
        """Deliver to what stands in a file, up to the line with one that waits.

        Returns:
            Whether that line must be tried again, and how many destinations there were.
        """
        count = 0
        for line in self._lines(text):
            if line.startswith("#"):
                continue
            count += len(self.parse(line))
            waits = yield from self.deliver(run, state, line)
            if waits:
                return True, count
        return False, count

    def _lines(self, text: str) -> Iterator[str]:
        """The lines of a file with their ends, which a quote may take in; one that is too long counts as several."""
        longest = self._longest
        for line in physical_lines(text):
            if len(line) <= longest:
                yield line
            else:
                yield from (line[start : start + longest] for start in range(0, len(line), longest))

    def one(self, run: Run, state: State, destination: Destination) -> Decision[bool]:
        """Deliver to one destination."""
        agent, text = self.agent, destination.text
        if text.startswith("/"):
            return (yield from agent.mailboxes.deliver_file(run, state, text))
        if text.startswith("~"):
            return (yield from self._home(run, state, text))
        if text.startswith("|"):
            if state.source.value not in self._commands:
                return (yield from agent.bounce(run, state, failure("5.7.1", "mail to command is restricted")))
            return (yield from agent.commands.deliver(run, state, text[1:]))
        if text[: len(INCLUDE)].lower() == INCLUDE:
            return (yield from self._include(run, state, text[len(INCLUDE) :]))
        return (yield from self.address(run, state, destination.address))

    def _home(self, run: Run, state: State, text: str) -> Decision[bool]:
        """`~/file`: in the home of the .forward file's owner."""
        agent, home = self.agent, state.rights.home if state.rights else ""
        if text[1:2] != "/":
            return (yield from self._refuse(run, state, f"bad home directory syntax for: {text}"))
        if not home:
            return (yield from self._refuse(run, state, f"unknown home directory for: {text}"))
        return (yield from agent.mailboxes.deliver_file(run, state, ("" if home == "/" else home) + text[1:]))

    def _refuse(self, run: Run, state: State, warning: str) -> Decision[bool]:
        self.agent.warn("warning", warning)
        return self.agent.warned(self.agent.bounce(run, state, failure("5.3.5", MISCONFIGURED.reason)))

    # ---- lists

    def _include(self, run: Run, state: State, path: str) -> Decision[bool]:
        """`:include:/list`: everybody in a file; each gets a new message."""
        agent = self.agent
        uid = state.rights.uid if state.rights else 0
        if not run.first("include", uid, path):
            return False
        if not path.startswith("/"):
            return (yield from self._refuse(run, state, f":include:{path} uses a relative path"))
        file = self._list(path, state.rights)
        if isinstance(file, str):
            return (yield from self._refuse(run, state, file))
        state = state.copy()
        state.expanded_from = state.local
        state.source = Source.INCLUDE
        state.level += 1
        if "include" not in agent.propagated:
            state.unmatched = None
        if uid == 0 and file.owner != "root":
            owner = agent.machine.accounts.get(file.owner)
            if owner is None:
                agent.warn("warning", f"cannot find username for uid {file.owner}")
                return (yield from self._refuse(run, state, f"{path}: cannot find username for uid {file.owner}"))
            state.rights = owner
        if not state.owner:
            state.owner = state.recipient.address
        waits, _ = yield from self.deliver_file(run, state, file.text)
        return waits

    def _list(self, path: str, rights: Account | None) -> File | str:
        """The file of a list, which is read with `rights`, or with its owner's; or what is wrong with it."""
        files = self.agent.machine.files
        try:
            file = files.file(path)
        except FileError as error:
            if files.is_folder(path):
                return f":include: file {path} is not a regular file"
            return f"unable to lookup :include: file {path}: {error.reason}"
        if file.mode & 0o002:
            return f":include: file {path} is world writable"
        reader = rights.name if rights is not None else file.owner
        return file if may_read(file, reader) else f"cannot open include file {path}: {DENIED}"

    # ---- addresses

    def address(self, run: Run, state: State, address: str) -> Decision[bool]:
        """Complete and resolve an address (external form), and deliver to it here or send the message on."""
        agent = self.agent
        if run.endless(address):
            yield from agent.watched_in_vain()
        rewriter = agent.rewriter
        complete = unquote_local(agent.completed(address))
        resolved = rewriter.resolve(state.sender, complete)
        if ResolveFlag.NOWHERE in resolved.flags:
            resolved = yield from until_known(agent, state.sender, complete, resolved)
        if rewriter.pending:
            yield from rewriter.spoken()
        if ResolveFlag.FAIL in resolved.flags:
            return (yield from agent.bounce(run, state, failure("4.3.0", "address resolver failure")))
        if ResolveFlag.ERROR in resolved.flags:
            text = f"bad recipient address syntax: {resolved.recipient}"
            return (yield from agent.bounce(run, state, failure("5.1.3", text)))
        recipient = resolved.recipient
        if state.unmatched is not None:
            local, at, domain = recipient.rpartition("@")
            recipient = f"{local}{state.delimiter}{state.unmatched}{at}{domain}"
        further = state.leading_to(recipient)
        if resolved.transport == run.request.transport:
            return (yield from agent.recipient(run, further))
        return (yield from self.send_on(run, further))

    def send_on(self, run: Run, state: State) -> Decision[bool]:
        """Let the address have a new message; those with one sender and one Delivered-To: share it."""
        address = state.recipient.address
        if not run.first("indirect", address):
            return False
        if run.request.verify:
            return (yield from self.agent.deliver_sent(run, state, f"forwards to {address}"))
        run.forwarded.setdefault((state.delivered, state.sender), []).append(state)
        return False
