"""NAME
    smtpd.restrictions - the table of restrictions

DESCRIPTION
    Each restriction has a name, perhaps older ones, an argument, the facts it reads, and a function that decides from
    these alone.  One of them in a list is a rule.

PARAMETERS
    smtpd_client_restrictions and its kin

SEE ALSO
    smtpd.compiler, SMTPD_ACCESS_README
"""

from __future__ import annotations

from collections.abc import Callable
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
from simmail.postfix.smtpd.findings import RECIPIENT, SENDER, Finding, Reason
from simmail.postfix.smtpd.policy import check_policy_service

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.state import SmtpdState
    from simmail.postfix.value_buffer import ValueBuffer


class Argument(Enum):
    """What follows a restriction's name."""

    NONE = auto()
    TABLE = auto()
    SEARCHED_TABLE = auto()
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
STATE = "state"


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
        ("subject", STATE), check_policy_service, asks=True, argument=Argument.SERVICE, remember=False
    ),
    # the client
    "permit_mynetworks": Restriction((_NAME, _ADDRESS), client_checks.permit_mynetworks),
    "permit_inet_interfaces": Restriction((_ADDRESS,), client_checks.permit_inet_interfaces),
    "permit_sasl_authenticated": Restriction(("sasl_method",), login_checks.permit_sasl_authenticated),
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
    "reject_rbl_client": Restriction((_ADDRESS, STATE), dnsbl.reject_rbl_client, True, _L, remember=False),
    "reject_rhsbl_client": Restriction((_NAME, STATE), dnsbl.reject_rhsbl_client, True, _L, remember=False),
    "reject_rhsbl_reverse_client": Restriction(
        (_REVERSE, STATE), dnsbl.reject_rhsbl_reverse_client, True, _L, remember=False
    ),
    "permit_dnswl_client": Restriction((_ADDRESS, STATE), dnsbl.permit_dnswl_client, True, _L, remember=False),
    "permit_rhswl_client": Restriction((_NAME, STATE), dnsbl.permit_rhswl_client, True, _L, remember=False),
    "reject_maps_rbl": Restriction((_ADDRESS, STATE), dnsbl.reject_maps_rbl, True, remember=False),
    "check_ccert_access": Restriction((), general.check_ccert_access, argument=Argument.SEARCHED_TABLE),
    "check_sasl_access": Restriction((_USER,), login_checks.check_sasl_access, argument=_T),
    # HELO
    "check_helo_access": Restriction(("helo",), access.check_helo_access, argument=_T),
    "reject_invalid_helo_hostname": Restriction(("helo",), client_checks.reject_invalid_helo_hostname),
    "reject_non_fqdn_helo_hostname": Restriction(("helo",), client_checks.reject_non_fqdn_helo_hostname),
    "reject_unknown_helo_hostname": Restriction(("helo",), client_checks.reject_unknown_helo_hostname, True),
    "permit_naked_ip_address": Restriction(("helo",), client_checks.permit_naked_ip_address),
    "reject_rhsbl_helo": Restriction(("helo", STATE), dnsbl.reject_rhsbl_helo, True, _L, remember=False),
    # the sender
    "check_sender_access": Restriction(_SENDER, access.check_sender_access, argument=_T),
    "reject_non_fqdn_sender": Restriction(("sender",), address_checks.reject_non_fqdn_sender, by_domain=True),
    "reject_unknown_sender_domain": Restriction(
        _SENDER, address_checks.reject_unknown_sender_domain, asks=True, by_domain=True
    ),
    "reject_rhsbl_sender": Restriction(("sender", STATE), dnsbl.reject_rhsbl_sender, True, _L, remember=False),
    "reject_unlisted_sender": Restriction(_SENDER, listed.reject_unlisted_sender, unlisted=SENDER),
    "reject_unverified_sender": Restriction(
        ("sender", STATE), address_checks.reject_unverified_sender, True, remember=False
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
        ("recipient", STATE), relay.check_relay_domains, asks=True, remember=False, final=True
    ),
    "reject_non_fqdn_recipient": Restriction(("recipient",), address_checks.reject_non_fqdn_recipient, by_domain=True),
    "reject_unknown_recipient_domain": Restriction(
        _RECIPIENT, address_checks.reject_unknown_recipient_domain, asks=True, by_domain=True
    ),
    "reject_rhsbl_recipient": Restriction(("recipient", STATE), dnsbl.reject_rhsbl_recipient, True, _L, remember=False),
    "reject_unlisted_recipient": Restriction(_RECIPIENT, listed.reject_unlisted_recipient, unlisted=RECIPIENT),
    "reject_unverified_recipient": Restriction(
        ("recipient", STATE), address_checks.reject_unverified_recipient, True, remember=False
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


def current_name(word: str) -> str:
    """The name in the table of a restriction that may be written with an older one, in any case."""
    lowered = word.lower()
    return OLD_NAMES.get(lowered, lowered)


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
    if len(reads) > 2 and reads[-1] == STATE:
        others = _reader(smtpd, restriction._replace(reads=reads[:-1]))
        return lambda state: (*others(state), state)
    if reads and reads[-1] == STATE:
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
