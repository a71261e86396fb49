"""NAME
    smtpd.restrictions - the table of restrictions, and lists of them

DESCRIPTION
    Each restriction has a name, perhaps older ones, an argument, the facts it reads, and a function that decides from
    these alone.  A list in main.cf is compiled once, into rules.

PARAMETERS
    smtpd_client_restrictions and its kin, smtpd_restriction_classes

DIAGNOSTICS
    unknown smtpd restriction: "NAME"
    restriction `NAME' after `permit' is ignored

SEE ALSO
    SMTPD_ACCESS_README, RESTRICTION_CLASS_README
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from enum import Enum, auto
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.postfix.smtpd import (
    access,
    address_checks,
    client_checks,
    dnsbl,
    general,
    listed,
    login_checks,
    relay,
    server_access,
)
from simmail.postfix.smtpd.dnsbl import DnsList
from simmail.postfix.smtpd.findings import RECIPIENT, SENDER, SERVER_ERROR, Finding, Kind, Reason
from simmail.postfix.smtpd.opening import Missed
from simmail.postfix.smtpd.places import places
from simmail.postfix.smtpd.policy import check_policy_service
from simmail.postfix.smtpd.policy_client import PolicyServer
from simmail.postfix.tables import Maps

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.state import SmtpdState
    from simmail.postfix.value_buffer import ValueBuffer


class Argument(Enum):
    """What follows a restriction's name."""

    NONE = auto()
    TABLE = auto()
    DNS_LIST = auto()
    SERVICE = auto()
    NUMBER = auto()


class Restriction(NamedTuple):
    """One kind of restriction.

    Args:
        reads: the facts it decides from: attributes of SmtpdState.
        decide: called with the rule and the facts; returns a finding, or None for undecided.
        asks: whether `decide` is a decision that may ask questions.
        argument: what follows the name.
        remember: whether the same facts always lead to the same finding.
        never_permits: the fact that is named where a table of this kind says OK; "" where it may.
        final: whether what follows in a list is never reached.
        by_domain: whether it looks at an address for its domain alone, and where that leads.
        unlisted: which address it refuses for not existing; "" for none.
    """

    reads: tuple[str, ...]
    decide: Callable[..., Any]
    asks: bool = False
    argument: Argument = Argument.NONE
    remember: bool = True
    never_permits: str = ""
    final: bool = False
    by_domain: bool = False
    unlisted: str = ""


_T, _L = Argument.TABLE, Argument.DNS_LIST
_NAME, _ADDRESS, _REVERSE = "client.name", "client.address", "client.reverse_name"
_USER = "sasl_username"
_SENDER, _RECIPIENT, _ROUTE = ("sender", "recipient"), ("recipient", "route_sender"), "route_sender"
#: The session itself, for what is never remembered.
_STATE = "state"


def _servers(prefix: str, fact: str, reads: tuple[str, ...], subject: Callable[..., Any]) -> dict[str, Restriction]:
    """check_*_a_access, check_*_mx_access and check_*_ns_access for one kind of name."""
    return {
        f"check_{prefix}_{type.lower()}_access": Restriction(
            reads, server_access.checker(type, subject), asks=True, argument=_T, never_permits=fact
        )
        for type in ("A", "MX", "NS")
    }


