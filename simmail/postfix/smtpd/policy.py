"""NAME
    smtpd.policy - policy servers

DESCRIPTION
    A policy server is told all that is known of a request, and answers with an action as in an access table.

PARAMETERS
    smtpd_policy_service_default_action, smtpd_policy_service_policy_context

SEE ALSO
    SMTPD_POLICY_README
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision, Now
from simmail.postfix.smtpd.access import Entry
from simmail.postfix.smtpd.findings import Finding, Subject
from simmail.postfix.smtpd.policy_client import PolicyServer, request
from simmail.postfix.smtpd.process import ACTION

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.restrictions import Rule
    from simmail.postfix.smtpd.state import SmtpdState

#: Stages in which no transaction has begun yet.
_BEFORE = frozenset({"CONNECT", "HELO", "EHLO", "MAIL"})


def _instance(state: SmtpdState, seconds: float) -> str:
    """What tells one transaction from all others, in the form that Postfix gives it: process, time, number."""
    process = zlib.crc32(state.client.address.encode()) & 0x3FFFFF
    return f"{process:x}.{int(seconds):x}.{int(seconds % 1 * 1e6):x}.{state.process.served & 0xFF:x}"


def attributes(state: SmtpdState, server: PolicyServer, smtpd: Smtpd) -> dict[str, str]:
    """The request, name by name."""
    client, login = state.client, state.authentication
    stage = "DATA" if state.stage == "BDAT" else state.stage
    return {
        "request": "smtpd_access_policy",
        "protocol_state": stage,
        "protocol_name": state.protocol,
        "client_address": client.address,
        "client_name": client.name,
        "client_port": client.port,
        "reverse_client_name": client.reverse_name,
        "server_address": client.server_address,
        "server_port": client.server_port,
        "helo_name": state.helo or "",
        "sender": state.sender or "",
        "recipient": state.recipient or "",
        "recipient_count": str(state.accepted if stage in ("DATA", "END-OF-MESSAGE") else 0),
        "queue_id": state.queue_id,
        "instance": state.instance,
        "size": str(state.size),
        "etrn_domain": state.etrn or "",
        "stress": smtpd.stress,
        "sasl_method": login.method,
        "sasl_username": login.username,
        "sasl_sender": login.sender,
        "ccert_subject": "",
        "ccert_issuer": "",
        "ccert_fingerprint": "",
        "ccert_pubkey_fingerprint": "",
        "encryption_protocol": "",
        "encryption_cipher": "",
        "encryption_keysize": "0",
        "policy_context": server.policy_context,
    }


def check_policy_service(rule: Rule, subject: Subject, state: SmtpdState) -> Decision[Finding | None]:
    """Ask a policy server; where it does not answer, do what is to be done then."""
    server: PolicyServer = rule.argument
    smtpd = rule.smtpd
    if not state.instance and state.sender is not None and state.stage not in _BEFORE:
        state.instance = _instance(state, smtpd.system.machine.calendar.unix((yield Now())))
    action = yield from request(smtpd, server, state.process, attributes(state, server, smtpd))
    value = server.default_action if action is None else action
    behind = "" if action is None else state.process.values[ACTION].hold(action)
    return Entry(smtpd, rule.table, "policy query", subject, value, behind=behind).finding()
