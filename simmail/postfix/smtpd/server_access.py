"""NAME
    smtpd.server_access - tables about the servers behind a name

DESCRIPTION
    check_sender_mx_access and its kin look up the mail servers, name servers or addresses of a domain, and ask the
    table for their names and addresses.  What cannot be looked up is skipped with a warning.  Such a table may not
    permit: what a stranger's DNS says proves nothing.

DIAGNOSTICS
    Unable to look up MX host for DOMAIN: Host not found, try again
    Unable to look up MX host HOST for Sender address ADDRESS: Name or service not known

SEE ALSO
    postconf(5): check_sender_mx_access
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simmail.mail.hostnames import literal_address, valid_address
from simmail.mail.questions import Decision
from simmail.postfix.host_lookup import host_addresses
from simmail.postfix.smtpd.access import Key, decided, domain_keys, look_up, network_keys
from simmail.postfix.smtpd.findings import CLIENT, HELO, RECIPIENT, REVERSE_CLIENT, SENDER, Finding, Subject
from simmail.postfix.smtpd.lookups import records
from simmail.postfix.smtpd.state import UNKNOWN

if TYPE_CHECKING:
    from simmail.postfix.smtpd.restrictions import Rule

AGAIN = "Host not found, try again"
#: How the resolver's failures read (h_errno).
WHY = {"nxdomain": "Host not found", "nodata": "Host found but no data record of requested type",
       "servfail": AGAIN, "refused": AGAIN, "timeout": AGAIN, "malformed": "Unknown error 0",
       "dropped": "Unknown error 0", "unfiltered": "Unknown error 0"}  # fmt: skip

#: The name whose servers are looked up, and what the reply is about; None where there is no such name.
Named = tuple[str, Subject] | None


def of_client(name: str, address: str) -> Named:
    """The client's verified name."""
    return None if name == UNKNOWN else (name, Subject(f"{name}[{address}]", CLIENT))


def of_reverse_client(name: str) -> Named:
    """The client's unverified name."""
    return None if name == UNKNOWN else (name, Subject(name, REVERSE_CLIENT))


def of_helo(helo: str | None) -> Named:
    """The HELO name."""
    return None if helo is None else (helo, Subject(helo, HELO))


def of_sender(sender: str | None) -> Named:
    """The sender's domain."""
    return (sender, Subject(sender, SENDER)) if sender else None


def of_recipient(recipient: str | None) -> Named:
    """The recipient's domain."""
    return (recipient, Subject(recipient, RECIPIENT)) if recipient else None


def checker(type: str, subject: Callable[..., Named]) -> Callable[..., Decision[Finding | None]]:
    """The restriction that looks at servers of a type (`A`, `MX`, `NS`) of what `subject` names."""

    def check(rule: Rule, *facts: str | None) -> Decision[Finding | None]:
        named = subject(*facts)
        if named is None:
            return None
        finding = yield from _check(rule, named[0], type, named[1])
        yield from rule.smtpd.heard()
        return finding

    return check


def _check(rule: Rule, name: str, type: str, subject: Subject) -> Decision[Finding | None]:
    domain = name.rpartition("@")[2]
    if domain.startswith("["):
        address = literal_address(domain[1:-1]) if domain.endswith("]") and type != "NS" else None
        return None if address is None else decided(look_up(rule, network_keys(address), subject, address))
    servers = yield from _servers(rule, name, type)
    for server in servers or ():
        wanted: list[Key] = []
        if valid_address(server):
            wanted += network_keys(server)
        if type != "A":
            wanted += domain_keys(server, rule.smtpd.access_parents)
        found = look_up(rule, wanted, subject, server)
        if found is not False:
            return decided(found)
        addresses, error = yield from host_addresses(rule.smtpd.system.machine, server, rule.smtpd.families)
        if error and type != "A":
            rule.smtpd.warn(
                "warning",
                f"Unable to look up {type} host {server} for {subject.title} {subject.name}: {error}",
            )
        for address in addresses:
            found = look_up(rule, network_keys(address), subject, address)
            if found is not False:
                return decided(found)
        yield from rule.smtpd.heard()
    return None


def _servers(rule: Rule, name: str, type: str) -> Decision[list[str] | None]:
    """The names of the servers of a domain, or an address'; None, with a warning, where they cannot be looked up."""
    domain = name.rpartition("@")[2]
    if type == "A":
        return [domain]
    answer = yield from records(rule.smtpd, domain, type)
    while type == "NS" and answer.status in ("nxdomain", "nodata") and "." in domain.removesuffix("."):
        domain = domain.partition(".")[2]
        answer = yield from records(rule.smtpd, domain, type)
    if type == "MX" and answer.status in ("nxdomain", "nodata"):
        return [rule.smtpd.domain_name(domain)]
    if answer.status == "ok":
        if type == "MX" and len(answer.records) == 1 and not answer.records[0].data:
            return None
        return [record.data for record in answer.records]
    shown = name if answer.status in ("nxdomain", "nodata") else domain
    rule.smtpd.warn("warning", f"Unable to look up {type} host for {shown}: {WHY[answer.status]}")
    return None
