"""The DNS that kinds of mail are played with: made for them, over that of a world if there is one."""

from __future__ import annotations

from simmail.dns.zones import Zones
from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.hostnames import reverse_name
from simmail.postfix.host_lookup import family


class Names(Zones):
    """Zones that are made up while kinds of mail are.

    Args:
        under: what answers where nothing was made up; None for nobody.
    """

    def __init__(self, under: Zones | None) -> None:
        super().__init__()
        self.under = under

    def lookup(self, name: str, type: str) -> DnsAnswer:
        """What is made up, or what the world says."""
        found = super().lookup(name, type)
        if found.status == "nxdomain" and self.under is not None:
            return self.under.lookup(name, type)
        return found

    def host(self, name: str, address: str, *, back: bool = True) -> None:
        """A host with a name; `back`: whether the name leads to its address again."""
        self.add(DnsRecord(reverse_name(address), "PTR", name))
        if back:
            self.add(DnsRecord(name, family(address), address))

    def domain(self, name: str) -> None:
        """A domain that takes mail."""
        if super().lookup(name, "MX").status == "nxdomain":
            self.add(DnsRecord(name, "MX", f"mx.{name}", preference=10))
            self.add(DnsRecord(f"mx.{name}", "A", "198.51.100.200"))

    def listed(self, subject: str, domain: str, answer: str) -> None:
        """An entry in a blocklist.

        Args:
            subject: an address, or a name.
            domain: the list's.
            answer: the address that it answers; `servfail` for none at all.
        """
        octets = subject.split(".")
        is_address = all(octet.isdigit() for octet in octets)
        name = f"{'.'.join(reversed(octets)) if is_address else subject}.{domain}"
        if answer == "servfail":
            self.faults[name] = answer
            return
        self.add(DnsRecord(name, "A", answer))
        self.add(DnsRecord(name, "TXT", f"listed for this comparison as {answer}"))
