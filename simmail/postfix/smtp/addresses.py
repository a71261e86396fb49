"""NAME
    addresses - the hosts that take a domain's mail

DESCRIPTION
    A domain's MX hosts, best preference first, those of one preference in an order that chance gives them at each try,
    as many as have an address; without MX records the domain's own addresses.  A host of ours among them ends the list:
    neither it nor a worse one is tried.

    Names are looked up in DNS, in /etc/hosts and DNS (native), or both in turn.

PARAMETERS
    smtp_host_lookup, smtp_dns_support_level, disable_dns_lookups, ignore_mx_lookup_error,
    smtp_defer_if_no_mx_address_found, smtp_randomize_addresses, smtp_address_preference, smtp_dns_reply_filter,
    smtp_cname_overrides_servername, inet_protocols, inet_interfaces, proxy_interfaces, dnssec_probe, each also as lmtp_

DIAGNOSTICS
    Host or domain name not found. Name service error for name=NAME type=TYPE: Host not found
    Domain NAME does not accept mail (nullMX)
    mail for NAME loops back to myself
    unable to find primary relay for NAME
    no MX host for NAME has a valid address record
    DNSSEC validation may be unavailable
    `Fatal`: config variable proxy_interfaces: host not found: NAME

BUGS
    No DNSSEC: no answer is ever validated, of which each process warns as it starts.  There is no balance between IPv4
    and IPv6.

SEE ALSO
    smtp_addr(3), RFC 5321 section 5
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.errors import Fatal
from simmail.mail.hostnames import valid_address, valid_hostname
from simmail.mail.questions import Decision, Dns, Draw
from simmail.postfix.delivery import Dsn
from simmail.postfix.dns_data import NO_HOST, taken, trouble
from simmail.postfix.host_lookup import NO_ADDRESS, NO_FAMILY, NO_NAME, TRY_AGAIN, family, host_addresses
from simmail.postfix.local_domains import named_proxies, receiving_addresses
from simmail.postfix.own_addresses import address_types, protocols
from simmail.postfix.program import Program
from simmail.postfix.smtp.destination import Target

#: The status codes of what is no passing trouble of the resolver.
STATUS = {"dropped": "4.7.0", "malformed": "5.4.4"}
#: Those of what the system says of a name.
SYSTEM_STATUS = {NO_NAME: "5.4.4", NO_ADDRESS: "5.3.0", NO_FAMILY: "5.3.0", TRY_AGAIN: "4.4.4"}
#: Of several look-ups that found nothing the one with the last of these status codes is told.
WEIGHT = ("5.4.4", "4.4.4", "4.4.3", "4.7.0")
LOOPS = "5.4.6"


class Host(NamedTuple):
    """A server to try: its name, its address, its MX preference; whether it is known by an MX record at all."""

    name: str
    address: str
    preference: int = 0
    by_mx: bool = False


class Found(NamedTuple):
    """What a look-up came to.

    Args:
        hosts: those to try, in order.
        why: what went wrong, at least with the last name looked up; None where nothing did.
        mine: whether this machine is among the domain's MX hosts.
    """

    hosts: tuple[Host, ...] = ()
    why: Dsn | None = None
    mine: bool = False


class Addresses:
    """Finds the hosts of domains.

    Args:
        program: the client.
        prefix: `smtp` or `lmtp`, that of its parameters.

    Attributes:
        uses_dns: whether names are looked up in DNS at all.
        native: whether they are looked up in /etc/hosts, too.
    """

    def __init__(self, program: Program, prefix: str) -> None:
        config = program.config
        self._program = program
        self._own = receiving_addresses(config, program.system.machine)
        #: Names in proxy_interfaces whose addresses nobody has asked for yet.
        self._unknown = named_proxies(config, program.system.machine)
        level = str(config[f"{prefix}_dns_support_level"]).lower()
        if level not in ("", "disabled", "enabled", "dnssec"):
            raise Fatal(f'invalid {prefix}_dns_support_level: "{level}"')
        if level == "dnssec":
            probe = f"dnssec_probe '{config['dnssec_probe']}' received a response that is not DNSSEC validated"
            program.opens_with("warning", "DNSSEC validation may be unavailable", f"reason: {probe}")
        self.uses_dns = level != "disabled" if level else not config["disable_dns_lookups"]
        ways = config.mask(f"{prefix}_host_lookup", ("dns", "native")) if self.uses_dns else {"native"}
        config.mask(f"{prefix}_dns_resolver_options", ("res_defnames", "res_dnsrch"))
        self._dns, self.native = "dns" in ways, "native" in ways
        self._ignore_mx_errors: bool = config["ignore_mx_lookup_error"]
        self._defer_without: bool = config[f"{prefix}_defer_if_no_mx_address_found"]
        #: Whether a host is called what its aliases lead to.
        self._canonical: bool = config[f"{prefix}_cname_overrides_servername"]
        self._random: bool = config[f"{prefix}_randomize_addresses"]
        self._types = address_types(protocols(config.text("inet_protocols")))
        self._preferred = str(config[f"{prefix}_address_preference"]).lower()
        if self._preferred not in ("any", "ipv4", "ipv6"):
            raise Fatal(f"bad {prefix}_address_preference value: {config[f'{prefix}_address_preference']}")
        if self.native:
            program.system.machine.files.watch("/etc/hosts")

    def key(self, target: Target) -> tuple[Any, ...]:
        """What the hosts of a nexthop depend on, besides DNS."""
        return (self, target, self._program.system.machine.files.version if self.native else 0)

    def of_domain(self, domain: str, loops: bool) -> Decision[Found]:
        """The hosts of a domain, by its MX records.

        Args:
            domain: a domain name.
            loops: whether a host of ours is one too many.
        """
        if not valid_hostname(domain):
            return (yield from self.of_host(domain, loops))
        name = self._program.domain_name(domain)
        answer: DnsAnswer = yield Dns(name, "MX")
        answer = taken(self._program, name, "MX", answer)
        if answer.status in NO_HOST:
            return (yield from self.of_host(name, loops))
        if answer.status != "ok":
            if self._ignore_mx_errors and answer.status != "dropped":
                return (yield from self.of_host(name, loops))
            return Found((), _in_vain(answer, name, "MX"))
        if not answer.records[0].data:
            return Found((), Dsn("5.1.0", "", f"Domain {name} does not accept mail (nullMX)"))
        records = sorted(answer.records, key=lambda record: record.preference)
        return (yield from self._of_records(domain, records, loops))

    def _of_records(self, domain: str, records: list[DnsRecord], loops: bool) -> Decision[Found]:
        hosts: list[Host] = []
        why: Dsn | None = None
        for record in records:
            why = yield from self._add(hosts, record.data, record.preference, why)
        if not hosts:
            self._program.warn("warning", f"no MX host for {domain} has a valid address record")
            if why is not None and self._defer_without and why.status[0] == "5":
                why = why._replace(status="4" + why.status[1:])
            return Found((), why)
        hosts = [host._replace(by_mx=True) for host in hosts]
        own = (yield from self._ours()) if loops else frozenset()
        return self._without(own, self._program.domain_name(domain), hosts, records[0].preference, why)

    def _without(self, own: frozenset[str], domain: str, hosts: list[Host], best: int, why: Dsn | None) -> Found:
        """The hosts better than any that has one of our own addresses, in order."""
        best_found = hosts[0].preference
        mine = next((host for host in hosts if host.address in own), None)
        if mine is not None:
            hosts = [host for host in hosts if host.preference < mine.preference]
            if not hosts and best != best_found:
                why = Dsn("4.4.4", "", f"unable to find primary relay for {domain}")
            elif not hosts:
                why = Dsn(LOOPS, "", f"mail for {domain} loops back to myself")
        hosts.sort(key=self._rank)
        return Found(tuple(hosts), why, mine is not None)

    def of_host(self, name: str, loops: bool) -> Decision[Found]:
        """The addresses of one host."""
        name = self._program.domain_name(name)
        hosts: list[Host] = []
        why = yield from self._add(hosts, name, 0, None)
        own = (yield from self._ours()) if loops and hosts else frozenset()
        if any(host.address in own for host in hosts):
            return Found((), Dsn(LOOPS, "", f"mail for {name} loops back to myself"))
        hosts.sort(key=self._rank)
        return Found(tuple(hosts), why)

    def _ours(self) -> Decision[frozenset[str]]:
        """The addresses that are this machine's.  Raises Fatal for a name in proxy_interfaces without one."""
        while self._unknown:
            name = self._unknown[0]
            found, _ = yield from self._by_system(name, False)
            if not found:
                raise Fatal(f"config variable proxy_interfaces: host not found: {name}")
            self._own, self._unknown = self._own.union(found), self._unknown[1:]
        return self._own

    def _rank(self, host: Host) -> tuple[int, bool]:
        """What puts a host before another, chance apart."""
        last = {"ipv4": True, "ipv6": False}.get(self._preferred)
        return host.preference, last is not None and (":" in host.address) is last

    def shuffled(self, hosts: tuple[Host, ...], *cause: str) -> Decision[tuple[Host, ...]]:
        """The same hosts, those of equal rank in random order.

        Args:
            hosts: in order of their rank.
            cause: because of what they are asked for, as for `Draw`.
        """
        ranks = [self._rank(host) for host in hosts]
        if not self._random or len(set(ranks)) == len(ranks):
            return hosts
        order: list[tuple[tuple[int, bool], float, int]] = []
        for place, host in enumerate(hosts):
            chance: float = yield Draw(*cause, host.address)
            order.append((ranks[place], chance, place))
        return tuple(hosts[place] for _, _, place in sorted(order))

    # ---- one name

    def _add(self, hosts: list[Host], name: str, preference: int, why: Dsn | None) -> Decision[Dsn | None]:
        """Add the addresses of a name; the verdict is what is wrong by now."""
        if valid_address(name) and family(name) in self._types:
            hosts.append(Host(name, name, preference))
            return why
        soft = why is not None and why.status[0] == "4"
        if self._dns:
            found, wrong = yield from self._by_dns(name, soft)
            if wrong is None or wrong.status[1:] != ".4.4" or not self.native:
                hosts.extend(Host(called, address, preference) for called, address in found)
                return wrong or why
            why = wrong
        if self.native:
            addresses, wrong = yield from self._by_system(name, soft)
            hosts.extend(Host(name, address, preference) for address in addresses)
            return wrong or why
        return why

    def _by_dns(self, name: str, soft: bool) -> Decision[tuple[list[tuple[str, str]], Dsn | None]]:
        """What DNS has of a name: what the host is called, and its address; why it has none."""
        hard = "4.4.4" if soft else "5.4.4"
        if not valid_hostname(name):
            return [], Dsn(hard, "", f"Name service error for {name}: invalid host or domain name")
        addresses: list[tuple[str, str]] = []
        wrong: Dsn | None = None
        for type in self._types:
            answer: DnsAnswer = yield Dns(name, type)
            answer = taken(self._program, name, type, answer)
            if answer.status == "ok":
                called = answer.name if self._canonical else name
                addresses.extend((called, record.data) for record in answer.records)
            else:
                found = _in_vain(answer, name, type, hard)
                if wrong is None or WEIGHT.index(found.status) >= WEIGHT.index(wrong.status):
                    wrong = found
            if answer.status == "nxdomain":
                break
        return addresses, None if addresses else wrong

    def _by_system(self, name: str, soft: bool) -> Decision[tuple[tuple[str, ...], Dsn | None]]:
        """As getaddrinfo(3) finds addresses: /etc/hosts, then DNS."""
        addresses, reason = yield from host_addresses(self._program.system.machine, name, self._types)
        if addresses:
            return addresses, None
        status = SYSTEM_STATUS[reason]
        return (), Dsn("4" + status[1:] if soft else status, "", f"unable to look up host {name}: {reason}")


def _in_vain(answer: DnsAnswer, name: str, type: str, hard: str = "5.4.4") -> Dsn:
    """Why a look-up found nothing; `hard`: the status code where there is no such host."""
    status = hard if answer.status in NO_HOST else STATUS.get(answer.status, "4.4.3")
    return Dsn(status, "", trouble(answer, name, type))
