"""NAME
    sasl_mechanisms - how one may log in

DESCRIPTION
    The mechanisms of Cyrus SASL, and which of them security options leave, for servers and for clients.

PARAMETERS
    smtpd_sasl_security_options, smtp_sasl_security_options, lmtp_sasl_security_options

DIAGNOSTICS
    unknown SASL security options value "WORD" in "TEXT"; bad per-session SASL security properties
        Options are written in small letters, and commas alone are none.

    `Fatal`: SASL per-connection initialization failed

SEE ALSO
    SASL_README
"""

from __future__ import annotations

from typing import NamedTuple

#: That of a client that has shown a certificate, which nobody does here.
EXTERNAL = "EXTERNAL"
ANONYMOUS = "ANONYMOUS"
SCRAM = tuple(f"SCRAM-SHA-{kind}" for kind in ("512", "384", "256", "224", "1"))
PLAIN_TEXT = frozenset({"PLAIN", "LOGIN"})
#: Every mechanism that a server may offer, in the order in which they are offered; a client takes the first it can.
MECHANISMS = (*SCRAM, "DIGEST-MD5", "CRAM-MD5", "NTLM", "PLAIN", "LOGIN", ANONYMOUS)
EVERY = frozenset({*MECHANISMS, EXTERNAL})
#: What each security option leaves.
OPTIONS: dict[str, frozenset[str]] = {
    "noplaintext": EVERY - PLAIN_TEXT,
    "noactive": frozenset(SCRAM),
    "nodictionary": frozenset({EXTERNAL}),
    "noanonymous": EVERY - {ANONYMOUS},
    "forward_secrecy": frozenset(),
    "mutual_auth": frozenset({*SCRAM, "DIGEST-MD5"}),
}
#: Why a program ends that has options which nobody knows.
NO_OPTIONS = "SASL per-connection initialization failed"


def identifies(method: str) -> bool:
    """Whether a login by a method, as the client wrote it, tells who the client is; "" for no login."""
    return method != "" and method.upper() != ANONYMOUS


class SecurityOptions(NamedTuple):
    """What some security options come to.

    Args:
        allowed: the mechanisms that they leave.
        encrypts: whether plain-text mechanisms would need encryption.
        complaints: what is wrong with them, as the log has it; nobody logs in then.
    """

    allowed: frozenset[str]
    encrypts: bool = False
    complaints: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> SecurityOptions:
        """What a parameter's value says."""
        words = text.replace(",", " ").split()
        wrong = next((word for word in words if word not in OPTIONS), None)
        if wrong is not None or (text and not words):
            unknown = () if wrong is None else (f'unknown SASL security options value "{wrong}" in "{text}"',)
            return cls(frozenset(), complaints=(*unknown, "bad per-session SASL security properties"))
        return cls(EVERY.intersection(*(OPTIONS[word] for word in words)), "noplaintext" in words)
