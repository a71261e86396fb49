"""NAME
    smtp.tls - what the SMTP client does about TLS, where there is none

DESCRIPTION
    A client that is to use TLS asks tlsmgr(8) for randomness as it starts; without that service it has no TLS, and
    says so.  Mail for a site that must have it waits, other mail goes in the clear.  A server whose policy cannot be
    looked up, or is none, is not even called.

PARAMETERS
    smtp_tls_security_level, smtp_tls_policy_maps, smtp_tls_per_site, smtp_use_tls, smtp_enforce_tls,
    smtp_tls_note_starttls_offer, smtp_tls_wrappermode

DIAGNOSTICS
    warning: no entropy for TLS key generation: disabling TLS support

    warning: smtp_tls_policy_maps, next-hop destination "NEXTHOP": policy table lookup error
    warning: DOMAIN: dane configured with dnssec lookups disabled
    warning: nexthop domain DOMAIN: configured at fingerprint security level, but with no fingerprints to match.
    warning: smtp_tls_per_site: unknown TLS policy 'WORD' for next-hop destination NEXTHOP
    warning: TLS policy lookup for NEXTHOP/HOST: client TLS configuration problem
        or `no TLSA records found`, or `non DNSSEC destination` where the host is known by an MX record

    TLS is required, but was not offered by host HOST[ADDRESS]

    TLS is required, but our TLS engine is unavailable

    SSL_connect error to HOST[ADDRESS]:PORT: -1

BUGS
    No server ever speaks TLS, even where master.cf has a tlsmgr: whoever speaks it from the first octet on hears
    plain text.  Of a policy only the level counts, whatever else can be understood of it.

    No answer from DNS is signed.  A client at the level `dane` asks for signed ones in life, and warns if it gets none
    (`DNSSEC validation may be unavailable`); here it does where smtp_dns_support_level asks for them.

SEE ALSO
    TLS_README, tlsmgr(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.mail.errors import Fatal
from simmail.mail.questions import Close, Decision
from simmail.postfix.delivery import Dsn
from simmail.postfix.smtp.addresses import Host
from simmail.postfix.smtp.tls_policy import Policy, read_policy
from simmail.postfix.start_checks import NO_TLSMGR, check_level
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtp.attempt import Attempt
    from simmail.postfix.smtp.client import Smtp

NONE = "none"
MISCONFIGURED = Dsn("4.7.5", "", "client TLS configuration problem")
NOT_SIGNED = Dsn("4.7.5", "", "non DNSSEC destination")
NO_HANDSHAKE = Dsn("4.7.5", "", "Cannot start TLS: handshake failure")
WRONG_VERSION = "error:0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:350:"
NO_TLSA = Dsn("4.7.5", "", "no TLSA records found")
UNKNOWN = Dsn("4.3.0", "", "Temporary lookup error")
STRICT = frozenset({"encrypt", "dane-only", "fingerprint", "verify", "secure"})
#: What smtp_tls_per_site is asked about, as the log calls it.
SITES = ("next-hop destination", "server hostname")
#: What it may have, in lower case, and the level that is meant; and these levels, each to give way to the next.
PER_SITE = {"may": "may", "none": NONE, "must_nopeermatch": "encrypt", "must": "verify"}
_GIVING_WAY = ("", *PER_SITE.values())


class Tls:
    """The TLS policies of one client.

    Args:
        client: whose they are.

    Attributes:
        wraps: whether TLS begins before the greeting.
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
        self.wraps: bool = config[f"{prefix}_tls_wrappermode"]
        self._validates = str(config[f"{prefix}_dns_support_level"]).lower() == "dnssec"
        self._matches = bool(config[f"{prefix}_tls_fingerprint_cert_match"])
        asks = bool(config[f"{prefix}_tls_policy_maps"] or config[f"{prefix}_tls_per_site"])
        #: Whether a server may not be called at all.
        self.asks = asks or self._level == "dane-only" or bool(self._lack("", self._level, False))
        if (self._level != NONE or asks) and client.system.service("tlsmgr") is None:
            client.opens_with("warning", *NO_TLSMGR)
        self._policies = client.maps(f"{prefix}_tls_policy_maps")
        self._sites = client.maps(f"{prefix}_tls_per_site")
        self.notes_offers: bool = config[f"{prefix}_tls_note_starttls_offer"]
        heeds_offers = self._level in STRICT or (self._level == NONE and self.notes_offers)
        self.idle = not (self._policies or self._sites or heeds_offers)

    def level(self, nexthop: str, host: Host) -> str:
        """The security level of a server of a nexthop, `domain` or `[host]:port`."""
        return self._policy(nexthop, host)[0].level

    def trouble(self, nexthop: str, host: Host) -> Dsn | None:
        """Why a server is not even called: what tables have of it cannot be used; None where that is not so.

        Args:
            nexthop: `domain` or `[host]:port`.
            host: the server.
        """
        policy, why = self._policy(nexthop, host)
        if policy.usable and (lack := self._lack(nexthop, policy.level, policy.matches)):
            policy, why = policy._replace(says=(*policy.says, lack), usable=policy.level == "dane"), MISCONFIGURED
        elif policy.usable and policy.level == "dane-only":
            policy, why = policy._replace(usable=False), NOT_SIGNED if host.by_mx else NO_TLSA
        for text in policy.says:
            self._client.warn("warning", text)
        if policy.usable:
            return None
        self._client.warn("warning", f"TLS policy lookup for {nexthop}/{host.name}: {why.reason}")
        return why

    def _policy(self, nexthop: str, host: Host) -> tuple[Policy, Dsn]:
        """The policy for a server; why it is not called where that cannot be followed."""
        if self._policies:
            return self._by_nexthop(nexthop), MISCONFIGURED
        return self._by_site(nexthop, host.name) if self._sites else (Policy(self._level), MISCONFIGURED)

    def _by_nexthop(self, nexthop: str) -> Policy:
        """What smtp_tls_policy_maps has of a nexthop."""
        where = f'{self._policies.title}, next-hop destination "{nexthop}"'
        try:
            found = self._entry(nexthop)
        except LookupFailure:
            return Policy(NONE, (f"{where}: policy table lookup error",), usable=False)
        if found is None:
            return Policy(self._level)
        return read_policy(found, where, self._client.system.machine.files.exists)

    def _by_site(self, nexthop: str, host: str) -> tuple[Policy, Dsn]:
        """What smtp_tls_per_site has of a nexthop and of a server; the stricter of the two, but NONE before MAY."""
        title, wanted = self._sites.title, ""
        for kind, name in zip(SITES, (nexthop,) if host == nexthop else (nexthop, host), strict=False):
            try:
                found = self._sites.find(name)
            except LookupFailure:
                return Policy(NONE, (f'{title}: {kind} "{name}": per-site table lookup error',), usable=False), UNKNOWN
            if found is None:
                continue
            level = PER_SITE.get(found.lower())
            if level is None:
                said = f"{title}: unknown TLS policy '{found}' for {kind} {name}"
                return Policy(NONE, (said,), usable=False), MISCONFIGURED
            wanted = max(wanted, level, key=_GIVING_WAY.index)
        stays = not wanted or (wanted != NONE and self._level in STRICT)
        return Policy(self._level if stays else wanted), MISCONFIGURED

    def shake_hands(self, attempt: Attempt, connection: Any) -> Decision[bool]:
        """Speak TLS before anything else, which no server here does: False, as whether mail can be sent.

        Raises:
            Fatal: without tlsmgr(8) the client dies of signal 11, and says nothing.
        """
        if self._client.system.service("tlsmgr") is None:
            yield Close(connection)
            raise Fatal("")
        yield self._client.note("text", "", f"SSL_connect error to {attempt.relay}: -1")
        yield self._client.note("warning", "", f"TLS library problem: {WRONG_VERSION}")
        yield from attempt.all_failed(NO_HANDSHAKE, True)
        return False

    def _lack(self, nexthop: str, level: str, matches: bool) -> str:
        """What is missing for a level; "" for nothing.  Without validated names `dane` is as good as `may`."""
        if level in ("dane", "dane-only") and not self._validates:
            return f"{nexthop}: {level} configured with dnssec lookups disabled"
        if level == "fingerprint" and not (matches or self._matches):
            lack = "configured at fingerprint security level, but with no fingerprints to match."
            return f"nexthop domain {nexthop}: {lack}"
        return ""

    def _entry(self, nexthop: str) -> str | None:
        """What a table of policies has for a nexthop; None for nothing.

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
