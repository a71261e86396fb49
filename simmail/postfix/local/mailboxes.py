"""NAME
    mailboxes - deliver to mailboxes and files

DESCRIPTION
    A user's mail goes, by the first of these that is set, to another agent (mailbox_transport_maps,
    mailbox_transport), to a command (mailbox_command_maps, mailbox_command), or to a file or Maildir: home_mailbox
    below the home, or mail_spool_directory with the user's name.  A name that ends in a slash is a Maildir.

PARAMETERS
    mailbox_transport_maps, mailbox_transport, mailbox_command_maps, mailbox_command, home_mailbox,
    mail_spool_directory, mailbox_size_limit, mailbox_delivery_lock, strict_mailbox_ownership,
    prepend_delivered_header, frozen_delivered_to, allow_mail_to_files

DIAGNOSTICS
    delivered to mailbox, delivered to maildir, delivered to file: NAME
    cannot update mailbox NAME for user NAME. REASON
    cannot append message to file NAME: REASON
    and those of mail_copy(3)

SEE ALSO
    local(8), mail_copy(3)
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from simmail.files.file_errors import IS_DIRECTORY, NO_FILE
from simmail.files.machine import Account
from simmail.files.paths import NULL_DEVICE, normal
from simmail.mail.questions import NOW, Decision, Deposit, answered
from simmail.postfix.agent import failure
from simmail.postfix.config import QUEUE_DIRECTORY
from simmail.postfix.local.passing import Passing
from simmail.postfix.local.state import Run, State, Step
from simmail.postfix.mail_copy import LockFiles, Trouble, append_trouble, link_trouble, mailbox_trouble, maildir
from simmail.postfix.tables import FOLDED, PARANOID, LookupFailure, Maps

if TYPE_CHECKING:
    from simmail.postfix.config import Config
    from simmail.postfix.local.agent import Local


class MailboxPaths:
    """Where users' mailboxes are: a file, or a Maildir where the path ends in a slash.

    Args:
        config: of local(8), or of the host.

    Attributes:
        at_home: whether they are below the homes.
    """

    def __init__(self, config: Config) -> None:
        self._home_mailbox: str = config["home_mailbox"]
        spool: str = config["mail_spool_directory"]
        #: What stands before a user's name in the path, and behind it.
        self._folder, self._end = (spool, "/") if spool.endswith("/") else (spool + "/", "")
        #: A spool of Maildirs goes before an mbox file at home.
        self.at_home = bool(self._home_mailbox) and (self._home_mailbox.endswith("/") or not self._end)

    def of(self, account: Account) -> str:
        """The path of a user's."""
        return f"{account.home}/{self._home_mailbox}" if self.at_home else f"{self._folder}{account.name}{self._end}"


