"""Who this host is, where its mail goes, and who hears it: names, relayhost, interfaces, encryption."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Parsed
from simmail.mail.errors import Fatal
from simmail.postfix.smtp.destination import parse

#: smtp_tls_security_level's values that never do without encryption.
ENFORCED = ("encrypt", "dane-only", "fingerprint", "verify", "secure")
LOOPBACK = ("loopback-only", "localhost", "127.0.0.1")

MYHOSTNAME = Kind(
    "error", "hostname-not-fqdn",
    "Other servers refuse this one: 504 5.5.2 <{name}>: Helo command rejected: need fully-qualified hostname.",
    "myhostname is what this host says in HELO, and it has no dot in it.",
    "Write a name with a domain that leads to this host, as in myhostname = mail.example.org.",
    "postconf(5)",
)  # fmt: skip
MYORIGIN = Kind(
    "error", "origin-not-fqdn",
    "Mail of local users and programs is refused elsewhere: 504 5.5.2 <root@{name}>: need fully-qualified address.",
    "myorigin is put behind addresses without a domain, and {name} is a domain for nobody else.",
    "Write myorigin = $mydomain.",
    "postconf(5)",
)  # fmt: skip
NO_FILE = Kind(
    "error", "origin-file-missing",
    "Nothing starts, and sendmail dies, too: fatal: {file}: cannot open file.",
    "myorigin names a file, and there is none.",
    "Write the domain into {file}, or write myorigin = $mydomain.",
    "postconf(5)",
)  # fmt: skip
HOME = Kind(
    "error", "relayhost-home",
    "Mail for elsewhere never leaves: it is put off (4.3.5), returned as a loop (5.4.6), or Postfix does not run.",
    "relayhost = {relayhost} is this host itself: {because}.",
    "Name the server that is to pass mail on, as in relayhost = [smtp.provider.example]; or leave it empty.",
    "postconf(5)",
)  # fmt: skip
CIRCLE = Kind(
    "error", "relayhost-circle",
    "Mail for elsewhere goes to {other} and comes back, until 554 5.4.0 Error: too many hops.",
    "relayhost = {relayhost} there, and this host is its relayhost.",
    "Let one of the two deliver by itself.",
    "postconf(5)",
)  # fmt: skip
UNREADABLE = Kind(
    "error", "relayhost-unreadable",
    "Mail for elsewhere waits: smtp(8) dies as soon as it comes to `{word}`.",
    "It ends with `fatal: {said}`.",
    "Write a domain, or [HOST]:PORT, as in relayhost = [smtp.provider.example]:587.",
    "postconf(5)",
)  # fmt: skip
BRACKETS = Kind(
    "note", "relayhost-without-brackets",
    "Mail for elsewhere goes to the MX of {name}, and to {name} itself only where it has none.",
    "Without brackets relayhost is a domain, whose MX is looked up.",
    "Write [{name}] to mean that host.",
    "postconf(5)",
)  # fmt: skip
DEAF = Kind(
    "error", "deaf-mx",
    "Other servers hear Connection refused, and keep mail for {domains} for days; the log here stays empty.",
    "inet_interfaces = {value} listens to this machine alone, though it takes mail for a domain.",
    "Write inet_interfaces = all.",
    "postconf(5)",
)  # fmt: skip
NULL_CLIENT = Kind(
    "error", "null-client",
    "Mail for this host's own domain waits in the queue: its MX does not answer, or loops back.",
    "mydestination is empty, so nothing is delivered here, and no relayhost takes it.",
    "Write relayhost = [mail.example.org], or list what is to be delivered here.",
    "STANDARD_CONFIGURATION_README",
)  # fmt: skip
ENCRYPT_OUT = Kind(
    "warning", "encryption-enforced",
    "Mail to servers without TLS waits and is returned after days: TLS is required, but was not offered.",
    "{name} = {value} holds for all servers of the world.",
    "Write {name} = may, and name the servers that must encrypt in smtp_tls_policy_maps.",
    "TLS_README",
)  # fmt: skip
ENCRYPT_IN = Kind(
    "warning", "encryption-demanded",
    "Servers without TLS hear 530 5.7.0 Must issue a STARTTLS command first.",
    "{name} = {value} holds for the public port 25, where RFC 2487 forbids it.",
    "Write {name} = may, and encrypt for the submission service in master.cf.",
    "TLS_README",
)  # fmt: skip


def names(host: Parsed) -> Iterator[Finding]:
    """myhostname and myorigin that mean nothing elsewhere."""
    name = host.told("myhostname")
    if host.is_set("myhostname") and "." not in name.strip("."):
        yield MYHOSTNAME.at(host.where("myhostname"), name=name)
    origin = host.told("myorigin")
    if not host.is_set("myorigin"):
        return
    if origin.startswith("/"):
        if not host.machine.files.exists(origin):
            yield NO_FILE.at(host.where("myorigin"), file=origin)
            return
        origin = host.machine.files.read(origin).partition("\n")[0].strip()
    if "." not in origin or origin.startswith("localhost."):
        yield MYORIGIN.at(host.where("myorigin"), name=origin)


def _next_hop(relayhost: str) -> tuple[str, bool]:
    """The host that relayhost names, without its port, and whether it stands in brackets."""
    if relayhost.startswith("["):
        return relayhost[1:].partition("]")[0].removeprefix("IPv6:"), True
    return relayhost.partition(":")[0], False


def _addresses(host: Parsed, name: str) -> set[str]:
    """The addresses of a name, as far as the world around tells."""
    try:
        return {str(ipaddress.ip_address(name))}
    except ValueError:
        pass
    names = host.place.names
    return {record.data for record in names.lookup(name, "A").records} if names is not None else set()


def _own(host: Parsed, name: str, bracketed: bool) -> str:
    """Why a name is this host's own; "" where it is not."""
    own = {host.told("myhostname").lower(), *host.machine.addresses, "localhost", "127.0.0.1"}
    if name.lower() in own:
        return f"{name} is its own name or address"
    destinations = {word.lower() for word in host.words("mydestination")}
    if name.lower() in destinations and not bracketed:
        return f"mydestination lists {name}"
    if _addresses(host, name) & set(host.machine.addresses):
        return f"{name} has its address"
    mailers = host.place.names.lookup(name, "MX").records if host.place.names is not None and not bracketed else ()
    if any(_addresses(host, record.data) & set(host.machine.addresses) for record in mailers):
        return f"the MX of {name} is this host"
    return ""


