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
from simmail.postfix.sasl_mechanisms import identifies
from simmail.postfix.tables import LookupFailure, Maps

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.session import SmtpdSession


def rewrite_context(session: SmtpdSession) -> Decision[str]:
    """`local` or `remote`, by the client; "" where a table cannot tell."""
    smtpd, state = session.smtpd, session.state
    client = state.client
    key = (client.name, client.address, client.socket, state.sasl_method)
    try:
        found = smtpd.once(smtpd.contexts, key, _context, smtpd, session.parameters.local_rewrite_clients, *key)
    except LookupFailure:
        yield from smtpd.heard()
        yield smtpd.checker.record(state, "reject", "451 4.3.0 Temporary lookup error")
        return ""
    yield from smtpd.heard()
    return found


def _context(smtpd: Smtpd, clients: tuple[str, ...], name: str, address: str, socket: str, method: str) -> str:
    """The same; LookupFailure where a table cannot tell."""
    words = list(clients)
    while words:
        word = words.pop(0)
        lowered = word.lower()
        if lowered == "permit_inet_interfaces":
            match = (socket or address) in smtpd.own_addresses
        elif lowered == "permit_mynetworks":
            match = smtpd.mynetworks.matches(name, address)
        elif lowered == "permit_sasl_authenticated":
            match = identifies(method) and smtpd.sasl.active
        elif lowered in ("permit_tls_clientcerts", "permit_tls_all_clientcerts"):
            match = False
        elif lowered == "check_address_map" and words:
            match = _listed(smtpd, words.pop(0), address)
        elif ":" in word:
            match = _listed(smtpd, word, address)
        else:
            smtpd.warn("warning", f"parameter local_header_rewrite_clients: invalid request: {word}")
            match = False
        if match:
            return "local"
    return "remote"


def _listed(smtpd: Smtpd, spec: str, address: str) -> bool:
    return Maps.open("local_header_rewrite_clients", spec, smtpd.environment).find(address) is not None