class Mailboxes:
    """Delivers to mailboxes and files.

    Args:
        agent: the delivery agent.
    """

    def __init__(self, agent: Local) -> None:
        self.agent = agent
        config = agent.config
        self._passing = Passing(agent, "mailbox_transport")
        self._command: str = config["mailbox_command"]
        self._paths = MailboxPaths(config)
        self._strict: bool = config["strict_mailbox_ownership"]
        self._limit = agent.mailbox_limit
        self._locks = LockFiles(config, "mailbox_delivery_lock")

    @cached_property
    def _commands(self) -> Maps:
        """The tables of commands, opened when a user's mail first gets that far."""
        value = self.agent.config["mailbox_command_maps"]
        return Maps.open("mailbox_command_maps", value, self.agent.environment, FOLDED | PARANOID)

    # ---- a user's mailbox

    def deliver(self, run: Run, state: State) -> Step:
        """Deliver to the mailbox of a login; None where there is no such login."""
        if not run.first("mailbox", state.local):
            return answered(False)
        if self._passing.idle:
            return self._deliver(run, state)
        passing = self._passing.deliver(run, state)
        return self._deliver(run, state) if passing is None else self._unless(passing, run, state)

    def _unless(self, passing: Decision[bool] | Decision[bool | None], run: Run, state: State) -> Decision[bool | None]:
        """Deliver to the mailbox unless another agent does."""
        done = yield from passing
        if done is None:
            further = self._deliver(run, state)
            done = None if further is None else (yield from further)
        return done

    def _deliver(self, run: Run, state: State) -> Decision[bool] | None:
        agent = self.agent
        account = agent.machine.accounts.get(state.user)
        if account is None:
            return None
        state.rights = account
        command = self._command
        if self._commands.tables:
            try:
                command = self._commands.find(state.user) or command
            except LookupFailure:
                return self._unknown_command(run, state)
        if command:
            return agent.commands.deliver(run, state, command)
        path = self._paths.of(account)
        if not agent.frozen:
            state.delivered = state.recipient.address
        if run.request.verify:
            kind = "maildir" if path.endswith("/") else "mailbox"
            return agent.deliver_sent(run, state, f"delivers to {kind}")
        return (self._maildir if path.endswith("/") else self._mbox)(run, state, account, path)

    def _unknown_command(self, run: Run, state: State) -> Decision[bool]:
        return self.agent.warned(self.agent.bounce(run, state, failure("4.3.0", "table lookup failure")))

    def _mbox(self, run: Run, state: State, account: Account, path: str) -> Decision[bool]:
        """Append to the mbox file of a user."""
        agent = self.agent
        name, files = normal(path, QUEUE_DIRECTORY), agent.machine.files
        maker = account.name if self._paths.at_home else "root"
        locks, trouble = self._locks, None
        if locks.used and files.taken(name + ".lock"):
            trouble = yield from locks.wait(files, path, name + ".lock")
        trouble = trouble or mailbox_trouble(
            files, path, name, account, maker, self._strict, "5.2.0", agent.warn, locks.used
        )
        if trouble is None:
            date = agent.machine.calendar.asctime((yield NOW))
            lines = agent.head(state, "file", date)
            error = yield Deposit(name, run.request.message, lines, account.name, self._limit)
            trouble = append_trouble(error, "5.2.0") if error else None
        elif agent.pending:
            yield from agent.spoken()
        if trouble is None:
            return (yield from agent.deliver_sent(run, state, "delivered to mailbox"))
        text = f"cannot update mailbox {path} for user {state.user}. {trouble.text}"
        return (yield from agent.bounce(run, state, failure(trouble.status, text, trouble.unix)))

    # ---- files

    def deliver_file(self, run: Run, state: State, path: str) -> Decision[bool]:
        """Append to a file that an alias or a .forward file names."""
        agent = self.agent
        uid = state.rights.uid if state.rights else 0
        if not run.first("file", uid, path):
            return False
        if state.source.value not in agent.destinations.files:
            return (yield from agent.bounce_to_owner(run, state, failure("5.7.1", "mail to file is restricted")))
        if run.request.verify:
            return (yield from agent.deliver_sent(run, state, f"delivers to file: {path}"))
        rights = state.rights if state.rights is not None and uid else agent.default_rights
        if path.endswith("/"):
            return (yield from self._maildir(run, state, rights, path))
        if path == NULL_DEVICE:
            return (yield from agent.deliver_sent(run, state, f"delivered to file: {path}"))
        files, locks, trouble = agent.machine.files, self._locks, None
        if locks.used and files.taken(normal(path) + ".lock"):
            trouble = yield from locks.wait(files, path, normal(path) + ".lock")
        trouble = trouble or self._file_trouble(path, rights)
        if agent.pending:
            yield from agent.spoken()
        if trouble is None:
            date = agent.machine.calendar.asctime((yield NOW))
            lines = agent.head(state, "file", date)
            error = yield Deposit(normal(path), run.request.message, lines, rights.name, self._limit)
            trouble = append_trouble(error, "5.2.0") if error else None
        if trouble is None:
            return (yield from agent.deliver_sent(run, state, f"delivered to file: {path}"))
        dsn = failure(trouble.status, f"cannot append message to file {path}: {trouble.text}", trouble.unix)
        return (yield from agent.bounce_to_owner(run, state, dsn))

    def _file_trouble(self, path: str, rights: Account) -> Trouble | None:
        """Why a file cannot be appended to; None where it can."""
        files = self.agent.machine.files
        name = normal(path)
        file = files.find(name)
        if file is None and files.is_folder(name):
            return Trouble("5.2.0", f"cannot open file: {IS_DIRECTORY}")
        locked = files.may_append(name + ".lock", rights.name, rights.gid) if self._locks.used else ""
        if locked:
            self.agent.warn("warning", f"unable to create lock file {path}.lock: {locked}")
        if file is None and files.linked and files.link(name):
            return Trouble("5.2.0", f"cannot open file: {NO_FILE}")
        trouble = files.may_append(name, rights.name, rights.gid)
        if trouble:
            how = "cannot open file" if file is not None else "cannot create file exclusively"
            return Trouble("5.2.0", f"{how}: {trouble}")
        linked = files.linked and link_trouble(files, name)
        if linked:
            return Trouble("5.2.0", linked)
        if file is not None and file.mode & 0o111:
            return Trouble("5.7.1", "file is executable")
        return None

    # ---- writing

    def _maildir(self, run: Run, state: State, rights: Account, path: str) -> Decision[bool]:
        """Put the message into a Maildir."""
        agent = self.agent
        lines = agent.head(state, "file")
        trouble = yield from maildir(agent.machine, run.request.message, path, lines, rights, "5.2.0", agent.warn)
        if trouble is None:
            return (yield from agent.deliver_sent(run, state, "delivered to maildir"))
        return (yield from agent.warned(agent.bounce_to_owner(run, state, failure(*trouble))))