#: Every restriction by its name.
RESTRICTIONS: dict[str, Restriction] = {
    # any list
    "permit": Restriction((), general.permit, final=True),
    "reject": Restriction(("subject",), general.reject, final=True),
    "defer": Restriction(("subject",), general.defer, final=True),
    "defer_if_permit": Restriction(("subject",), general.defer_if_permit),
    "defer_if_reject": Restriction(("subject",), general.defer_if_reject),
    "reject_unauth_pipelining": Restriction(("pipelined", "subject"), general.reject_unauth_pipelining),
    "reject_plaintext_session": Restriction((), general.reject_plaintext_session),
    "sleep": Restriction((), general.sleep, argument=Argument.NUMBER),
    "check_policy_service": Restriction(
        ("subject", _STATE), check_policy_service, asks=True, argument=Argument.SERVICE, remember=False
    ),
    # the client
    "permit_mynetworks": Restriction((_NAME, _ADDRESS), client_checks.permit_mynetworks),
    "permit_inet_interfaces": Restriction((_ADDRESS,), client_checks.permit_inet_interfaces),
    "permit_sasl_authenticated": Restriction((_USER,), login_checks.permit_sasl_authenticated),
    "permit_tls_clientcerts": Restriction((), general.undecided),
    "permit_tls_all_clientcerts": Restriction((), general.undecided),
    "reject_unknown_client_hostname": Restriction(
        ("client.name_status", _ADDRESS), client_checks.reject_unknown_client_hostname
    ),
    "reject_unknown_reverse_client_hostname": Restriction(
        ("client.reverse_status", _ADDRESS), client_checks.reject_unknown_reverse_client_hostname
    ),
    "check_client_access": Restriction((_NAME, _ADDRESS), access.check_client_access, argument=_T),
    "check_reverse_client_hostname_access": Restriction(
        (_REVERSE, _ADDRESS), access.check_reverse_client_hostname_access, argument=_T, never_permits=_REVERSE
    ),
    "reject_rbl_client": Restriction((_ADDRESS, _STATE), dnsbl.reject_rbl_client, True, _L, remember=False),
    "reject_rhsbl_client": Restriction((_NAME, _STATE), dnsbl.reject_rhsbl_client, True, _L, remember=False),
    "reject_rhsbl_reverse_client": Restriction(
        (_REVERSE, _STATE), dnsbl.reject_rhsbl_reverse_client, True, _L, remember=False
    ),
    "permit_dnswl_client": Restriction((_ADDRESS, _STATE), dnsbl.permit_dnswl_client, True, _L, remember=False),
    "permit_rhswl_client": Restriction((_NAME, _STATE), dnsbl.permit_rhswl_client, True, _L, remember=False),
    "reject_maps_rbl": Restriction((_ADDRESS, _STATE), dnsbl.reject_maps_rbl, True, remember=False),
    "check_ccert_access": Restriction((), general.check_ccert_access, argument=_T),
    "check_sasl_access": Restriction((_USER,), login_checks.check_sasl_access, argument=_T),
    # HELO
    "check_helo_access": Restriction(("helo",), access.check_helo_access, argument=_T),
    "reject_invalid_helo_hostname": Restriction(("helo",), client_checks.reject_invalid_helo_hostname),
    "reject_non_fqdn_helo_hostname": Restriction(("helo",), client_checks.reject_non_fqdn_helo_hostname),
    "reject_unknown_helo_hostname": Restriction(("helo",), client_checks.reject_unknown_helo_hostname, True),
    "permit_naked_ip_address": Restriction(("helo",), client_checks.permit_naked_ip_address),
    "reject_rhsbl_helo": Restriction(("helo", _STATE), dnsbl.reject_rhsbl_helo, True, _L, remember=False),
    # the sender
    "check_sender_access": Restriction(_SENDER, access.check_sender_access, argument=_T),
    "reject_non_fqdn_sender": Restriction(("sender",), address_checks.reject_non_fqdn_sender, by_domain=True),
    "reject_unknown_sender_domain": Restriction(
        _SENDER, address_checks.reject_unknown_sender_domain, asks=True, by_domain=True
    ),
    "reject_rhsbl_sender": Restriction(("sender", _STATE), dnsbl.reject_rhsbl_sender, True, _L, remember=False),
    "reject_unlisted_sender": Restriction(_SENDER, listed.reject_unlisted_sender, unlisted=SENDER),
    "reject_unverified_sender": Restriction(
        ("sender", _STATE), address_checks.reject_unverified_sender, True, remember=False
    ),
    "reject_sender_login_mismatch": Restriction(("sender", _USER), login_checks.reject_sender_login_mismatch),
    "reject_authenticated_sender_login_mismatch": Restriction(
        ("sender", _USER), login_checks.reject_authenticated_sender_login_mismatch
    ),
    "reject_known_sender_login_mismatch": Restriction(
        ("sender", _USER), login_checks.reject_known_sender_login_mismatch
    ),
    "reject_unauthenticated_sender_login_mismatch": Restriction(
        ("sender", _USER), login_checks.reject_unauthenticated_sender_login_mismatch
    ),
    # the recipient
    "check_recipient_access": Restriction(_RECIPIENT, access.check_recipient_access, argument=_T),
    "permit_auth_destination": Restriction(_RECIPIENT, relay.permit_auth_destination, by_domain=True),
    "permit_mx_backup": Restriction(_RECIPIENT, relay.permit_mx_backup, True),
    "reject_unauth_destination": Restriction(_RECIPIENT, relay.reject_unauth_destination, by_domain=True),
    "defer_unauth_destination": Restriction(_RECIPIENT, relay.defer_unauth_destination, by_domain=True),
    "check_relay_domains": Restriction(
        ("recipient", _STATE), relay.check_relay_domains, asks=True, remember=False, final=True
    ),
    "reject_non_fqdn_recipient": Restriction(("recipient",), address_checks.reject_non_fqdn_recipient, by_domain=True),
    "reject_unknown_recipient_domain": Restriction(
        _RECIPIENT, address_checks.reject_unknown_recipient_domain, asks=True, by_domain=True
    ),
    "reject_rhsbl_recipient": Restriction(
        ("recipient", _STATE), dnsbl.reject_rhsbl_recipient, True, _L, remember=False
    ),
    "reject_unlisted_recipient": Restriction(_RECIPIENT, listed.reject_unlisted_recipient, unlisted=RECIPIENT),
    "reject_unverified_recipient": Restriction(
        ("recipient", _STATE), address_checks.reject_unverified_recipient, True, remember=False
    ),
    "reject_multi_recipient_bounce": Restriction(
        ("sender", "accepted", "stage", "subject"), address_checks.reject_multi_recipient_bounce
    ),
    # ETRN
    "check_etrn_access": Restriction(("etrn",), access.check_etrn_access, argument=_T),
    # the servers behind a name
    **_servers("client", _NAME, (_NAME, _ADDRESS), server_access.of_client),
    **_servers("reverse_client_hostname", _REVERSE, (_REVERSE,), server_access.of_reverse_client),
    **_servers("helo", "helo", ("helo",), server_access.of_helo),
    **_servers("sender", "sender", ("sender",), server_access.of_sender),
    **_servers("recipient", "recipient", ("recipient",), server_access.of_recipient),
}