def relayhost(host: Parsed) -> Iterator[Finding]:
    """A relayhost that smtp(8) cannot read, is this host, sends everything back, or is looked up by MX."""
    value = host.told("relayhost").split()
    if not value or any(word.startswith("#") for word in value):
        return
    where = host.where("relayhost")
    for word in (given for given in value if given.strip(",")):
        try:
            parse(word.strip(","), "smtp")
        except Fatal as fatal:
            yield UNREADABLE.at(where, word=word.strip(","), said=fatal.text)
            return
    name, bracketed = _next_hop(value[0].rstrip(","))
    because = _own(host, name, bracketed)
    if because:
        yield HOME.at(where, relayhost=value[0], because=because)
        return
    yield from _circle(host, name)
    if not bracketed and name:
        yield BRACKETS.at(where, name=name)


def _circle(host: Parsed, name: str) -> Iterator[Finding]:
    """A next hop whose own next hop is this host."""
    if host.place.names is None:
        return
    wanted = _addresses(host, name)
    for record in host.place.names.lookup(name, "MX").records:
        wanted |= _addresses(host, record.data)
    for other in host.place.host.world.hosts.values():
        if other.master is None or not wanted & set(other.machine.addresses):
            continue
        there = Parsed(type(host.place)(other, host.place.names, False, None, False, []))
        back, bracketed = _next_hop((there.told("relayhost").split() or [""])[0])
        if back and _own(host, back, bracketed):
            yield CIRCLE.at(host.where("relayhost"), other=other.name, relayhost=there.told("relayhost"))


def interfaces(host: Parsed) -> Iterator[Finding]:
    """A server for a domain that listens to itself alone; a null client that sends nowhere."""
    own = {host.told("myhostname").lower(), "localhost"}
    destinations = [w.lower() for w in host.words("mydestination") if not w.startswith("localhost.")]
    others = [w for name in ("virtual_mailbox_domains", "relay_domains") for w in host.words(name)]
    domains = [word for word in (*destinations, *others) if word not in own]
    listens = host.words("inet_interfaces")
    deaf = bool(listens) and all(word in LOOPBACK or word in ("::1", "[::1]") for word in listens)
    if deaf and domains and host.is_set("inet_interfaces"):
        yield DEAF.at(host.where("inet_interfaces"), domains=", ".join(domains), value=host.told("inet_interfaces"))
    delivers = destinations or others or host.words("virtual_alias_domains")
    if host.is_set("mydestination") and not delivers and not host.told("relayhost") and not host.told("transport_maps"):
        yield NULL_CLIENT.at(host.where("mydestination"))


def encryption(host: Parsed) -> Iterator[Finding]:
    """Encryption that is demanded of the whole world."""
    out, inside = "smtp_tls_security_level", "smtpd_tls_security_level"
    if host.told(out) in ENFORCED and not host.told("relayhost"):
        yield ENCRYPT_OUT.at(host.where(out), name=out, value=host.told(out))
    elif host.on("smtp_enforce_tls") and not host.told("relayhost"):
        yield ENCRYPT_OUT.at(host.where("smtp_enforce_tls"), name="smtp_enforce_tls", value="yes")
    if host.told(inside) == "encrypt" and host.words("mydestination"):
        yield ENCRYPT_IN.at(host.where(inside), name=inside, value="encrypt")


RULES = (names, relayhost, interfaces, encryption)
