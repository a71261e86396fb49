"""NAME
    forward - a user's own .forward file

DESCRIPTION
    The first file of forward_path that exists says where a user's mail goes.  Names in forward_path are expanded; a
    path with a name that has no value is passed over, so that the file for an address extension is tried only where
    there is one.

    A file that belongs to somebody else, that everybody may write to, that the user may not read, or that is no file
    is passed over with a warning.
    A user who names himself in his own file means his mailbox.

PARAMETERS
    forward_path, forward_expansion_filter, propagate_unmatched_extensions, frozen_delivered_to

DIAGNOSTICS
    file NAME is not a regular file, ... has bad owner uid N, ... is world writable
    cannot open file NAME: Permission denied

SEE ALSO
    local(8), postconf(5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from simmail.files.entries import File, may_read
from simmail.files.file_errors import DENIED
from simmail.files.machine import Account
from simmail.files.paths import normal
from simmail.mail.questions import Decision
from simmail.postfix.delivery import PROBE
from simmail.postfix.expand import plain_names
from simmail.postfix.local.macros import Macros
from simmail.postfix.local.state import Run, Source, State, Step
from simmail.postfix.tables.split import split_outside_braces

if TYPE_CHECKING:
    from simmail.postfix.local.agent import Local


class ForwardFile(NamedTuple):
    """The file that says where mail goes.

    Args:
        path: its name, as forward_path gives it.
        place: where that is.
        by_extension: whether the address extension chose it.
    """

    path: str
    place: str
    by_extension: bool


class ForwardFiles:
    """Expands .forward files.

    Args:
        agent: the delivery agent.
    """

    def __init__(self, agent: Local) -> None:
        self.agent = agent
        self._paths = split_outside_braces(agent.config["forward_path"])
        self._macros = Macros(agent, agent.config["forward_expansion_filter"])
        #: Those of them that nothing comes of for an address without an extension.
        self._for_extensions = frozenset(path for path in self._paths if "extension" in (plain_names(path) or ()))
        self._plain = "client_" not in agent.config["forward_path"]
        #: Address -> the account that it is for, and its files.
        self._expanded: dict[str, tuple[Account, tuple[ForwardFile, ...]]] = {}

    def deliver(self, run: Run, state: State) -> Step:
        """Deliver to what the user's .forward file says; None where there is none, or it says nothing."""
        account = self.agent.machine.accounts.get(state.user)
        if not self._paths or account is None:
            return None
        found = self._find(run, state, account)
        if found is None and not self.agent.pending:
            return None
        return self._deliver(run, state, account, found)

    def _deliver(self, run: Run, state: State, account: Account, found: ForwardFile | None) -> Decision[bool | None]:
        agent = self.agent
        if agent.pending:
            yield from agent.spoken()
        if found is None:
            return None
        if not run.first("forward", found.path):
            return False if ("forward-done", found.path) in run.seen else None
        file = self._trusted(found, account)
        if file is None:
            yield from agent.spoken()
            return None
        if run.request.message.trace == PROBE:
            return (yield from agent.deliver_sent(run, state, f"forward via file: {found.path}"))
        before = state.recipient
        state = state.copy()
        if not agent.frozen:
            state.delivered = state.recipient.address
        state.rights = account
        state.source = Source.FORWARD
        run.deeper(state)
        state.owner = state.user
        state.expanded_from = state.local
        if found.by_extension or "forward" not in agent.propagated:
            state.unmatched = None
        agent.hand_on(state)
        waits, count = yield from agent.destinations.deliver_file(run, state, file.text)
        if not count:
            return None
        run.first("forward-done", found.path)
        if not waits:
            asked = state.copy()
            asked.recipient = before
            agent.expanded(run, asked, False)
        return waits

    def _find(self, run: Run, state: State, account: Account) -> ForwardFile | None:
        """The first of forward_path that exists."""
        known = self._expanded.get(state.recipient.address)
        files = self._places(run, state, account) if known is None or known[0] is not account else known[1]
        tree = self.agent.machine.files
        for file in files:
            there = tree.taken(file.place) or (tree.linked and tree.link(file.place))
            if there and not tree.is_closed(file.place, account.name):
                return file
        return None

    def _places(self, run: Run, state: State, account: Account) -> tuple[ForwardFile, ...]:
        """The files of forward_path for an address, its names expanded."""
        said = len(self.agent.pending)
        asking = state.copy()
        asking.rights = account
        places = []
        for pattern in self._paths:
            if state.extension is None and pattern in self._for_extensions:
                continue
            path = self._macros.expand(pattern, run, asking)
            if not (path.failed or path.undefined) and path.text:
                places.append(ForwardFile(path.text, normal(path.text), path.by_extension))
        found = tuple(places)
        if self._plain and len(self.agent.pending) == said:
            self.agent.system.memo.keep(self._expanded, state.recipient.address, (account, found))
        return found

    def _trusted(self, found: ForwardFile, account: Account) -> File | None:
        """The file, if its owner and permissions are as they should be; else None, with a warning."""
        agent, path = self.agent, found.path
        files = agent.machine.files
        file = files.find(found.place)
        if file is None or files.link(found.place) is not None:
            agent.warn("warning", f"file {path} is not a regular file")
        elif file.owner not in ("root", account.name):
            owner = agent.machine.accounts.get(file.owner)
            agent.warn("warning", f"file {path} has bad owner uid {owner.uid if owner else file.owner}")
        elif file.mode & 0o002:
            agent.warn("warning", f"file {path} is world writable")
        elif not may_read(file, account.name):
            agent.warn("warning", f"cannot open file {path}: {DENIED}")
        else:
            return file
        return None
