"""NAME
    smtpd.rewriting - whose headers are completed with the local domain

PARAMETERS
    local_header_rewrite_clients

DIAGNOSTICS
    parameter local_header_rewrite_clients: invalid request: WORD

SEE ALSO
    ADDRESS_REWRITING_README
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.questions import Decision
from simmail.postfix.tables import LookupFailure, Maps

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession


def rewrite_context(session: SmtpdSession) -> Decision[str]:
    """`local` or `remote`, by the client; "" where a table cannot tell."""
    smtpd, state = session.smtpd, session.state
    client = state.client
    words = list(session.parameters.local_rewrite_clients)
    while words:
        word = words.pop(0)
        lowered = word.lower()
        try:
            if lowered == "permit_inet_interfaces":
                match = client.address in smtpd.own_addresses
            elif lowered == "permit_mynetworks":
                match = smtpd.mynetworks.matches(client.name, client.address)
            elif lowered in ("permit_sasl_authenticated", "permit_tls_clientcerts", "permit_tls_all_clientcerts"):
                match = False
            elif lowered == "check_address_map" and words:
                match = _listed(session, words.pop(0))
            elif ":" in word:
                match = _listed(session, word)
            else:
                smtpd.warn("warning", f"parameter local_header_rewrite_clients: invalid request: {word}")
                match = False
        except LookupFailure:
            yield from smtpd.heard()
            yield smtpd.checker.record(state, "reject", "451 4.3.0 Temporary lookup error")
            return ""
        yield from smtpd.heard()
        if match:
            return "local"
    return "remote"


def _listed(session: SmtpdSession, spec: str) -> bool:
    smtpd = session.smtpd
    maps = Maps.open("local_header_rewrite_clients", spec, smtpd.environment)
    return maps.find(session.state.client.address) is not None
