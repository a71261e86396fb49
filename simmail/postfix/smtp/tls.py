"""NAME
    smtp.tls - what the SMTP client does about TLS, where there is none

DESCRIPTION
    A client that is to use TLS asks tlsmgr(8) for randomness as it starts; without that service it has no TLS, and
    says so.  Mail for a site that must have it waits, other mail goes in the clear.  A server whose policy cannot be
    looked up, or is none, is not even called.

PARAMETERS
    smtp_tls_security_level, smtp_tls_policy_maps, smtp_tls_per_site, smtp_use_tls, smtp_enforce_tls,
    smtp_tls_note_starttls_offer

DIAGNOSTICS
    warning: no entropy for TLS key generation: disabling TLS support

    warning: smtp_tls_policy_maps, next-hop destination "NEXTHOP": policy table lookup error
    warning: DOMAIN: dane configured with dnssec lookups disabled
    warning: nexthop domain DOMAIN: configured at fingerprint security level, but with no fingerprints to match.
    warning: TLS policy lookup for NEXTHOP/HOST: client TLS configuration problem

    TLS is required, but was not offered by host HOST[ADDRESS]

    TLS is required, but our TLS engine is unavailable

BUGS
    No server ever speaks TLS, even where master.cf has a tlsmgr.  Of a policy only the level counts, whatever
    else can be understood of it, and of smtp_tls_per_site only whether it can be asked.

SEE ALSO
    TLS_README, tlsmgr(8)
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from simmail.postfix.delivery import Dsn
from simmail.postfix.smtp.tls_policy import Policy, read_policy
from simmail.postfix.start_checks import NO_TLSMGR, check_level
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp

NONE = "none"
MISCONFIGURED = Dsn("4.7.5", "", "client TLS configuration problem")
UNKNOWN = Dsn("4.3.0", "", "Temporary lookup error")
STRICT = frozenset({"encrypt", "dane-only", "fingerprint", "verify", "secure"})


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
        self._client = client
        self._validates = str(config[f"{prefix}_dns_support_level"]).lower() == "dnssec"
        self._matches = bool(config[f"{prefix}_tls_fingerprint_cert_match"])
        asks = bool(config[f"{prefix}_tls_policy_maps"] or config[f"{prefix}_tls_per_site"])
        #: Whether a server may not be called at all.
        self.asks = asks or bool(self._lack("", self._level, False))
        if (self._level != NONE or asks) and client.system.service("tlsmgr") is None:
            client.opens_with("warning", *NO_TLSMGR)
        self._policies = client.maps(f"{prefix}_tls_policy_maps")
        self._sites = client.maps(f"{prefix}_tls_per_site")
        self.notes_offers: bool = config[f"{prefix}_tls_note_starttls_offer"]
        heeds_offers = self._level in STRICT or (self._level == NONE and self.notes_offers)
        self.idle = not (self._policies or heeds_offers)
        self._prefix = prefix

    def level(self, nexthop: str) -> str:
        """The security level of a nexthop, `domain` or `[host]:port`."""
        if self._policies:
            with suppress(LookupFailure):
                words = (self._policy(nexthop) or self._level).replace(",", " ").split()
                return words[0].lower() if words else NONE
        return self._level

    def trouble(self, nexthop: str, host: str) -> Dsn | None:
        """Why a server is not even called: what tables have of it cannot be used; None where that is not so.

        Args:
            nexthop: `domain` or `[host]:port`.
            host: the server's name.
        """
        policy, why = Policy(self._level), MISCONFIGURED
        title = f"{self._prefix}_tls_policy_maps," if self._policies else f"{self._prefix}_tls_per_site:"
        where = f'{title} next-hop destination "{nexthop}"'
        try:
            if self._policies:
                fault = "policy table lookup error"
                found = self._policy(nexthop)
                policy = (
                    policy if found is None else read_policy(found, where, self._client.system.machine.files.exists)
                )
            else:
                fault, why = "per-site table lookup error", UNKNOWN
                self._sites.find(nexthop)
        except LookupFailure:
            policy = Policy(NONE, (f"{where}: {fault}",), usable=False)
        if policy.usable and (lack := self._lack(nexthop, policy.level, policy.matches)):
            policy, why = policy._replace(says=(*policy.says, lack), usable=policy.level == "dane"), MISCONFIGURED
        for text in policy.says:
            self._client.warn("warning", text)
        if policy.usable:
            return None
        self._client.warn("warning", f"TLS policy lookup for {nexthop}/{host}: {why.reason}")
        return why

    def _lack(self, nexthop: str, level: str, matches: bool) -> str:
        """What is missing for a level; "" for nothing.  Without validated names `dane` is as good as `may`."""
        if level in ("dane", "dane-only") and not self._validates:
            return f"{nexthop}: {level} configured with dnssec lookups disabled"
        if level == "fingerprint" and not (matches or self._matches):
            lack = "configured at fingerprint security level, but with no fingerprints to match."
            return f"nexthop domain {nexthop}: {lack}"
        return ""

    def _policy(self, nexthop: str) -> str | None:
        """What a table has for a nexthop; None for nothing.

        Raises:
            LookupFailure: where the table cannot tell.
        """
        keys = [nexthop]
        if not nexthop.startswith("["):
            labels = nexthop.split(".")
            keys += ["." + ".".join(labels[start:]) for start in range(1, len(labels))]
        for key in keys:
            value = self._policies.find(key)
            if value is not None:
                return value
        return None
