"""NAME
    login_senders - whose name mail may have that a user submits

DESCRIPTION
    postdrop(1) looks up who submits a message, by login name, and compares its envelope sender with the patterns found:
    `*` stands for every sender, `@domain` for all of a domain, and what
    empty_address_local_login_sender_maps_lookup_key says for the null sender.  Anything else stands for one sender,
    whose address extension does not count.  Upper and lower case are alike; nothing is completed with $myorigin.

PARAMETERS
    local_login_sender_maps, empty_address_local_login_sender_maps_lookup_key, recipient_delimiter

DIAGNOSTICS
    not authorized to use sender='ADDRESS'
    local_login_sender_maps table lookup error for 'TABLE'
    queue file write error
        A table cannot be opened; postdrop(1) has said which.

SEE ALSO
    postdrop(1)
"""

from __future__ import annotations

from typing import NamedTuple

from simmail.mail.address import strip_extension
from simmail.postfix.config import Config
from simmail.postfix.tables import FOLDED, LookupFailure, Maps, TableEnvironment

PARAMETER = "local_login_sender_maps"
ANY = "*"
#: What gives leave to everybody, and need not be looked up.
UNLIMITED = "static:*"


class Refusal(NamedTuple):
    """Why postdrop(1) does not take a message: as sendmail(1) says it, and as smtpd(8) does in its place."""

    text: str
    reply: str


#: It has died.
UNWRITTEN = Refusal("queue file write error", "queue file write error")


def refusal(login: str, sender: str, config: Config, environment: TableEnvironment) -> Refusal | None:
    """Why a user may not send a message in this name; None where he may.

    Args:
        login: who submits it.
        sender: its envelope sender; "" for the null sender.
        config: the parameters.
        environment: where tables find files, and say what they have to say.

    Raises:
        Fatal: where a table cannot be opened.
    """
    tables: str = config[PARAMETER]
    if tables == UNLIMITED:
        return None
    try:
        found = Maps.open(PARAMETER, tables, environment, FOLDED).find(login)
    except LookupFailure as failure:
        return Refusal(f"{PARAMETER} table lookup error for '{failure.text}'", UNWRITTEN.reply)
    patterns = (found or "").lower().replace(",", " ").split()
    if _fits(sender.lower(), patterns, config):
        return None
    return Refusal(f"not authorized to use sender='{sender}'", "internal error 512")


def _fits(sender: str, patterns: list[str], config: Config) -> bool:
    """Whether one of the patterns stands for a sender, both in lower case."""
    if ANY in patterns:
        return True
    if not sender:
        null: str = config["empty_address_local_login_sender_maps_lookup_key"]
        return null.lower() in patterns
    _, at, domain = sender.rpartition("@")
    bare, _ = strip_extension(sender, config["recipient_delimiter"])
    return sender in patterns or bare in patterns or bool(at and f"@{domain}" in patterns)
