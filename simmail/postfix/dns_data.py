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

from simmail.mail.hostnames import valid_address, valid_hostname


def usable(name: str, owner: str, type: str, warn: Callable[[str, str], None]) -> bool:
    """Whether a name that a record gives can be used; the log hears of strange ones.

    Args:
        name: what the record holds.
        owner, type: whose record it is: the name that was asked for, and `MX` or `NS`.
        warn: hears (level, text).
    """
    if valid_address(name):
        gripe = "numeric"
    elif not valid_hostname(name):
        gripe = "malformed"
        warn("warning", _gripe(name))
    else:
        return True
    warn("warning", f"{gripe} domain name in resource data of {type} record for {owner}: {name}")
    return gripe == "numeric"


def _gripe(name: str) -> str:
    """What valid_hostname(3) says of a name that is none."""
    for index, character in enumerate(name):
        if not (character.isascii() and (character.isalnum() or character in "_.-*")):
            return f"valid_hostname: invalid character {ord(character)}(decimal): {name}"
        if character == "." and name[index + 1 : index + 2] in (".", ""):
            return f"valid_hostname: misplaced delimiter: {name}"
    return f"valid_hostname: misplaced hyphen: {name}"
