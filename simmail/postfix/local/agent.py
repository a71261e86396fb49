"""NAME
    local - the local delivery agent

DESCRIPTION
    Delivers to aliases, .forward files, mailboxes, files and commands of this machine.  An address is tried in this
    order: alias of the whole local part, alias without its extension, .forward file, mailbox_transport_maps,
    mailbox_transport, mailbox_command_maps, mailbox_command, home_mailbox, mail_spool_directory; for a name that nobody
    has fallback_transport_maps, fallback_transport, luser_relay.

    Addresses that lead elsewhere, and those of lists and of other people's .forward files, are sent on in a new
    message.

PARAMETERS
    alias_maps, forward_path, recipient_delimiter, propagate_unmatched_extensions, owner_request_special,
    expand_owner_alias, reset_owner_alias, frozen_delivered_to, prepend_delivered_header, allow_mail_to_commands,
    allow_mail_to_files, default_privs, mailbox_size_limit, message_size_limit, local_delivery_status_filter,
    require_home_directory, myhostname, mail_name, enable_original_recipient, duplicate_filter_limit, daemon_timeout,
    biff (without effect), and those of the parts

DIAGNOSTICS
    configuration error: mailbox_size_limit is smaller than message_size_limit, ... is limited but ... is unlimited
    service NAME requires privileged operation
    mail forwarding loop for ADDRESS
    null username in "ADDRESS"
    ID: address with illegal extension: NAME
    watchdog timeout
        An expansion has no end, such as that of a luser_relay which holds the name twice.

BUGS
    Mailboxes are never locked, and nobody is told by biff(1).  A file's group is not looked at (a folder's is): only
    its owner and its bit for everybody decide who may write to it.

    An expansion that doubles is given up when it is large, and the watchdog waited for (daemon_timeout), which in life
    ends nothing else either: a slow command.  There trivial-rewrite(8) may run out of memory first, again and again,
    which local(8) waits for.

SEE ALSO
    aliases(5), local(8), qmgr(8), bounce(8), pipe(8)
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from simmail.files.machine import Account
from simmail.mail.address import split_extension
from simmail.mail.errors import Fatal
from simmail.mail.message import Notify, Recipient
from simmail.mail.questions import NOW, Decision, Sleep, answered
from simmail.postfix.address_maps import propagated
from simmail.postfix.agent import DeliveryAgent, failure, looped
from simmail.postfix.delivered_to import delivered_before
from simmail.postfix.delivery import Dsn, Request, Result, Status
from simmail.postfix.local.aliases import Aliases
from simmail.postfix.local.commands import Commands
from simmail.postfix.local.destinations import Destinations
from simmail.postfix.local.forward import ForwardFiles
from simmail.postfix.local.mailboxes import Mailboxes
from simmail.postfix.local.resubmit import finish_forwarding
from simmail.postfix.local.state import Run, Source, State, Step, without_success
from simmail.postfix.local.unknown import UnknownUsers
from simmail.postfix.mail_copy import head, mailbox_limit
from simmail.postfix.post_mail import Unsent
from simmail.postfix.report import UNTOLD
from simmail.postfix.rewrite_client import RewriteClient

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem
#: A kind of destination: what it has to do for an address.
Kind: TypeAlias = Callable[[Run, State], Step]
#: In so many steps of whole seconds the watchdog waits.
WATCHDOG_STEPS = 3
#: Of an address that comes to nothing, such as that of a luser_relay whose name is empty.
NOWHERE = Dsn("2.0.0", "delivered", "")


class Local(DeliveryAgent):
    """Delivers at home."""

    command = "local"
    privileged = True
    status_filter: ClassVar[str] = "local_delivery_status_filter"

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self.machine = system.machine
        self.mailbox_limit = mailbox_limit(config, "mailbox_size_limit")
        self.default_rights = self._default_rights(config["default_privs"])
        self.delimiters: str = config["recipient_delimiter"]
        self.owner_request: bool = config["owner_request_special"]
        self.frozen: bool = config["frozen_delivered_to"]
        self.propagated = propagated(config)
        self.delivered_header = config.mask("prepend_delivered_header", ("command", "file", "forward"))
        self.shows_original: bool = config["enable_original_recipient"]
        self.hostname: str = config["myhostname"]
        self.mail_name: str = config["mail_name"]
        self._completion = RewriteClient()
        self.aliases = Aliases(self)
        self.forwards = ForwardFiles(self)
        self.mailboxes = Mailboxes(self)
        self.commands = Commands(self)
        self.destinations = Destinations(self)
        self.unknown = UnknownUsers(self)
        #: Where a mailbox is, and what becomes of mail without one.
        self._home: tuple[Kind, ...] = (self.mailboxes.deliver, self.unknown.deliver)
        aliases = (self.aliases.whole, self.aliases.base) if self.delimiters else (self.aliases.whole,)
        #: The kinds of destination, in the order in which they are tried.
        self._kinds: tuple[Kind, ...] = (
            *(aliases if self.aliases.used else ()), self._elsewhere, self.forwards.deliver, *self._home,
        )  # fmt: skip
        self._room: float = config["duplicate_filter_limit"] or inf
        self._patience: float = config["daemon_timeout"] // WATCHDOG_STEPS * WATCHDOG_STEPS or inf
        self._needs_home: bool = config["require_home_directory"]

    def completed(self, address: str) -> str:
        """An address as trivial-rewrite(8) completes it, both in external form."""
        return self._completion.complete_external(self.rewriter, "local", address)

    def _default_rights(self, name: str) -> Account:
        account = self.machine.accounts.get(name)
        if account is None:
            raise Fatal(f"file /etc/postfix/main.cf: parameter default_privs: unknown user: {name}")
        if account.uid == 0:
            raise Fatal("file /etc/postfix/main.cf: parameter default_privs: privileged uid not allowed here")
        return account

    def head(self, state: State, kind: str, date: str | None = None) -> tuple[str, ...]:
        """The lines before a message that goes into a `file` or to a `command`."""
        delivered = state.delivered if kind in self.delivered_header else ""
        return head(state.sender, state.original if self.shows_original else "", delivered, date)

    # ---- one request

    def deliver(self, request: Request) -> Decision[list[Result]]:
        """Try to deliver; every address that a recipient leads to has a result of its own."""
        results: list[Result] = []
        loops = delivered_before(request.message.content)
        for queued in request.recipients:
            run = Run(request, queued, loops, results, self._room)
            before = len(results)
            waits = yield from self.recipient(run, State(queued, request.sender))
            if run.forwarded:
                yield from finish_forwarding(self, run, waits)
            if len(results) == before and not waits:  # it led nowhere, and nobody hears of it
                results.append(Result(Recipient(queued.address), Status.SENT, NOWHERE, of=queued))
        return results

    def recipient(self, run: Run, state: State) -> Decision[bool]:
        """Deliver to one address; whether it must be tried again later."""
        address = state.recipient.address
        if not run.first("recipient", state.level, address):
            return answered(False)
        if run.loops and address.lower() in run.loops:
            return self.bounce_to_owner(run, state, looped(address))
        if not state.delivered:
            state.delivered = address
        local, _, state.domain = address.lower().rpartition("@")
        state.local = local
        state.user, state.extension = self.split(local)
        if not state.user:
            return self.bounce(run, state, failure("5.1.3", f'null username in "{address}"'))
        state.unmatched = None
        kinds = self._kinds
        if local.startswith("\\"):  # the mailbox, whatever aliases and .forward files say
            state.recipient.address = address[1:]
            state.local, state.user = local[1:], state.user[1:]
            kinds = self._home
        if state.extension and "/" in state.extension:
            self.warn("warning", f"{run.request.message.queue_id}: address with illegal extension: {local}")
            state.local, state.extension = state.user, None
            return self.warned(self._switch(run, state, kinds))
        return self._switch(run, state, kinds)

    def split(self, local: str) -> tuple[str, str | None]:
        """A local part taken apart; no extension is another thing than one of no characters."""
        if not self.delimiters:
            return local, None
        user, extension = split_extension(local, self.delimiters, self.owner_request)
        return user, None if user == local else extension

    @staticmethod
    def _switch(run: Run, state: State, kinds: tuple[Kind, ...]) -> Decision[bool]:
        """Try one kind of destination after the other."""
        for deliver in kinds:
            step = deliver(run, state)
            if step is not None:
                done = yield from step
                if done is not None:
                    return done
        raise AssertionError("what nobody knows is unknown")

    def _elsewhere(self, run: Run, state: State) -> Decision[bool] | None:
        """Send on what is another one's business here; no mail goes into a home that is not there."""
        state.unmatched = state.extension
        if (state.owner and state.owner.lower() != state.user) or state.source is Source.INCLUDE:
            return self.destinations.send_on(run, state)
        trouble = self._needs_home and self._home_trouble(state.user)
        return self.bounce(run, state, failure("4.3.0", trouble)) if trouble else None

    def _home_trouble(self, user: str) -> str:
        """Why mail for a login must wait for its home; "" where it need not."""
        account = self.machine.accounts.get(user)
        if account is not None and not self.machine.files.is_folder(account.home):
            return f"cannot access home directory {account.home}: No such file or directory"
        return ""

    # ---- what becomes of an address

    def deliver_sent(self, run: Run, state: State, text: str) -> Decision[bool]:
        """Done; the sender need not hear of it unless he asked to."""
        return self.sent(run.request, state.recipient, text, run.results, run.queued)

    def warned(self, further: Decision[bool]) -> Decision[bool]:
        """Say first what there is to say."""
        yield from self.spoken()
        return (yield from further)

    def bounce(self, run: Run, state: State, dsn: Dsn) -> Decision[bool]:
        """Failed; whether it must be tried again later."""
        return self.failed(run.request, state.recipient, dsn, run.results, run.queued)

    def bounce_to_owner(self, run: Run, state: State, dsn: Dsn) -> Decision[bool]:
        """Failed; where the address has an owner- alias, he is told at once, and the sender never."""
        owner = None
        if self.owner_request and dsn.status[0] == "5" and not run.request.verify:
            owner = yield from self.aliases.owner_of_address(state)
            if owner is not None:
                state = state.copy()
                state.listed = True
                state.recipient = Recipient(state.recipient.address, notify=state.recipient.notify)
        waits = yield from self.bounce(run, state, dsn)
        if owner is None or waits:
            return waits
        result = run.results.pop()
        bounce = self.system.program(self.reporter.services["bounce"].name)
        message = run.request.message
        now = yield NOW
        try:
            yield from bounce.notify_one(message, owner, result, now)
        except Unsent:
            untold = failure(UNTOLD, self.reporter.untold)
            return (yield from self.failed(run.request, state.recipient, untold, run.results, run.queued))
        run.results.append(result._replace(status=Status.RETURNED))
        return False

    def watched_in_vain(self) -> Decision[None]:
        """Be at work until the watchdog ends it.  Raises Fatal."""
        yield Sleep(self._patience)
        raise Fatal("watchdog timeout")

    @staticmethod
    def hand_on(state: State, listed: bool = False) -> None:
        """What the sender asked to be told, as an alias hands it on: all but SUCCESS; of a list, no names."""
        old = state.recipient
        if listed:
            state.listed = True
            state.recipient = Recipient(old.address, notify=without_success(old.notify))
        elif Notify.SUCCESS in old.notify:
            state.recipient = Recipient(old.address, old.original, old.orcpt, without_success(old.notify))

    def expanded(self, run: Run, state: State, listed: bool) -> None:
        """Tell a sender who asked to be told of success that an alias was expanded, or a list delivered to."""
        if Notify.SUCCESS in state.recipient.notify:
            dsn = Dsn("2.0.0", "delivered" if listed else "expanded", "alias expanded")
            recipient = state.recipient
            if listed:  # nobody is told what was typed
                recipient = Recipient(recipient.address, orcpt=recipient.orcpt, notify=recipient.notify)
            run.results.append(Result(recipient, Status.SENT, dsn, run.request.transport, run.queued))