#: Names of older Postfix versions that still work.
OLD_NAMES = {
    "reject_unknown_client": "reject_unknown_client_hostname",
    "reject_rbl": "reject_rbl_client",
    "reject_invalid_hostname": "reject_invalid_helo_hostname",
    "reject_unknown_hostname": "reject_unknown_helo_hostname",
    "reject_non_fqdn_hostname": "reject_non_fqdn_helo_hostname",
    "reject_unknown_address": "reject_unknown_sender_domain",
    "check_recipient_maps": "reject_unlisted_recipient",
}

WARN_IF_REJECT = "warn_if_reject"
#: What an access table that stands by itself in a list is taken for, by list.
IMPLIED = {
    "smtpd_client_restrictions": "check_client_access",
    "smtpd_helo_restrictions": "check_helo_access",
    "smtpd_sender_restrictions": "check_sender_access",
    "smtpd_relay_restrictions": "check_recipient_access",
    "smtpd_recipient_restrictions": "check_recipient_access",
    "smtpd_etrn_restrictions": "check_etrn_access",
}
#: At least one of these has to keep strangers from relaying.
RELAY_GUARDS = ("reject_unauth_destination", "defer_unauth_destination", "reject", "defer", "defer_if_permit",
                "check_relay_domains")  # fmt: skip


Facts = tuple[Any, ...]


class Rule:
    """One restriction in a list.

    Args:
        smtpd: the program.
        name: as written.
        restriction: its kind.
        argument: a table, a DNS list, a policy server, a number; None for none.
        words: name and argument as written.
        trial: whether warn_if_reject stands before it.
        parameter: the list it stands in.
        place: the line of the file that it stands on; "" in a default.
        following: the word behind it.

    Attributes:
        facts: of a session, the facts that it reads: what its finding can be remembered by.
        known: what it has found, by these; the findings that it had to ask for are the memo's.
        reason: what is recorded of a refusal.
        table: the name of its table.
        buffer: what its table's values come in, where a refusal may show what lies behind them; None where not.
        implied: what a bare table in its list is taken for, and in what its own table says.
    """

    __slots__ = (
        "argument", "buffer", "facts", "following", "implied", "known", "name", "parameter", "reason", "restriction",
        "smtpd", "table", "trial",
    )  # fmt: skip

    def __init__(
        self, smtpd: Smtpd, name: str, restriction: Restriction, argument: Any, words: str, trial: bool,
        parameter: str, place: str = "", following: str = "",
    ) -> None:  # fmt: skip
        self.smtpd, self.name, self.restriction, self.argument = smtpd, name, restriction, argument
        self.trial, self.parameter, self.following = trial, parameter, following
        self.reason = Reason(parameter, place, words)
        self.table = words.partition(" ")[2]
        self.buffer: ValueBuffer | None = None
        self.implied = ""
        self.facts = _reader(smtpd, restriction)
        self.known: dict[Facts, Finding | None] = smtpd.memory()

    def __repr__(self) -> str:
        return f"<{self.reason}>"


