"""NAME
    pipe - give mail to a program

DESCRIPTION
    Runs the command that its entry in master.cf names, once for each delivery request, with the message on its standard
    input.  An argument that names something of a recipient ($recipient, $user, ...) is given once for each of them.

PARAMETERS
    recipient_delimiter, command_time_limit, export_environment, owner_request_special, pipe_delivery_status_filter,
    and TRANSPORT_time_limit, TRANSPORT_destination_recipient_limit of each transport

DIAGNOSTICS
    delivered via NAME service, delivered via NAME service (OUTPUT), message too large
    mail system configuration error, with a warning of what is wrong
    unknown macro name: "NAME", service NAME requires privileged operation
    pipe flag `X' requires NAME_destination_recipient_limit = 1
    and those of pipe_command(3) and of the entry's attributes

BUGS
    In the root that chroot= names no program is found, as if its libraries were missing.

SEE ALSO
    pipe(8), pipe_command(3), master(5)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from simmail.mail.address import quote_local, split_extension
from simmail.mail.answers import Exit
from simmail.mail.message import ANONYMOUS, Message, Recipient
from simmail.mail.questions import NOW, Decision, Run
from simmail.postfix.agent import MISCONFIGURED, DeliveryAgent, crowded, failure, looped
from simmail.postfix.delivered_to import delivered_before
from simmail.postfix.delivery import Dsn, Request, Result
from simmail.postfix.expand import Expander
from simmail.postfix.mail_copy import head
from simmail.postfix.pipe_attributes import Attributes, read_attributes
from simmail.postfix.pipe_command import PATH, died, exported, run_command, start_in
from simmail.postfix.queue_file import CLIENT_PORT

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

TOO_LARGE = failure("5.2.3", "message too large")
#: Characters of what a command printed that the report of a delivery has.
SHOWN = 100


class Pipe(DeliveryAgent):
    """Delivers to a program."""

    command = "pipe"
    privileged = True
    brief = False
    status_filter: ClassVar[str] = "pipe_delivery_status_filter"

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self.machine = system.machine
        self._limit: float = config[f"{service.name}_time_limit"]
        self._delimiters: str = config["recipient_delimiter"]
        self._owner_request: bool = config["owner_request_special"]
        self._environment = {**exported(config), "PATH": PATH}

    def deliver(self, request: Request) -> Decision[list[Result]]:
        """Run the command for all recipients, who fare alike."""
        attributes = read_attributes(self.service.arguments, self.machine.accounts)
        results: list[Result] = []
        crowd = crowded(request, attributes.flags, self.service.name)
        loops = delivered_before(request.message.content) if "D" in attributes.flags else frozenset()
        looping = [recipient for recipient in request.recipients if recipient.address.lower() in loops]
        dsn: Dsn | Exit
        if 0 < attributes.size < request.message.size:
            dsn = TOO_LARGE
        elif crowd:
            self.warn("warning", f"pipe {crowd}")
            dsn = MISCONFIGURED
        elif looping:
            dsn = looped(looping[0].address)
        elif request.verify:
            dsn = Exit(0, "", "")
        else:
            words = self._arguments(request, attributes)
            dsn = MISCONFIGURED if words is None else (yield from self._run(request, attributes, words))
        if self.pending:
            yield from self.spoken()
        for recipient in request.recipients:
            if isinstance(dsn, Dsn):
                yield from self.failed(request, recipient, dsn, results)
            else:
                yield from self._succeeded(request, recipient, attributes, dsn, results)
        return results

    def _succeeded(
        self, request: Request, recipient: Recipient, attributes: Attributes, exit: Exit, results: list[Result]
    ) -> Decision[bool]:
        printed = exit.stdout.rstrip()[:SHOWN]
        text = f"delivered via {self.service.name} service" + (f" ({printed})" if printed else "")
        if request.verify:
            text = f"delivers to command: {attributes.command[0]}"
        yield from self.sent(request, recipient, text, results)
        if "X" not in attributes.flags and not request.verify:
            results[-1] = results[-1].relayed()
        return False

    def _run(self, request: Request, attributes: Attributes, words: list[str]) -> Decision[Dsn | Exit]:
        """Run the command; why it failed, or its end."""
        start = start_in(self.machine, attributes.directory, attributes.account, attributes.chroot)
        if start.fatal:
            return (yield from died(self, start.fatal))
        date = self.machine.calendar.asctime((yield NOW))
        text = self._text(request, attributes, date)
        run = Run(
            tuple(words), attributes.account.name, self._environment, text,
            self._limit, folder=start.folder, root=start.root, daemon=True,
        )  # fmt: skip
        return (yield from run_command(self, run, words[0], "pipe_command: "))

    # ---- the message

    def _text(self, request: Request, attributes: Attributes, date: str) -> str:
        """The message as the command reads it."""
        flags, recipient = attributes.flags, request.recipients[0]
        added = head(
            request.sender,
            (recipient.original or recipient.address) if "O" in flags else "",
            recipient.address if "D" in flags else "",
            date,
        )
        dropped = [line for flag, line in (("F", "From "), ("R", "Return-Path:")) if flag not in flags]
        lines = [line for line in added if not line.startswith(tuple(dropped))]
        content = request.message.content.lines
        if ">" in flags:
            content = tuple(">" + line if line.startswith("From ") else line for line in content)
        if "." in flags:
            content = tuple("." + line if line.startswith(".") else line for line in content)
        ends = ("", "") if "B" in flags else ("",)
        return attributes.eol.join((*lines, *content, *ends))

    # ---- the arguments

    def _arguments(self, request: Request, attributes: Attributes) -> list[str] | None:
        """The command's words for a request; None, with a warning, where one names what is not known."""
        message, flags = request.message, attributes.flags
        common = _of_message(message, request)
        if "h" in flags:
            common["nexthop"] = common["nexthop"].lower()
        sender = request.sender or attributes.null_sender
        common["sender"] = quote_local(sender) if sender and "q" in flags else sender
        each = [self._of_recipient(recipient, flags) for recipient in request.recipients]
        words: list[str] = []
        for pattern in attributes.command:
            named: set[str] = set()
            for recipient in each:
                word = self._expanded(pattern, {**common, **recipient}, named)
                if word is None:
                    return None
                words.append(word)
                if named.isdisjoint(recipient):
                    break
        return words

    def _expanded(self, pattern: str, values: Mapping[str, str], named: set[str]) -> str | None:
        """A word with its names replaced; `named` learns which those were.  There are no conditions here."""

        def look_up(name: str, use: bool) -> str | None:
            named.add(name)
            if name not in values:
                where = f"file /etc/postfix/master.cf: service {self.service.name}"
                self.warn("warning", f'{where}: unknown macro name: "{name}"')
            return values.get(name)

        expander = Expander(look_up, lambda text: self.warn("warning", text), recurse=False, simple=True)
        done = expander.expand(pattern)
        return None if done.failed or done.undefined else done.text

    def _of_recipient(self, recipient: Recipient, flags: frozenset[str]) -> dict[str, str]:
        """What an argument may name of a recipient."""
        address = _folded(recipient.address, flags)
        original = _folded(recipient.original or recipient.address, flags)
        mailbox, _, domain = address.rpartition("@")
        user, extension = split_extension(mailbox, self._delimiters, self._owner_request)
        quoted = quote_local if "q" in flags else str
        return {
            "recipient": quoted(address),
            "original_recipient": quoted(original),
            "mailbox": mailbox,
            "user": user,
            "extension": extension,
            "domain": domain,
        }


def _folded(address: str, flags: frozenset[str]) -> str:
    """An address in lower case: its local part (flag u), its domain (flag h)."""
    mailbox, at, domain = address.rpartition("@")
    return (mailbox.lower() if "u" in flags else mailbox) + at + (domain.lower() if "h" in flags else domain)


def _of_message(message: Message, request: Request) -> dict[str, str]:
    """What an argument may name of a message, but for its sender."""
    login = message.authentication or ANONYMOUS
    return {
        "nexthop": request.nexthop,
        "size": str(message.size),
        "queue_id": message.queue_id,
        "client_address": message.client_address,
        "client_hostname": message.client_name,
        "client_helo": message.helo,
        "client_protocol": message.protocol,
        "client_port": str(CLIENT_PORT) if message.client_address else "",
        "sasl_method": login.method,
        "sasl_sender": login.sender,
        "sasl_username": login.username,
    }
