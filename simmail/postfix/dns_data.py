"""NAME
    dns_data - names that DNS records hold

DESCRIPTION
    What a record names has to be a host's name.  An address in its place is used, and told; anything else is told, and
    the record dropped.

DIAGNOSTICS
    numeric domain name in resource data of MX record for DOMAIN: ADDRESS
    malformed domain name in resource data of MX record for DOMAIN: NAME

SEE ALSO
    dns_lookup(3), valid_hostname(3)
"""

from __future__ import annotations

from collections.abc import Callable

from simmail.mail.hostnames import hostname_fault, valid_address, valid_hostname


def usable(name: str, owner: str, type: str, warn: Callable[[str, str], None]) -> bool:
    """Whether a name that a record gives can be used; the log hears of strange ones.

    Args:
        name: what the record holds.
        owner, type: whose record it is: the name that was asked for, and `MX` or `NS`.
        warn: hears (level, text).
    """
    if valid_address(name):
        gripe = "numeric"
    elif not valid_hostname(name) and (fault := hostname_fault(name, wildcard=True)):
        gripe = "malformed"
        warn("warning", f"valid_hostname: {fault}")
    else:
        return True
    warn("warning", f"{gripe} domain name in resource data of {type} record for {owner}: {name}")
    return gripe == "numeric"