def _reader(smtpd: Smtpd, restriction: Restriction) -> Callable[[SmtpdState], Facts]:
    """How the facts that a restriction reads are read from a session."""
    reads = restriction.reads
    if restriction.by_domain:
        return _domain_reader(smtpd, reads)
    if len(reads) > 2 and reads[-1] == _STATE:
        others = _reader(smtpd, restriction._replace(reads=reads[:-1]))
        return lambda state: (*others(state), state)
    if reads and reads[-1] == _STATE:
        first = attrgetter(reads[0])
        return lambda state: (first(state), state)
    if not reads:
        return lambda state: ()
    if reads == _SENDER:
        return lambda state: (state.sender, state.recipient if smtpd.by_sender else "")
    if len(reads) == 1:
        only = attrgetter(reads[0])
        return lambda state: (only(state),)
    return attrgetter(*reads)


def _by_process(restriction: Restriction) -> Restriction:
    """The same where a table's answer depends on those that the process had before."""
    decide = restriction.decide

    def decided(rule: Rule, *facts: Any) -> Finding | None:
        *others, state = facts
        rule.buffer = state.process.values[rule.table]
        rule.smtpd.environment.unrepeatable += 1
        found: Finding | None = decide(rule, *others)
        return found

    return restriction._replace(reads=(*restriction.reads, _STATE), decide=decided, remember=False)


def _domain_reader(smtpd: Smtpd, reads: tuple[str, ...]) -> Callable[[SmtpdState], Facts]:
    """The same where an address may be read as another one, plain as well, of its domain."""
    likes = smtpd.likes
    if reads == _SENDER:
        return lambda state: (
            likes.get(state.sender_domain) or state.sender, state.recipient if smtpd.by_sender else ""
        )  # fmt: skip
    if reads == _RECIPIENT:
        return lambda state: (likes.get(state.recipient_domain) or state.recipient, state.route_sender)
    if reads == ("sender",):
        return lambda state: (likes.get(state.sender_domain) or state.sender,)
    return lambda state: (likes.get(state.recipient_domain) or state.recipient,)


class Nested(NamedTuple):
    """A restriction class in a list: its name, and what a bare table in it is taken for."""

    name: str
    implied: str


def undefined(rule: Rule) -> Finding:
    """A name that is no restriction's."""
    rule.smtpd.warn("warning", rule.argument)
    return SERVER_ERROR


def bare_table(rule: Rule, about: tuple[str, str]) -> Finding:
    """A table where nobody can tell what it is to be asked for."""
    names = ("client", "reverse_client_hostname", "helo", "sender", "recipient", "etrn")
    rule.smtpd.warn(
        "warning",
        f"specify one of ({', '.join(f'check_{name}_access' for name in names)}) "
        f'before {about[1]} restriction "{rule.name}"',
    )
    return SERVER_ERROR


def requires_domain(rule: Rule) -> None:
    """A DNS list without its domain."""
    rule.smtpd.warn("warning", rule.argument)


def class_of(rule: Rule) -> Finding:
    """The restrictions of a class."""
    return Finding(Kind.NESTED, value=rule.argument.name)


_UNDEFINED = Restriction((), undefined, remember=False)
_BARE_TABLE = Restriction(("about",), bare_table, remember=False)
_REQUIRES_DOMAIN = Restriction((), requires_domain, remember=False)
CLASS = Restriction((), class_of)


