"""NAME
    smtpd.policy - policy servers

DESCRIPTION
    A policy server is told all that is known of a request, and answers with an action as in an access table.

PARAMETERS
    smtpd_policy_service_default_action, smtpd_policy_service_timeout, smtpd_policy_service_try_limit,
    smtpd_policy_service_retry_delay, smtpd_policy_service_policy_context

SEE ALSO
    SMTPD_POLICY_README
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.questions import Decision, Policy, Sleep
from simmail.postfix.smtpd.access import Entry
from simmail.postfix.smtpd.findings import Finding, Subject

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.restrictions import Rule
    from simmail.postfix.smtpd.state import SmtpdState

LAST_RESORT = "451 4.3.5 Server configuration problem"


class PolicyServer(NamedTuple):
    """A policy server as a restriction names it, with its options.

    Args:
        name: `unix:private/policy`.
        default: the action where it does not answer.
        timeout: seconds to wait for an answer.
        tries: how often it is asked.
        delay: seconds between tries.
        context: the request's `policy_context`.
    """

    name: str
    default: str
    timeout: float
    tries: int
    delay: float
    context: str

    @classmethod
    def parse(cls, smtpd: Smtpd, text: str) -> PolicyServer:
        """Read `inet:host:port`, or `{ inet:host:port, name=value, ... }`."""
        config = smtpd.config
        options = {
            "default_action": config.text("smtpd_policy_service_default_action"),
            "timeout": config["smtpd_policy_service_timeout"],
            "try_limit": config["smtpd_policy_service_try_limit"],
            "retry_delay": config["smtpd_policy_service_retry_delay"],
            "policy_context": config.text("smtpd_policy_service_policy_context"),
        }
        name = text
        return cls(
            name, str(options["default_action"]), float(options["timeout"]), int(options["try_limit"]),
            float(options["retry_delay"]), str(options["policy_context"]),
        )  # fmt: skip


def attributes(state: SmtpdState, server: PolicyServer, smtpd: Smtpd) -> dict[str, str]:
    """The request, name by name."""
    client = state.client
    return {
        "request": "smtpd_access_policy",
        "protocol_state": state.stage,
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
        "recipient_count": str(state.accepted if state.stage in ("DATA", "END-OF-MESSAGE") else 0),
        "queue_id": state.queue_id,
        "instance": state.instance,
        "size": str(state.size),
        "etrn_domain": state.etrn or "",
        "stress": smtpd.stress,
        "sasl_method": "",
        "sasl_username": "",
        "sasl_sender": "",
        "ccert_subject": "",
        "ccert_issuer": "",
        "ccert_fingerprint": "",
        "ccert_pubkey_fingerprint": "",
        "encryption_protocol": "",
        "encryption_cipher": "",
        "encryption_keysize": "0",
        "policy_context": server.context,
    }


def check_policy_service(rule: Rule, subject: Subject, state: SmtpdState) -> Decision[Finding | None]:
    """Ask a policy server."""
    server: PolicyServer = rule.argument
    smtpd = rule.smtpd
    for number in range(server.tries):
        if number:
            yield Sleep(server.delay)
        action: str | None = yield Policy(server.name, attributes(state, server, smtpd), server.timeout)
        if action is not None:
            return Entry(smtpd, rule.table, "policy query", subject, action).finding()
        name = server.name.partition(":")[2]
        yield smtpd.note("warning", "", f"problem talking to server {name}: Connection refused")
    return Entry(smtpd, rule.table, "policy query", subject, server.default).finding()
