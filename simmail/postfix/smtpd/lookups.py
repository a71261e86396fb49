"""NAME
    smtpd.lookups - what smtpd asks the DNS

DESCRIPTION
    Several types of record are asked for in turn; one that is there decides, and a failure counts only where nothing
    was found.

PARAMETERS
    smtpd_dns_reply_filter

DIAGNOSTICS
    NAME: MX or address lookup error: DNS reply filter drops all results; the name passes then

SEE ALSO
    dns_lookup(3), RFC 7505
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING

from simmail.files.machine import Machine
from simmail.mail.answers import DnsAnswer
from simmail.mail.hostnames import hostname_fault, reverse_name, valid_address, valid_hostname
from simmail.mail.questions import Decision, Dns
from simmail.postfix.dns_data import taken
from simmail.postfix.host_lookup import TRY_AGAIN, family, host_addresses, listed_name
from simmail.postfix.smtpd.state import Client, NameStatus

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd


class Found(Enum):
    """What came of a look-up."""

    YES = auto()
    NO = auto()
    TEMPORARY = auto()
    NULL_MX = auto()
    MALFORMED = auto()


#: What the client is told where not just nothing was found.
WHY: Mapping[Found, str] = {Found.MALFORMED: "Malformed DNS server reply"}
#: What comes of a name that can be no host's: the resolver asks nobody.
NOT_ASKED = DnsAnswer("nxdomain")
#: The names that the resolver hands on to who asks for an address' name (res_hnok).
_HANDED_ON = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")


def records(smtpd: Smtpd, name: str, type: str) -> Decision[DnsAnswer]:
    """The records of a name that can be used, as dns_data has them; a loop of aliases is a name without any.

    Args:
        smtpd: the server, whose log hears of strange ones.
        name: a domain name; one that can be no host's, with a dot at its end too, is not asked for.
        type: of the records.
    """
    if not valid_hostname(name):
        return NOT_ASKED
    name = smtpd.domain_name(name)
    answer: DnsAnswer = yield Dns(name, type)
    answer = taken(smtpd, name, type, answer)
    if smtpd.pending:
        yield from smtpd.heard()
    return answer._replace(status="nodata") if answer.status == "loop" else answer


def folded_name(smtpd: Smtpd, domain: str) -> str:
    """The domain of an address that trivial-rewrite(8) has resolved, as it is looked up: ss stands for a sharp s."""
    return domain if domain.isascii() else smtpd.domain_name(domain.casefold())


def find_any(smtpd: Smtpd, name: str, types: tuple[str, ...]) -> Decision[Found]:
    """Whether `name` has a record of one of these types.

    Args:
        smtpd: the server.
        name: a domain name.
        types: in the order in which they are asked for; where the first is `MX`, malformed ones end it.
    """
    temporary = malformed = dropped = False
    for type in types:
        answer = yield from records(smtpd, name, type)
        malformed = answer.status == "malformed"
        if malformed and types[0] == type:
            break
        if answer.status == "ok" and answer.records:
            return Found.NULL_MX if type == "MX" and not answer.records[0].data else Found.YES
        dropped = dropped or answer.status == "dropped"
        if dropped and types[0] == type == "MX":
            break
        temporary = temporary or answer.temporary
    if dropped:
        what = "MX or address" if types[0] == "MX" else "address or MX"
        yield smtpd.note("warning", "", f"{name}: {what} lookup error: DNS reply filter drops all results")
        return Found.YES
    return Found.TEMPORARY if temporary else Found.MALFORMED if malformed else Found.NO


def _gripe(name: str) -> str:
    """What is said of an address' name that is none; "" where the resolver has kept it to itself already."""
    if valid_address(name):
        return f"numeric hostname: {name}"
    return f"valid_hostname: {hostname_fault(name)}" if _HANDED_ON.fullmatch(name) else ""


def meet(smtpd: Smtpd, address: str, server: tuple[str, str]) -> Decision[tuple[Client, str]]:
    """A client has connected: find its name, and tell the log.

    Args:
        smtpd: the server.
        address: the client's.
        server: the address and port it called, if that is known.

    Returns:
        The client, and how the log names it.
    """
    client, warning = yield from identify(smtpd.system.machine, address, smtpd.parameters.peername_lookup)
    if server[0]:
        client = client._replace(server_address=server[0], server_port=server[1])
    if warning:
        yield smtpd.note("warning", "", warning)
    yield smtpd.note("connect", "", client.name, address)
    return client, f"{client.name}[{address}]"


def identify(machine: Machine, address: str, look: bool) -> Decision[tuple[Client, str]]:
    """Find a client's name: its PTR record, believed only where it leads back to the address.

    Args:
        machine: this computer.
        address: the client's.
        look: smtpd_peername_lookup.

    Returns:
        The client, and a warning; "" for none.
    """
    if not look:
        return Client(address), ""
    name = listed_name(machine, address)
    if not name:
        answer: DnsAnswer = yield Dns(reverse_name(address), "PTR")
        if answer.temporary:
            status = NameStatus.TEMPORARY
            return Client(address, name_status=status, reverse_status=status), ""
        name = answer.records[0].data if answer.status == "ok" and answer.records else ""
        if not valid_hostname(name):
            return Client(address), _gripe(name)
    addresses, error = yield from host_addresses(machine, name, (family(address),))
    if error:
        status = NameStatus.TEMPORARY if error == TRY_AGAIN else NameStatus.FORGED
        warning = f"hostname {name} does not resolve to address {address}: {error}"
    elif address not in addresses:
        status, warning = NameStatus.FORGED, f"hostname {name} does not resolve to address {address}"
    else:
        return Client(address, name, name, NameStatus.OK, NameStatus.OK), ""
    return Client(address, reverse_name=name, name_status=status, reverse_status=NameStatus.OK), warning