class Compiler:
    """Turns the words of a list into rules.

    Args:
        smtpd: the program.
        parameter: the list's name, or that of the class, for the record.
        implied: what a bare table is taken for; "" where there is no such thing.
    """

    def __init__(self, smtpd: Smtpd, parameter: str, implied: str) -> None:
        self.smtpd, self.parameter, self.implied = smtpd, parameter, implied
        self._place = ""

    def compile(self, words: tuple[str, ...], place: str | None = None) -> tuple[Rule, ...]:
        """The rules of a list.

        Args:
            words: its words.
            place: where they stand; None for where the parameter is set.
        """
        start = self.smtpd.config.where(self.parameter)
        lines = places(self.smtpd.system.machine, start, words) if place is None else [place] * len(words)
        rules = tuple(self._rules(words, lines))
        for rule in rules:
            rule.implied = self.implied
        return rules

    def _rules(self, words: tuple[str, ...], lines: list[str]) -> Iterator[Rule]:
        at, trial = 0, False
        while at < len(words):
            word, self._place = words[at], lines[at]
            if word.lower() == WARN_IF_REJECT:
                trial = True
                at += 1
                continue
            if ":" in word:
                if self.implied:
                    yield self._rule(self.implied, word, trial, "")
                else:
                    yield Rule(self.smtpd, word, _BARE_TABLE, None, word, trial, self.parameter, self._place)
                at += 1
                trial = False
                continue
            known = RESTRICTIONS.get(OLD_NAMES.get(word.lower(), word.lower()))
            behind = words[at + 1] if at + 1 < len(words) else ""
            if known is None:
                yield self._class_or_mistake(word, trial)
                at += 1
            elif known.argument is Argument.NONE:
                yield self._rule(word, "", trial, behind if known.final else "")
                at += 1
            else:
                yield self._rule(word, behind, trial, "")
                at += 2
            trial = False

    def _class_or_mistake(self, word: str, trial: bool) -> Rule:
        if word in self.smtpd.classes:
            return Rule(self.smtpd, word, CLASS, Nested(word, self.implied), word, trial, self.parameter, self._place)
        return self._mistake(word, f'unknown smtpd restriction: "{word}"', trial)

    def _mistake(self, word: str, text: str, trial: bool) -> Rule:
        return Rule(self.smtpd, word, _UNDEFINED, text, word, trial, self.parameter, self._place)

    def _rule(self, name: str, text: str, trial: bool, following: str) -> Rule:
        smtpd, lowered = self.smtpd, name.lower()
        restriction = RESTRICTIONS[OLD_NAMES.get(lowered, lowered)]
        argument: Hashable = None
        match restriction.argument:
            case Argument.TABLE:
                if ":" not in text:
                    return self._mistake(
                        name, f'restriction {lowered}: bad argument "{text or name}": need maptype:mapname', trial
                    )
                if text.startswith("{"):
                    argument = Missed(lowered, text, smtpd.environment)
                else:
                    argument = Maps.open(text, text, smtpd.environment)
                    if not restriction.asks and any(table.bare_status for table in argument.tables):
                        restriction = _by_process(restriction)
            case Argument.DNS_LIST:
                if not text:
                    complaint = f"restriction {name} requires domain name argument"
                    return Rule(smtpd, name, _REQUIRES_DOMAIN, complaint, name, trial, self.parameter, self._place)
                argument = DnsList.parse(text)
            case Argument.SERVICE:
                if not text:
                    return self._mistake(name, f"restriction {lowered} must be followed by transport:server", trial)
                argument = PolicyServer.parse(smtpd.config, text)
            case Argument.NUMBER:
                if not text.isdigit():
                    return self._mistake(name, f"restriction {lowered} must be followed by number", trial)
                argument = int(text)
            case Argument.NONE:
                pass
        words = f"{name} {text}" if text else name
        return Rule(smtpd, name, restriction, argument, words, trial, self.parameter, self._place, following)


def guards(words: tuple[str, ...], classes: dict[str, tuple[str, ...]], warn: Callable[[str], None]) -> bool:
    """Whether a list of restrictions keeps strangers from relaying.

    Args:
        words: the list.
        classes: restriction classes by name.
        warn: hears of what stands behind `permit`.
    """
    return _guards(words, classes, warn, frozenset())


def _guards(
    words: tuple[str, ...], classes: dict[str, tuple[str, ...]], warn: Callable[[str], None], seen: frozenset[str]
) -> bool:
    skip = False
    for number, word in enumerate(words):
        if skip:
            skip = False
            continue
        behind, lowered = words[number + 1] if number + 1 < len(words) else "", word.lower()
        if lowered == WARN_IF_REJECT and behind:
            skip = True
            continue
        if lowered == "permit":
            if behind:
                warn(f"restriction `{behind}' after `{word}' is ignored")
            return False
        if lowered in RELAY_GUARDS:
            return True
        if word in classes and word not in seen and _guards(classes[word], classes, warn, seen | {word}):
            return True
    return False
