"""NAME
    smtp.tls - what the SMTP client does about TLS, where there is none

DESCRIPTION
    A client that is to use TLS asks tlsmgr(8) for randomness as it starts; without that service it has no TLS, and
    says so.  Mail for a site that must have it waits, other mail goes in the clear.

PARAMETERS
    smtp_tls_security_level, smtp_tls_policy_maps, smtp_use_tls, smtp_enforce_tls, smtp_tls_note_starttls_offer

DIAGNOSTICS
    warning: no entropy for TLS key generation: disabling TLS support

    TLS is required, but was not offered by host HOST[ADDRESS]

    TLS is required, but our TLS engine is unavailable

BUGS
    No server ever speaks TLS, even where master.cf has a tlsmgr.  Of a policy only the level counts; one that is
    wrong, or cannot be looked up, is no policy.

SEE ALSO
    TLS_README, tlsmgr(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.postfix.start_checks import TLS_LEVELS, check_level
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp

NONE = "none"
STRICT = frozenset({"encrypt", "dane-only", "fingerprint", "verify", "secure"})
MISSING = "connect to private/tlsmgr: No such file or directory"
NO_ENTROPY = (
    MISSING,
    MISSING,
    "problem talking to server private/tlsmgr: No such file or directory",
    "no entropy for TLS key generation: disabling TLS support",
)


class Tls:
    """The TLS policies of one client.

    Args:
        client: whose they are.

    Attributes:
        idle: whether there is nothing to be looked into, whatever a server offers.
        notes_offers: whether it is logged that a server offers TLS to a client that does not want it.
    """

    def __init__(self, client: Smtp) -> None:
        config, prefix = client.config, client.prefix
        self._level = check_level(str(config[f"{prefix}_tls_security_level"])).lower()
        if not self._level:
            wants, must = config[f"{prefix}_use_tls"], config[f"{prefix}_enforce_tls"]
            self._level = "encrypt" if must else "may" if wants else NONE
        self._policies = client.maps(f"{prefix}_tls_policy_maps")
        self.notes_offers: bool = config[f"{prefix}_tls_note_starttls_offer"]
        heeds_offers = self._level in STRICT or (self._level == NONE and self.notes_offers)
        self.idle = not (self._policies or heeds_offers)
        if (self._level != NONE or self._policies) and client.system.service("tlsmgr") is None:
            client.opens_with("warning", *NO_ENTROPY)

    def level(self, nexthop: str) -> str:
        """The security level of a nexthop, `domain` or `[host]:port`."""
        found = self._policy(nexthop) if self._policies else None
        return found or self._level

    def _policy(self, nexthop: str) -> str:
        keys = [nexthop]
        if not nexthop.startswith("["):
            labels = nexthop.split(".")
            keys += ["." + ".".join(labels[start:]) for start in range(1, len(labels))]
        for key in keys:
            try:
                value = self._policies.find(key)
            except LookupFailure:
                return ""
            if value is not None:
                words = value.replace(",", " ").split()
                level = words[0].lower() if words else ""
                return level if level in TLS_LEVELS else ""
        return ""
