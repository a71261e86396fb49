"""The kinds of mail that are tried: a standard mix of traffic, and what two configurations mention."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from simmail.dns.zones import Zones
from simmail.lab.diff.mail import PLAIN, Client, Content, KindOfMail, Value
from simmail.lab.diff.mentions import Mentions
from simmail.lab.diff.names import Names
from simmail.mail.answers import DnsRecord

#: Where the standard mix comes from.
GOOD, HOME, NAMELESS, ASTRAY, SLOW = "198.51.100.5", "203.0.113.77", "203.0.113.13", "203.0.113.14", "203.0.113.15"
#: The first of the addresses that get into blocklists.
LISTED = ipaddress.IPv4Address("203.0.113.100")
THIRD = Value("somebody elsewhere", "victim@fourth.example")
HELOS = (
    Value("a bare name", "winpc"), Value("no name at all", ""), Value("a name with bad characters", "bad_name.-x"),
    Value("an address without brackets", "203.0.113.77"), Value("an address in brackets", "[203.0.113.77]"),
    Value("a name that does not exist", "no-such-host.example"), Value("a good name", "mx.elsewhere.example"),
)  # fmt: skip
SENDERS = (
    Value("the null sender", ""), Value("a domain that does not exist", "offers@no-such-domain.example"),
    Value("a domain with an address only", "kim@a-only.example"), Value("a domain with a null MX", "x@nullmx.example"),
    Value("a domain whose DNS fails", "x@servfail.example"), Value("no domain", "bob"),
    Value("a bare domain", "bob@pc"), Value("a good domain", "ann@elsewhere.example"),
)  # fmt: skip


def _mime(*headers: str) -> tuple[str, ...]:
    return (
        "Subject: see the attachment", "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b1"', "", "--b1",
        "Content-Type: text/plain", "", "Hello", "--b1", *headers, "", "AAAA", "--b1--",
    )  # fmt: skip


CONTENTS = (
    *(
        Content(f"an attachment {name}", _mime(f'Content-Type: application/octet-stream; name="{name}"'))
        for name in ("game.exe", "photos.zip", "love.txt.vbs", "prices from acme.com")
    ),
    Content("a line of prose that names a file", ("Subject: x", "", 'write name="game.exe"')),
)


class Universe:
    """The kinds of mail that two configurations are compared by.

    Args:
        mentions: what they mention.
        under: what answers for names besides; None for nobody.

    Attributes:
        names: the DNS that they are played with.
    """

    def __init__(self, mentions: Mentions, under: Zones | None) -> None:
        self.mentions = mentions
        self.names = Names(under)
        self.domains = mentions.domains()
        self.local = self.domains[0] if self.domains else "localhost"
        self._standard_names()
        self.strangers = self._strangers()
        self.inside = self._inside()
        self.special = [*self._listed(), *self._named()]
        self.helos = (*HELOS, *(Value(f"{text}, which is mentioned", text) for text in self._own_helos()))
        self.senders = (*SENDERS, *self._own_senders())
        self.recipients = self._recipients()
        self.contents = (*CONTENTS, *self._own_contents())

    def _standard_names(self) -> None:
        names = self.names
        for domain in ("elsewhere.example", "isp.example", "fourth.example", "listed.example"):
            names.domain(domain)
        names.host("mx.elsewhere.example", GOOD)
        names.host("dsl-77.pool.isp.example", HOME)
        names.host("liar.elsewhere.example", ASTRAY, back=False)
        names.faults["15.113.0.203.in-addr.arpa"] = "servfail"
        names.faults["servfail.example"] = "servfail"
        names.add(DnsRecord("a-only.example", "A", "198.51.100.201"))
        names.add(DnsRecord("nullmx.example", "MX", "", preference=0))
        for domain in self.domains:
            names.domain(domain)

    def _strangers(self) -> list[Client]:
        return [
            Client("an honest mail server", GOOD, "mx.elsewhere.example", "ann@elsewhere.example"),
            Client("a home PC that sends by itself", HOME, "winpc", "kim@isp.example"),
            Client("a client without a name", NAMELESS, "mail.isp.example", "kim@isp.example"),
            Client("a client whose name leads elsewhere", ASTRAY, "liar.elsewhere.example", "kim@isp.example"),
            Client("a client whose name cannot be looked up", SLOW, "mail.isp.example", "kim@isp.example"),
            Client("a client from the other half of the world", "9.66.66.66", "mail.isp.example", "kim@isp.example"),
        ]

    def _inside(self) -> list[Client]:
        sender = f"{self._users()[0]}@{self.local}"
        found: list[Client] = []
        for network, address in self.mentions.networks():
            if not found or address not in {client.address for client in found}:
                found.append(Client(f"a PC in {network}", address, "bobs-pc", sender))
        return found

    def _listed(self) -> Iterator[Client]:
        """Clients on each blocklist: with an answer that counts, with one that does not, without an answer."""
        number = 0
        for _, asked in self.mentions.lists():
            for answer in _answers(asked.filter):
                address, number = str(LISTED + number % 150), number + 1
                name = f"host{number}.listed{number}.example"
                self.names.host(name, address)
                self.names.domain(f"listed{number}.example")
                for subject in (address, name, f"listed{number}.example"):
                    self.names.listed(subject, asked.domain, answer)
                told = "cannot answer about" if answer == "servfail" else f"answers {answer} about"
                yield Client(f"a client that {asked.domain} {told}", address, name, f"kim@listed{number}.example")
            for client in self.inside[:1]:
                address, number = str(ipaddress.ip_address(client.address) + 1 + number % 50), number + 1
                self.names.listed(address, asked.domain, _answers(asked.filter)[0])
                label = f"{client.label}, if {asked.domain} lists the whole world"
                yield client._replace(label=label, address=address)

    def _named(self) -> Iterator[Client]:
        for number, name in enumerate(self.mentions.client_names()):
            address, host = f"198.51.100.{120 + number % 80}", f"host.{name}"
            self.names.host(host, address)
            yield Client(f"a client below {name}", address, host, f"kim@{name}")

    def _own_helos(self) -> list[str]:
        return list(dict.fromkeys([*self.mentions.helos(), *self.domains[:3]]))

    def _users(self) -> list[str]:
        return self.mentions.users() or ["postmaster"]

    def _own_senders(self) -> Iterator[Value]:
        user = self._users()[0]
        yield Value("one of our users", f"{user}@{self.local}")
        yield Value("nobody of ours", f"no-such-user@{self.local}")
        for address in self.mentions.senders():
            domain = address.rpartition("@")[2]
            if "." in domain:
                self.names.domain(domain)
            yield Value(f"{address}, which is mentioned", address)

    def _recipients(self) -> list[Value]:
        found = [THIRD, Value("one of our users", f"{self._users()[0]}@{self.local}")]
        for domain in self.domains:
            found.append(Value(f"a user at {domain}", f"{self._users()[0]}@{domain}"))
            found.append(Value(f"nobody at {domain}", f"no-such-user@{domain}"))
            if "." in domain:
                found.append(Value(f"somebody below {domain}", f"x@sub.{domain}"))
        found += [Value(f"{user}, who is mentioned", f"{user}@{self.local}") for user in self._users()]
        found += [Value(f"{text}, which is mentioned", text) for text in self.mentions.recipients()]
        found += [
            Value("a user with an extension", f"{self._users()[0]}+list@{self.local}"),
            Value("a user without a domain", self._users()[0]),
            Value("a bare domain", f"{self._users()[0]}@pc"),
            Value("a way through our domain", f"victim%fourth.example@{self.local}"),
            Value("a domain that does not exist", "x@no-such-domain.example"),
        ]
        first: dict[str, Value] = {}
        for value in found:
            first.setdefault(value.text, value)
        return list(first.values())

    def _own_contents(self) -> Iterator[Content]:
        for parameter, line in self.mentions.lines():
            told = f"a line that {parameter} mentions: {line}"
            if parameter == "body_checks":
                yield Content(told, ("Subject: x", "", line))
            elif parameter != "header_checks":
                yield Content(told, _mime(line if ":" in line else f"X-Header: {line}"))
            else:
                header = line if ":" in line.partition(" ")[0] else f"Subject: {line}"
                yield Content(told, (header, "", "Hello"))
        for size in self.mentions.sizes():
            yield Content(f"{size} octets", ("Subject: big", "", *["x" * 900] * (size // 902 + 1)))

    def kinds(self) -> Iterator[KindOfMail]:
        """Each kind of mail, the plainest first: what is usual, and then one thing after another changed."""
        seen: set[object] = set()
        for kind in self._all():
            key = (kind.client.address, kind.mail.helo, kind.mail.sender, kind.recipient.text, kind.content)
            if key not in seen:
                seen.add(key)
                yield kind

    def _all(self) -> Iterator[KindOfMail]:
        ours, home = self.recipients[1], self.strangers[:2]
        clients = [*self.strangers, *self.inside, *self.special]
        nobody = Value("nobody of ours", f"no-such-user@{self.local}")
        for recipient in (ours, THIRD, nobody):
            yield from (KindOfMail(client, recipient) for client in clients)
        typical = [*self.strangers[:1], *self.inside[:1]]
        for client in typical:
            yield from (KindOfMail(client, recipient) for recipient in self.recipients)
            yield from (KindOfMail(client, ours, sender=sender) for sender in self.senders)
            yield from (KindOfMail(client, THIRD, sender=sender) for sender in self.senders)
        for client in (*home, *self.inside[:1]):
            yield from (KindOfMail(client, ours, helo=helo) for helo in self.helos)
        yield from (KindOfMail(self.strangers[0], THIRD, helo=helo) for helo in self.helos)
        for client in typical:
            yield from (KindOfMail(client, ours, content=content) for content in (PLAIN, *self.contents))


def _answers(wanted: object) -> list[str]:
    """The answers of a list that are tried: one that counts, others that are usual, none."""
    usual = ["127.0.0.2", "127.0.0.10", "127.0.1.2", "127.255.255.254"]
    if wanted is not None:
        fits = [f"127.0.{third}.{last}" for third in (0, 1) for last in range(2, 256)]
        first = next((address for address in fits if wanted.matches(address)), None)  # type: ignore[attr-defined]
        usual = [first, *(a for a in usual if a != first)] if first else usual
    return [*usual, "servfail"]
