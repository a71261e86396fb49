"""NAME
    smtpd - SMTP server

DESCRIPTION
    Holds SMTP sessions: greets, reads commands, hears the restrictions that main.cf lists, and hands what it accepts
    to cleanup.  One Smtpd serves all sessions of its service; the lists, tables and templates are read once.

PARAMETERS
    smtpd_* and those named in the modules of this package

DIAGNOSTICS
    connect from HOST, disconnect from HOST ...; see session, commands, check.

    `Fatal`: in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, specify at least one working
    instance of: ...; the client then hears nothing.

BUGS
    No TLS, no login that succeeds, and no Milter that answers.  The real program's processes each remember what they
    resolved and looked up; here all sessions of a generation share it.  A session that stands still over an address
    without a transport says nothing more when its client has gone; in life it goes on.

SEE ALSO
    SMTPD_ACCESS_README, smtpd(8), RFC 5321
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from simmail.mail.errors import Fatal
from simmail.mail.questions import Connect, Decision, Question, Sleep
from simmail.postfix.haproxy import HaproxySession
from simmail.postfix.match_lists import PARENTS, AddressList, DomainList, takes_parents
from simmail.postfix.own_addresses import address_types, protocols
from simmail.postfix.processes import Processes
from simmail.postfix.program import Program
from simmail.postfix.resolved import Resolved, ResolveFlag
from simmail.postfix.rewrite_client import RewriteClient
from simmail.postfix.smtpd.compiler import Compiler, Nested, guards
from simmail.postfix.smtpd.expansion import NAMES, Expansions, Facts
from simmail.postfix.smtpd.findings import RECIPIENT, SENDER, Finding, Kind, Reason, fitting_status
from simmail.postfix.smtpd.listed import RecipientTables
from simmail.postfix.smtpd.milter import MilterRules
from simmail.postfix.smtpd.opening import open_tables
from simmail.postfix.smtpd.parameters import SessionParameters
from simmail.postfix.smtpd.permit_log import PermitLog
from simmail.postfix.smtpd.process import SmtpdProcess
from simmail.postfix.smtpd.proxy import ProxyFilter, ProxySession
from simmail.postfix.smtpd.restrictions import IMPLIED, RELAY_GUARDS, Rule
from simmail.postfix.smtpd.sasl import Sasl
from simmail.postfix.smtpd.session import SmtpdSession
from simmail.postfix.smtpd.stages import Checker
from simmail.postfix.smtpd.unintroduced import Unintroduced, Wrapped
from simmail.postfix.tables.split import split_outside_braces

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.smtpd.state import SmtpdState
    from simmail.postfix.system import MailSystem
    from simmail.smtp.replies import Reply

T = TypeVar("T")


LISTS = ("smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions",
         "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_etrn_restrictions",
         "smtpd_data_restrictions", "smtpd_end_of_data_restrictions")  # fmt: skip
#: Those that mail goes through.
MAIL_LISTS = tuple(name for name in LISTS if name != "smtpd_etrn_restrictions")
CODES = ("access_map_reject_code", "access_map_defer_code", "reject_code", "defer_code", "relay_domains_reject_code",
         "unknown_client_reject_code", "unknown_hostname_reject_code", "unknown_address_reject_code",
         "invalid_hostname_reject_code", "non_fqdn_reject_code", "multi_recipient_bounce_reject_code",
         "maps_rbl_reject_code", "plaintext_reject_code", "unknown_virtual_alias_reject_code")  # fmt: skip
#: What smtpd_forbid_bare_newline may say.
LINE_END_RULES = frozenset({"no", "yes", "normalize", "reject"})
TEMPFAIL_ACTIONS = (
    "unknown_helo_hostname_tempfail_action", "unknown_address_tempfail_action", "unverified_recipient_tempfail_action",
    "unverified_sender_tempfail_action",
)  # fmt: skip
#: Stands before what is said once: a decision with it is not remembered.
ONCE = Sleep(0.0)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\udc80-\udcff]")


class Smtpd(Program):
    """The SMTP server of one service."""

    command: ClassVar[str] = "smtpd"
    watches = True
    upstream_late: ClassVar[str] = "timeout error"
    #: Whether it talks with somebody on this host alone, and hears no restriction.
    stands_alone: ClassVar[bool] = False
    processes: Processes[SmtpdProcess]

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self.memo = system.memo
        self._remember()
        self.soft_bounce: bool = config["soft_bounce"]
        self.delay_reject: bool = config["smtpd_delay_reject"]
        self.codes: Mapping[str, int] = {name: config[name] for name in CODES}
        self.delimiters: str = config["recipient_delimiter"]
        self.owner_request: bool = config["owner_request_special"]
        self.untrusted_routing: bool = config["allow_untrusted_routing"]
        self.null_key: str = config["smtpd_null_access_lookup_key"]
        self.stress: str = config.text("stress")
        self.owns = self.local_domains.owns
        self.own_addresses = self.local_domains.addresses
        #: The types of the records that hold addresses it can use.
        self.families = address_types(protocols(config.text("inet_protocols")))
        self.hoggers = self.addresses("smtpd_client_event_limit_exceptions")
        self.loose_clients = self._loose_clients()
        self.mynetworks = self.addresses("mynetworks")
        self.mx_backup_networks = self.addresses("permit_mx_backup_networks")
        self.access_parents = self.parents("smtpd_access_maps")
        self.relay_domains = DomainList.open(
            "relay_domains", config["relay_domains"], self.environment, self.parents("relay_domains")
        )
        self.relay_domains.may_fail = False
        self.old_relay_domains = config.is_backwards("relay_domains")
        self.old_order = config.is_backwards("smtpd_relay_before_recipient_restrictions")
        self.tables = RecipientTables(self)  # before what may end it, so that proxymap(8) runs
        self._check_actions()
        self._templates()
        self._restrictions()
        self.permit_log = PermitLog(self)
        self.sasl = Sasl(self)
        self.login_maps = self.maps("smtpd_sender_login_maps")
        self.milters = MilterRules(self)
        self.filter = ProxyFilter.configured(config)
        self.processes = self.pool(SmtpdProcess)
        #: Whether there is no anvil(8).
        self.uncounted = system.service("anvil") is None
        #: Whether one has been told of a client.
        self.counting = False
        self.parameters = SessionParameters(self)
        self.checker = Checker(self)
        self.ip_versions = self.parameters.ip_versions
        self.upstream_timeout: float = config["smtpd_upstream_proxy_timeout"]

    def _remember(self) -> None:
        """What is remembered of addresses and clients."""
        self._memories: list[dict[Any, Any]] = []
        #: domain -> an address that stands for all plain ones there: their local parts have no say in where they lead.
        self.likes: dict[str, str] = {}
        self._completion, self._knows_prober = RewriteClient(), False
        self._said: dict[tuple[str, str], Resolved] = {}
        self._resolved: dict[tuple[str, str], Resolved] = {}
        self.contexts: dict[tuple[str, str, str, str], str] = self.memory()

    def _loose_clients(self) -> AddressList | None:
        """Who may end lines as they like where others may not: all lines end well here, but the list is read."""
        name, excluded = "smtpd_forbid_bare_newline", self.addresses("smtpd_forbid_bare_newline_exclusions")
        rule: str = self.config[name]
        if rule.lower() not in LINE_END_RULES:
            raise Fatal(f"bad parameter value: '{name} = {rule}'")
        return None if rule.lower() == "no" or self.stands_alone else excluded

    def _check_actions(self) -> None:
        """Raise Fatal for a *_tempfail_action that is none."""
        for name in TEMPFAIL_ACTIONS:
            if str(self.config[name]).lower() not in ("defer", "defer_if_permit"):
                raise Fatal(f"bad configuration: {name} = {self.config.text(name)}")

    def _templates(self) -> None:
        config = self.config
        self.expansions = Expansions(self, config.raw("smtpd_expansion_filter") or "")
        self.rbl_reply = config.raw("default_rbl_reply") or ""
        self.rbl_reply_maps = self.maps("rbl_reply_maps")
        reads_session = bool(self.rbl_reply_maps) or any(name in self.rbl_reply for name in NAMES)
        self.facts: Callable[[SmtpdState], Facts] = self.expansions.facts if reads_session else lambda state: ()

    def _restrictions(self) -> None:
        """Compile the lists of restrictions."""
        config = self.config
        classes = config.list("smtpd_restriction_classes")
        self.classes: dict[str, tuple[str, ...]] = {name: config.list(name) for name in classes if config.text(name)}
        self._class_rules: dict[Nested, tuple[Rule, ...]] = {}
        self._texts: dict[tuple[str, ...], tuple[Rule, ...]] = {}
        words = {name: config.list(name) for name in LISTS}
        for members in words.values():
            open_tables(members, self.environment)
        self.lists = {name: Compiler(self, name, IMPLIED.get(name, "")).compile(words[name]) for name in LISTS}
        self._check_classes(classes)
        self._check_guards(words)
        #: What would have kept strangers from relaying, had the relay restrictions not an old, empty default.
        self.missed_guard = (
            Compiler(self, "smtpd_relay_restrictions", "").compile(
                ("permit_mynetworks", "permit_sasl_authenticated", "permit_auth_destination")
            )
            if config.is_backwards("smtpd_relay_restrictions")
            else ()
        )
        order = ["smtpd_recipient_restrictions", "smtpd_relay_restrictions"]
        if config["smtpd_relay_before_recipient_restrictions"]:
            order.reverse()
        self.recipient_lists = tuple(name for name in order if self.lists[name])
        self.reject_unlisted_recipient: bool = config["smtpd_reject_unlisted_recipient"]
        self.reject_unlisted_sender: bool = config["smtpd_reject_unlisted_sender"]
        self.unlisted_reasons = {
            RECIPIENT: Reason("smtpd_reject_unlisted_recipient", self._where("smtpd_reject_unlisted_recipient"), "yes"),
            SENDER: Reason("smtpd_reject_unlisted_sender", self._where("smtpd_reject_unlisted_sender"), "yes"),
        }

    def _check_classes(self, names: Iterable[str]) -> None:
        """Open what restriction classes name.  Raises Fatal for one without a definition."""
        for name in names:
            if name not in self.classes:
                raise Fatal(f"restriction class `{name}' needs a definition")
            open_tables(self.classes[name], self.environment)
            Compiler(self, name, "").compile(self.classes[name])

    def _check_guards(self, words: Mapping[str, tuple[str, ...]]) -> None:
        """Raise Fatal where no list keeps strangers from relaying."""
        either = ("smtpd_recipient_restrictions", "smtpd_relay_restrictions")
        if not any(guards(words[name], self.classes, lambda text: self.warn("warning", text)) for name in either):
            names = f"{', '.join(RELAY_GUARDS[:-1])} or {RELAY_GUARDS[-1]}"
            raise Fatal(
                "in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, "
                f"specify at least one working instance of: {names}"
            )

    def _where(self, parameter: str) -> str:
        return str(self.config.where(parameter) or "")

    @property
    def unsaid(self) -> bool:
        """Whether tables, or trivial-rewrite(8), have something to say."""
        rewriter = self.system.rewriting
        return bool(self.pending or (rewriter is not None and rewriter.pending))

    @cached_property
    def by_sender(self) -> bool:
        """Whether what an address leads to, or what is said on the way, depends on who writes."""
        return self.rewriter.by_sender

    def forget(self) -> None:
        """Addresses may lead elsewhere now."""
        self.memo.clear()
        self.likes.clear()
        for memory in self._memories:
            memory.clear()
        self._completion.forget()
        self._said.clear()
        self._resolved.clear()
        self.__dict__.pop("by_sender", None)

    # ---- what restrictions use

    def parents(self, parameter: str) -> bool:
        """Whether a domain in that list stands for its subdomains too."""
        return takes_parents(parameter, self.config[PARENTS], self.environment)

    def addresses(self, parameter: str) -> AddressList:
        """A list of clients."""
        return AddressList.open(parameter, self.config[parameter], self.environment, self.parents(parameter))

    def memory(self) -> dict[Any, Any]:
        """Where to keep what a pure function finds, as long as addresses lead where they do; see `once`."""
        memory: dict[Any, Any] = {}
        self._memories.append(memory)
        return memory

    def once(self, memory: dict[Any, Any], key: Hashable, compute: Callable[..., T], *arguments: Any) -> T:
        """What `compute` gives, kept in `memory` for the next time unless something was said on the way."""
        unrepeatable = self.environment.unrepeatable
        found = compute(*arguments)
        if not (self.unsaid or self.environment.unrepeatable != unrepeatable):
            self.memo.keep(memory, key, found)
        return found

    def liken(self, address: str, domain: str) -> None:
        """Let a plain address stand for all of its domain, where nothing but the domain decides what it leads to."""
        rewriter = self.rewriter
        if rewriter.by_domain and not self.by_sender and ("", address) in self._resolved:
            self.memo.keep(self.likes, domain, address)

    def resolve(self, sender: str, address: str, domain: str = "") -> Resolved:
        """Where an address leads, its domain and local part in lower case.

        What trivial-rewrite(8) has to say of it is said once, as long as the answer is among the last hundred.

        Args:
            sender: who writes, where that matters (`by_sender`).
            address: the address.
            domain: its domain where it is a plain one.
        """
        like = self.likes.get(domain)
        known = self._resolved.get(("", like)) if like is not None else None
        if like is not None and known is not None:
            transport, nexthop, recipient, address_class, flags = known
            recipient = address[: -len(domain)].lower() + recipient[len(like) - len(domain) :]
            return Resolved(transport, nexthop, recipient, address_class, flags)
        key = (sender, address)
        found = self._resolved.get(key) or self._said.get(key)
        if found is None:
            rewriter = self.rewriter
            chance, repeats = rewriter.environment.unrepeatable, self._completion.repeats
            if sender and not self._knows_prober:  # with its first recipient it looks up who sends probes
                self._knows_prober = True
                self._completion.forget()
            before = self._completion.complete(rewriter, sender) if sender else ""
            found = rewriter.resolve(before, self._completion.complete(rewriter, address))
            lower = found.recipient.lower()
            if found.recipient != lower:
                found = found._replace(recipient=lower)
            said = rewriter.pending or self._completion.repeats != repeats
            if not said and rewriter.environment.unrepeatable == chance:
                self.memo.keep(self._resolved, key, found)
            if said and ResolveFlag.NOWHERE not in found.flags:
                if len(self._said) >= 100:
                    del self._said[next(iter(self._said))]
                self._said[sender, address] = found
        return found

    def died(self, now: float, young: bool) -> None:
        """A process has died, which may not have served anybody yet."""
        (self.system.deaths.throttle if young else self.system.deaths.mourn)(self.service.name, self.service.type, now)

    def heard(self) -> Iterable[Question]:
        """Note what tables, and trivial-rewrite, had to say."""
        if not self.unsaid:
            return ()
        rewriter = self.system.rewriting
        if rewriter is None or not rewriter.pending:
            return self.spoken()
        return (ONCE, *rewriter.spoken(), *self.spoken())

    def temporary(self, action: str, finding: Finding) -> Finding:
        """A temporary failure, dealt with as a `*_tempfail_action` parameter says."""
        if self.config[action].lower() == "defer_if_permit":
            return finding._replace(kind=Kind.DEFER_IF_PERMIT)
        return finding

    def fitted(self, status: str, title: str) -> str:
        """An enhanced status code made to fit what it is said of; the log hears of a change."""
        found = fitting_status(status, title)
        if found[1:] != status[1:]:
            self.warn("text", f"mapping DSN status {status} into {title} status {status[0]}{found[1:]}")
        return found

    def printable(self, text: str) -> str:
        """A reply's text with blanks for control characters."""
        return self._visible(text, " ")

    def masked(self, text: str) -> str:
        """A client's words with question marks for control characters."""
        return self._visible(text, "?")

    def _visible(self, text: str, mask: str) -> str:
        if text.isascii() or self.parameters.smtputf8:
            return text if text.isprintable() else _UNPRINTABLE.sub(mask, text)
        return "".join(
            c if c.isascii() and c.isprintable() else mask * len(c.encode("utf-8", "surrogateescape")) for c in text
        )

    def class_rules(self, nested: Nested) -> tuple[Rule, ...]:
        """The rules of a restriction class."""
        found = self._class_rules.get(nested)
        if found is None:
            compiler = Compiler(self, nested.name, nested.implied)
            found = self._class_rules[nested] = compiler.compile(self.classes[nested.name])
        return found

    def rules(self, text: str, rule: Rule) -> tuple[Rule, ...]:
        """The restrictions in a table's right-hand side."""
        implied = rule.implied
        key = (text, rule.parameter, implied, rule.reason.where)
        found = self._texts.get(key)
        if found is None:
            words = tuple(split_outside_braces(text))
            found = self._texts[key] = Compiler(self, rule.parameter, implied).compile(words, rule.reason.where)
        return found

    # ---- sessions

    def session(self, client: str, question: Connect | None = None) -> SmtpdSession | HaproxySession:
        """A session with whoever has connected, the client or a proxy before it.

        Args:
            client: its IP address.
            question: how it connected.
        """
        if self.parameters.behind_proxy and question is not None:
            return HaproxySession(self, client, question)
        return self.serve(client, question)

    def serve(self, client: str, question: Connect | None = None, port: int = 0) -> SmtpdSession:
        """A session with a client.

        Args:
            client: its IP address.
            question: how it connected.
            port: where it called from, which nobody asks.
        """
        if self.parameters.wrapped:
            return Wrapped(self, client, question)
        if self.filter is not None:
            return ProxySession(self, client, question, self.filter)
        return SmtpdSession(self, client, question)

    def turn_away(self, client: str, question: Connect) -> Decision[Reply | None]:
        """Hang up on a client that no proxy has introduced."""
        return Unintroduced(self, client, question).greet()
