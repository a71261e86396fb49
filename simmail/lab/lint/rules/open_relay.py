"""An open relay: shown by a session in which a stranger's mail for another stranger is accepted."""

from __future__ import annotations

from collections.abc import Iterator

from simmail.lab.explain.aftermath import aftermath
from simmail.lab.explain.play import Mail, Played, Player
from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Parsed
from simmail.lab.lint.rules.access import FORGEABLE
from simmail.mail.errors import Location
from simmail.postfix.resolved import AddressClass
from simmail.postfix.system import MailSystem

#: Clients from all over the world, two of them in networks that are for documentation.
STRANGERS = ("198.51.100.66", "203.0.113.66", "9.66.66.66", "66.66.66.66", "130.66.66.66", "2001:db8:66::66")
SENDER, RECIPIENT = "stranger@third.example", "victim@fourth.example"
HELO = "pc.third.example"

OPEN = Kind(
    "error", "open-relay",
    "{client} may send from <{sender}> to <{recipient}>{helo}: {reply}. Spammers find that within hours, and "
    "blocklists soon after.",
    "{because}",
    "Let only mynetworks and users who log in relay: smtpd_relay_restrictions = permit_mynetworks, "
    "permit_sasl_authenticated, reject_unauth_destination; and keep mynetworks small.",
    "SMTPD_ACCESS_README",
)  # fmt: skip


def open_relay(host: Parsed) -> Iterator[Finding]:
    """A stranger's mail for another stranger that is accepted; the first that is found."""
    own = set(host.machine.addresses)
    system: MailSystem | None = None
    for mail in _attempts(host):
        if mail.address in own:
            continue
        played = Player(host.place, mail, {}, system).play()
        system = None if played.learnt else played.system
        if played.fatal:
            return
        if not played.refused and _leaves(host, mail, played):
            yield _finding(host, mail, played)
            return


def _attempts(host: Parsed) -> Iterator[Mail]:
    """What is tried: plain, with senders and HELO names that the tables know, with routes through our domains."""
    domain = next((word for word in host.words("mydestination") if "." in word), host.told("mydomain"))
    senders = (SENDER, "", f"postmaster@{domain}", *_keys(host, FORGEABLE[0]))
    for client in STRANGERS:
        for sender in senders:
            yield Mail(client, "unknown", HELO, sender, RECIPIENT)
    for helo in (host.told("myhostname"), *_keys(host, FORGEABLE[1])):
        yield Mail(STRANGERS[0], "unknown", helo, SENDER, RECIPIENT)
    user, _, far = RECIPIENT.partition("@")
    for routed in (
        f"{user}%{far}@{domain}",
        f'"{RECIPIENT}"@{domain}',
        f"@{domain}:{RECIPIENT}",
        f"{far}!{user}@{domain}",
    ):
        yield Mail(STRANGERS[0], "unknown", HELO, SENDER, routed)


def _keys(host: Parsed, restriction: str) -> Iterator[str]:
    """Names and addresses that the tables of a restriction know."""
    for item in host.all_items():
        if item.name != restriction:
            continue
        for line in host.entries(item.argument.removeprefix("proxy:"))[:20]:
            key = line.key.lstrip(".")
            if restriction == FORGEABLE[0] and "@" not in key:
                key = f"ceo@{key}"
            elif key.endswith("@"):
                key += "third.example"
            if " " not in key and "/" not in key and not key.startswith("<"):
                yield key


def _leaves(host: Parsed, mail: Mail, played: Played) -> bool:
    after = aftermath(host.place, mail, played)
    return after is not None and any(
        d.address_class == AddressClass.DEFAULT.value and d.transport not in ("error", "discard", "local")
        for d in after.destinations
    )


def _finding(host: Parsed, mail: Mail, played: Played) -> Finding:
    reason = played.reason
    lists = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions", "mynetworks")
    places: list[Location] = [host.where(name) for name in lists if host.is_set(name)] or [host.where("myhostname")]
    because = "No rule refuses it."
    if reason is not None and reason.where:
        rule = Location(reason.file, reason.line)
        places = [rule]
        because = f"{reason.restriction} in {reason.parameter} permits it."
    elif reason is not None:
        because = f"{reason.restriction} permits it."
    if reason is not None and reason.restriction == "permit_mynetworks":
        places = [host.where("mynetworks", "mynetworks_style")]
        because = f"permit_mynetworks permits it: mynetworks = {host.told('mynetworks')}."
    if reason is not None and reason.entry:
        file, _, line = reason.entry.rpartition(":")
        if line.isdigit():
            places = [places[0], Location(file, int(line))]
    helo = "" if mail.helo == HELO else f", if it says HELO {mail.helo}"
    return OPEN.at(
        places[0], *places[1:], client=mail.address, sender=mail.sender, recipient=mail.recipient, helo=helo,
        reply=played.reply, because=because,
    )  # fmt: skip


RULES = (open_relay,)
