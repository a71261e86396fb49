"""NAME
    smtpd.opening - tables that lists of restrictions name

DESCRIPTION
    As smtpd starts it opens whatever looks like a table in its lists and classes: every word with a colon, wherever it
    stands, save behind check_policy_service; `permit_mynetworks:` too.

DIAGNOSTICS
    error: unsupported dictionary type: http

    malformed map specification: '{permit, reject}'
    expected maptype:mapname instead of 'permit'

    malformed map attribute in '{static:OK, search_order}': 'missing '=' after attribute name'
    unknown map attribute in '{static:OK, order=cert_fingerprint}': 'order'
    unknown search type 'subject' in '{static:OK, search_order=subject}'
        check_ccert_access fails with `See earlier parsing error messages for '{...}` where one of these was said.

    check_domain_access: unexpected dictionary: {inline:{a=b}}
        A table in braces is opened without them, and not found again: each look-up fails.

    `Fatal`: open dictionary: expecting "type:name" form instead of "permit_mynetworks:"

BUGS
    A table in braces that is also named without is not found either.

SEE ALSO
    smtpd.restrictions, postconf(5): smtpd_restriction_classes
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from simmail.postfix.maincf import split_name_value
from simmail.postfix.tables import LookupFailure, Maps
from simmail.postfix.tables.registry import open_table
from simmail.postfix.tables.split import SEPARATORS, BraceError, inside_braces, split_at, split_outside_braces
from simmail.postfix.tables.table import TableEnvironment

#: The ends of restrictions' names -> the function that misses a table in braces.
_MISSED_BY = (
    ("check_sender_access", "check_mail_access"),
    ("check_recipient_access", "check_mail_access"),
    ("_a_access", "check_addr_access"),
    ("", "check_domain_access"),
)
POLICY_SERVICE = "check_policy_service"
#: The attribute that a table in braces may have, and what of a certificate it may name to be looked for.
SEARCH_ORDER, SEARCHES = "search_order", frozenset({"cert_fingerprint", "pubkey_fingerprint"})


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
    table, complaints = in_braces(word)
    for complaint in complaints:
        environment.warn("warning", complaint)
    return table


def in_braces(word: str) -> tuple[str, tuple[str, ...]]:
    """A table in braces, with what stands behind it.

    Returns:
        Its name, and nothing; or "", and what is wrong.
    """
    malformed = "malformed map specification: "
    try:
        inside = split_outside_braces(inside_braces(word))
    except BraceError as error:
        return "", (f"{malformed}'{error}'",)
    if not inside:
        return "", (f"empty map specification: '{word}'",)
    table, *attributes = inside
    if ":" not in table:
        return "", (f"{malformed}'{word}'", f"expected maptype:mapname instead of '{table}'")
    fault = next(filter(None, (_fault(attribute, word) for attribute in attributes)), "")
    return ("", (fault,)) if fault else (table, ())


def _fault(attribute: str, word: str) -> str:
    """What is wrong with an attribute of a table in braces, `name=value` or `{ name = value }`; "" for nothing."""
    try:
        name, value = split_name_value(inside_braces(attribute) if attribute.startswith("{") else attribute)
    except (BraceError, ValueError) as error:
        return f"malformed map attribute in '{word}': '{error}'"
    if name.lower() != SEARCH_ORDER:
        return f"unknown map attribute in '{word}': '{name}'"
    wrong = next((one for one in split_at(value, SEPARATORS) if one.lower() not in SEARCHES), "")
    return f"unknown search type '{wrong}' in '{word}'" if wrong else ""
