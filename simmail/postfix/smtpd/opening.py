"""NAME
    smtpd.opening - tables that lists of restrictions name

DESCRIPTION
    As smtpd starts it opens whatever looks like a table in its lists and classes: every word with a colon, wherever it
    stands, save behind check_policy_service; `permit_mynetworks:` too.

DIAGNOSTICS
    error: unsupported dictionary type: http

    malformed map specification: '{permit, reject}'
    expected maptype:mapname instead of 'permit'

    check_domain_access: unexpected dictionary: {inline:{a=b}}
        A table in braces is opened without them, and not found again: each look-up fails.

    `Fatal`: open dictionary: expecting "type:name" form instead of "permit_mynetworks:"

BUGS
    Options behind a table in braces are not looked at, and one that is also named without is not found either.

SEE ALSO
    smtpd.restrictions, postconf(5): smtpd_restriction_classes
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from simmail.postfix.tables import LookupFailure, Maps
from simmail.postfix.tables.registry import open_table
from simmail.postfix.tables.split import BraceError, inside_braces, split_outside_braces
from simmail.postfix.tables.table import TableEnvironment

#: The ends of restrictions' names -> the function that misses a table in braces.
_MISSED_BY = (
    ("check_sender_access", "check_mail_access"),
    ("check_recipient_access", "check_mail_access"),
    ("_a_access", "check_addr_access"),
    ("", "check_domain_access"),
)
POLICY_SERVICE = "check_policy_service"


def open_tables(words: Iterable[str], environment: TableEnvironment) -> None:
    """Open the tables in a list.

    Args:
        words: the list's.
        environment: the program's, which hears of what cannot be opened.

    Raises:
        Fatal: for a word that ends or begins with its colon.
    """
    before = ""
    for word in words:
        if before.lower() != POLICY_SERVICE:
            table = _table(word, environment)
            if table:
                open_table(table, environment)
        before = word


class Missed(Maps):
    """A table in braces, which no look-up finds.

    Args:
        restriction: the name of the restriction that asks it.
        text: the table as written.
        environment: the program's.
    """

    __slots__ = ("complaint",)

    def __init__(self, restriction: str, text: str, environment: TableEnvironment) -> None:
        super().__init__(text, (), environment)
        function = next(function for end, function in _MISSED_BY if restriction.endswith(end))
        self.complaint = f"{function}: unexpected dictionary: {text}"

    def find_with_source(self, key: str, *, exact: bool = False) -> NoReturn:
        """Raises LookupFailure."""
        self.environment.warn("warning", self.complaint)
        raise LookupFailure(self.complaint)


def _table(word: str, environment: TableEnvironment) -> str:
    """The table that a word names; "" for none."""
    if not word.startswith("{"):
        return word if ":" in word else ""
    malformed = "malformed map specification: "
    try:
        inside = split_outside_braces(inside_braces(word))
    except BraceError as error:
        environment.warn("warning", f"{malformed}'{error}'")
        return ""
    if not inside:
        environment.warn("warning", f"empty map specification: '{word}'")
    elif ":" in inside[0]:
        return inside[0]
    else:
        environment.warn("warning", f"{malformed}'{word}'")
        environment.warn("warning", f"expected maptype:mapname instead of '{inside[0]}'")
    return ""
