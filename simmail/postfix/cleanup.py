"""NAME
    cleanup - canonicalize and enqueue messages

DESCRIPTION
    Takes in a message from whoever has one (smtpd, pickup, local, bounce), completes and maps its addresses, checks and
    mends its headers, checks its body, and makes a queue file of it.

        transaction = cleanup.open(Message(sender="joe@example.com", ...), "remote")
        queue_id = yield from transaction.begin()
        transaction.recipient(Recipient("ann@example.com"))
        outcome = yield from transaction.finish(content, received)

PARAMETERS
    message_size_limit, delay_warning_time, always_bcc, sender_bcc_maps, recipient_bcc_maps, always_add_missing_headers,
    undisclosed_recipients_header, remote_header_rewrite_domain, hopcount_limit, duplicate_filter_limit,
    enable_original_recipient, header_checks, mime_header_checks, nested_header_checks, body_checks,
    body_checks_size_limit, message_reject_characters, message_strip_characters, cleanup_replace_stray_cr_lf,
    strict_7bit_headers, strict_8bitmime, strict_8bitmime_body, strict_mime_encoding_domain,
    disable_mime_input_processing, detect_8bit_encoding_header, header_size_limit, myhostname, recipient_delimiter,
    empty_address_recipient, enable_long_queue_ids, receive_override_options, non_smtpd_milters, and those of
    cleanup_address(3)

DIAGNOSTICS
    fatal: service NAME requires a process limit of 0
    message-id=ID
    reject, warning, info, hold, discard, filter, redirect, bcc, prepend, replace, strip: see content_checks(3)

BUGS
    A Milter can never be reached, and decides nothing of its own.  max_use is counted as if one process took in all
    messages.

SEE ALSO
    cleanup(8), header_checks(5), canonical(5), virtual(5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.address import split_plain
from simmail.mail.message import Message
from simmail.mail.questions import Decision, NewQueueId, Now
from simmail.postfix import milters
from simmail.postfix.cleanup_address import AddressMapper, Role
from simmail.postfix.cleanup_rules import ContentRules
from simmail.postfix.cleanup_status import EXTERNAL, CleanupFlag
from simmail.postfix.cleanup_transaction import Transaction
from simmail.postfix.program import Program
from simmail.postfix.rewrite_client import RewriteClient

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

DAEMON = "MAILER-DAEMON"


class Cleanup(Program):
    """Makes queue files."""

    command = "cleanup"
    needs = ("rewrite",)
    watches = True
    process_limit = 0

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self.mapper = AddressMapper(self, self.local_domains)
        self.rules = ContentRules(self)
        self.delimiters: str = config["recipient_delimiter"]
        self.always_bcc: str = config["always_bcc"]
        self.sender_bcc = self.maps("sender_bcc_maps") or None
        self.size_limit: int = config["message_size_limit"]
        self.warn_after: float = config["delay_warning_time"]
        self.recipient_bcc = self.maps("recipient_bcc_maps") or None
        self.aliases = self.mapper.aliases or None
        self.original_recipient: bool = config["enable_original_recipient"]
        self.duplicate_limit: int = config["duplicate_filter_limit"]
        self.empty_recipient: str = config["empty_address_recipient"]
        self.remote_domain: str = config["remote_header_rewrite_domain"]
        self.hostname: str = config["myhostname"]
        self.new_queue_id = NewQueueId(config["enable_long_queue_ids"])
        words = () if "no_milters" in config.list("receive_override_options") else config.list("non_smtpd_milters")
        self.milters = milters.parse(words, config)
        #: Whether nothing but its domain decides what becomes of a plain address: of a recipient, of a sender.
        self._by_domain = tuple(
            role in self.mapper.untouched for role in (Role.ENVELOPE_RECIPIENT, Role.ENVELOPE_SENDER)
        )
        self.completion = RewriteClient()
        self._domains: dict[str, str] = {}
        self._addresses: tuple[dict[str, str], dict[str, str]] = ({}, {})
        #: Whether one of its processes waits for bounce(8), which needs another to take in its notice.
        self.waits = False
        self._second_idle = -self._max_idle
        self._served, self._max_use = 0, config["max_use"]
        #: What became of headers with addresses, by all that had a say in it.
        self.rewritten: dict[tuple[str, bool, bool, str], str] = {}

    def forget(self) -> None:
        """Addresses may be completed in another way now."""
        self.completion.forget()
        for memory in (self._domains, *self._addresses, self.rewritten):
            memory.clear()

    def idle(self, now: float) -> int:
        """None is once as many messages have come as one process takes in, until the next one has been started."""
        ended = self._served and self._served % self._max_use == 0
        return 0 if ended else super().idle(now)

    def beside(self) -> Decision[None]:
        """Another process takes in a message while one waits; where none is idle, it opens the tables for itself."""
        now: float = yield Now()
        if now - self._second_idle >= self._max_idle:
            yield from self.opening
        self._second_idle = now

    def open(
        self,
        message: Message,
        context: str = "remote",
        flags: CleanupFlag = EXTERNAL,
        arrival: float | None = None,
    ) -> Transaction:
        """Begin a message.

        Args:
            message: what is known of it so far: its sender as the client gave it, in internal form, and who brought it.
            context: `local` or `remote`: how its headers are completed.
            flags: what to do with it.
            arrival: when it arrived, where that is not now (s).
        """
        if self.opening and self._served and self._served % self._max_use == 0:
            self.pending.extend(self.opening)
        self._served += 1
        self.completion.forget()  # the headers of the message before have been completed since
        message.warn_after = message.warn_after or self.warn_after
        if context == "remote" and not self.remote_domain:
            context = ""
        return Transaction(self, message, context, flags, arrival)

    # ---- addresses

    def known(self, address: str, role: Role) -> str | None:
        """What `canonical` found for an address; None where it has to be asked, and may have something to say."""
        memory, local, rest = self._memory(address, role is Role.ENVELOPE_SENDER)
        found = memory.get(rest)
        if found is None:
            return None
        done = local + found
        return address if done == address else done  # one text for all who know it

    def _memory(self, address: str, sender: bool) -> tuple[dict[str, str], str, str]:
        """Where to remember what becomes of an address; the part of it that stays, and the one it is found by."""
        if self._by_domain[sender]:
            plain = split_plain(address)
            if plain is not None:
                local, domain = plain
                if not sender or local.upper() != DAEMON:
                    return self._domains, local, domain
        return self._addresses[sender], "", address

    def canonical(self, address: str, role: Role) -> str:
        """An envelope address completed and mapped.  Raises Trouble."""
        said = self.said()
        done = self.completion.complete(self.rewriter, address)
        if role is Role.ENVELOPE_SENDER and self._is_daemon(done):
            done = ""
        done = self.mapper.internal(done, role)
        if self.said() == said:
            memory, local, rest = self._memory(address, role is Role.ENVELOPE_SENDER)
            self.system.memo.keep(memory, rest, done.removeprefix(local))
        return done

    def _is_daemon(self, address: str) -> bool:
        """Whether an address is the mail system's own, which stands for the null sender."""
        return (
            address[: len(DAEMON) + 1].upper() == DAEMON + "@"
            and address.lower() == self.rewriter.rewrite_internal(DAEMON).lower()
        )

    def said(self) -> tuple[int, ...]:
        """Changes with whatever a look-up has to say."""
        return (
            len(self.pending),
            len(self.rewriter.pending),
            len(self.mapper.warnings),
            self.completion.repeats,
            self.environment.unrepeatable,
            self.rewriter.environment.unrepeatable,
        )
