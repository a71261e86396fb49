"""NAME
    smtp.tls_policy - the right-hand sides of smtp_tls_policy_maps

DESCRIPTION
    A security level, and behind it attributes, with white space or commas between: `secure match=nexthop:.example.com`.
    A policy of which anything cannot be understood is none.

DIAGNOSTICS
    WHERE: invalid security level "WORD"
    WHERE: malformed attribute/value pair "TEXT": missing '=' after attribute name
    WHERE: invalid attribute name: "NAME"
    WHERE: attribute "NAME" invalid at security level "LEVEL"
    WHERE: attribute "NAME" is specified multiple times
    WHERE: attribute "NAME" has empty value
    WHERE: attribute "connection_reuse" has bad value: "VALUE"
    WHERE: "servername=VALUE" specifies an invalid hostname
    WHERE: ignoring attribute "TEXT" with TLS disabled
    error opening trust anchor file: FILE: No such file or directory

BUGS
    A file of trust anchors is not read; one without any would do as little as none.

SEE ALSO
    postconf(5), smtp_tls_policy_maps
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from simmail.files.file_errors import NO_FILE
from simmail.mail.hostnames import valid_hostname
from simmail.postfix.maincf import split_name_value
from simmail.postfix.start_checks import BEYOND_ENCRYPT, TLS_LEVELS


class _Attribute(NamedTuple):
    """What an attribute needs.

    Args:
        levels: the levels it goes with; empty for all but `none`.
        once: whether it may not be repeated.
        filled: whether its value may not be empty.
    """

    levels: frozenset[str] = frozenset()
    once: bool = False
    filled: bool = False


_ATTRIBUTES: Mapping[str, _Attribute] = {
    "protocols": _Attribute(once=True),
    "ciphers": _Attribute(once=True, filled=True),
    "exclude": _Attribute(once=True),
    "servername": _Attribute(once=True),
    "connection_reuse": _Attribute(),
    "match": _Attribute(BEYOND_ENCRYPT, filled=True),
    "tafile": _Attribute(frozenset({"verify", "secure"}), filled=True),
}


class Policy(NamedTuple):
    """A policy as it was read.

    Args:
        level: its security level, in lower case.
        says: what the log hears of it.
        usable: whether it can be followed.
        matches: whether it says what a server's certificate has to match.
    """

    level: str
    says: tuple[str, ...] = ()
    usable: bool = True
    matches: bool = False


class _Fault(Exception):
    """Why a policy cannot be followed."""


def read_policy(text: str, where: str, exists: Callable[[str], bool]) -> Policy:
    """Read a policy.

    Args:
        text: the right-hand side.
        where: what stands before what is said of it.
        exists: whether there is a file of that name.
    """
    word, *attributes = text.replace(",", " ").split() or [""]
    level = word.lower()
    if level not in TLS_LEVELS:
        return Policy(level, (f'{where}: invalid security level "{word}"',), usable=False)
    if level == "none":
        return Policy(level, tuple(f'{where}: ignoring attribute "{one}" with TLS disabled' for one in attributes))
    seen: set[str] = set()
    for attribute in attributes:
        try:
            seen.add(_name(attribute, level, seen, where, exists))
        except _Fault as fault:
            return Policy(level, (str(fault),), usable=False)
    return Policy(level, matches="match" in seen)


def _name(text: str, level: str, seen: set[str], where: str, exists: Callable[[str], bool]) -> str:
    """The name of an attribute that can be used, in lower case.  Raises _Fault."""
    try:
        name, value = split_name_value(text)
    except ValueError as error:
        raise _Fault(f'{where}: malformed attribute/value pair "{text}": {error}') from None
    key = name.lower()
    wanted = _ATTRIBUTES.get(key)
    if wanted is None:
        raise _Fault(f'{where}: invalid attribute name: "{name}"')
    if wanted.levels and level not in wanted.levels:
        raise _Fault(f'{where}: attribute "{name}" invalid at security level "{level}"')
    if wanted.filled and not value:
        raise _Fault(f'{where}: attribute "{name}" has empty value')
    if wanted.once and key in seen:
        raise _Fault(f'{where}: attribute "{name}" is specified multiple times')
    if key == "connection_reuse" and value.lower() not in ("yes", "no"):
        raise _Fault(f'{where}: attribute "{name}" has bad value: "{value}"')
    if key == "servername" and not (value.lower() == "hostname" or valid_hostname(value)):
        raise _Fault(f'{where}: "{name}={value}" specifies an invalid hostname')
    if key == "tafile" and not exists(value):
        raise _Fault(f"error opening trust anchor file: {value}: {NO_FILE}")
    return key
