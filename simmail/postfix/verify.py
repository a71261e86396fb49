"""NAME
    verify - address verification

DESCRIPTION
    Tells smtpd(8) whether an address takes mail.  For one that it does not know, or whose result is old, it sends a
    probe: a message that goes the way of all mail up to where it would be delivered, and no further.  What comes of it
    is kept, that somebody else need not wait.

PARAMETERS
    address_verify_map, address_verify_sender, address_verify_negative_cache, address_verify_*_refresh_time,
    address_verify_*_expire_time

DIAGNOSTICS
    cache btree:/var/lib/postfix/verify_cache full cleanup: retained=0 dropped=0 entries

    status=undeliverable-but-not-cached

BUGS
    Results live as long as the world does, whatever address_verify_map says, are cleaned up unseen, and stand in no
    file.  The sender of probes does not change with time (address_verify_sender_ttl).

    A probe that refreshes what is known, and the queue file of who asked, are begun in an order that in life is left to
    chance: behind a recipient's probe the file mostly comes first where his domain needs no table, here it always does.

SEE ALSO
    ADDRESS_VERIFICATION_README, verify(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Detach, Level
from simmail.postfix.delivery import PROBE, Result, Status
from simmail.postfix.post_mail import post_mail, probe_sender
from simmail.postfix.program import Program

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

#: How long a probe may be under way before another is sent, seconds.
PROBE_S = 1000.0


class Verdict(NamedTuple):
    """What is known of an address.

    Args:
        status: `ok`, `bounce` (it failed for good), `defer` (it failed for now), `todo` (nobody knows yet).
        text: what the last agent said.
        updated: when that was, seconds.
        probed: when the last probe was sent, seconds; 0 where none is under way.
    """

    status: str
    text: str = ""
    updated: float = 0.0
    probed: float = 0.0


#: Under this key the cache keeps when it was cleaned up last, which is done every twelve hours.
CLEANED, CLEANUP_S = "_last_cache_cleanup_completed_", 43200.0
UNKNOWN = Verdict("todo", "Address verification in progress")


class Verify(Program):
    """Keeps what probes have found."""

    command = "verify"
    process_limit = 1

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        name = config.text("address_verify_map")
        #: In memory it ends with the process; in a file it goes on, and is cleaned up at its time.
        self._found: dict[str, Verdict] = system.spool.verified if name else {}
        self.sender = probe_sender(config)
        self._remembers_failures: bool = config["address_verify_negative_cache"]
        self._refresh = {True: config["address_verify_positive_refresh_time"],
                         False: config["address_verify_negative_refresh_time"]}  # fmt: skip
        self._expire = {True: config["address_verify_positive_expire_time"],
                        False: config["address_verify_negative_expire_time"]}  # fmt: skip
        if CLEANED not in self._found or self.made - self._found[CLEANED].updated > CLEANUP_S:
            kept = sum(key != CLEANED for key in self._found)
            shown = name or "internal:verify"
            self.warn("text", f"cache {shown} full cleanup: retained={kept} dropped=0 entries")
            self._found[CLEANED] = Verdict("", updated=self.made)

    def ask(self, address: str, at_once: bool) -> Decision[Verdict]:
        """What is known of an address; a probe is sent where that is too little.

        Args:
            address: which, in internal form.
            at_once: whether who asked does what comes next sooner than a probe can be sent that only refreshes.
        """
        now = yield Level()
        yield from self.spoken()
        known: Verdict = self._found.get(address, UNKNOWN)
        good = known.status == "ok"
        age = now - known.updated
        if known.status == "todo" or age > self._expire[good]:
            known, stale = UNKNOWN._replace(probed=known.probed), True
        else:
            stale = age > self._refresh[good]
        if stale and (not known.probed or now - known.probed > PROBE_S):
            if self._remembers_failures:
                self._found[address] = known._replace(probed=max(now, 1e-9))
            probe = self._probe(address)
            if at_once or known.status == "todo":  # who does not know yet asks again in a while
                yield Detach(probe)
            else:
                yield from probe
        return known

    def _probe(self, address: str) -> Decision[int]:
        try:
            yield from post_mail(self, self.sender, address, (), source="verify", trace=PROBE)
        except Fatal as fatal:
            yield self.note("fatal", "", fatal.text)
            self.system.deaths.mourn(self.service.name, self.service.type, (yield Level()))
            self.system.dismiss(self.service.name)
        return 0

    def update(self, results: list[Result], now: float) -> None:
        """Keep what became of a probe, for the address that was asked about and for the one that it led to."""
        for result in results:
            if result.status is Status.UNCACHED:
                continue
            good = result.status is Status.DELIVERABLE
            status = "ok" if good else "bounce" if result.dsn.status[:1] == "5" else "defer"
            recipient, verdict = result.recipient, Verdict(status, result.dsn.reason, now)
            self._found[recipient.original or recipient.address] = self._found[recipient.address] = verdict
