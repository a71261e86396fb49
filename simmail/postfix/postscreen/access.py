"""NAME
    postscreen.access - clients that postscreen lets through, or turns away, untested

DESCRIPTION
    postscreen_access_list holds `permit_mynetworks`, `permit`, `reject`, `dunno` and tables, which are asked with the
    client's address and answer with one of these words.  The first that permits or rejects decides; what cannot be
    understood ends the search.

PARAMETERS
    postscreen_access_list

DIAGNOSTICS
    ORIGIN: unknown command: WORD -- ignoring the remainder of this access list
    ORIGIN: TABLE: table lookup error -- ignoring the remainder of this access list
    ORIGIN: permit_mynetworks: mynetworks lookup error -- ignoring the remainder of this access list

SEE ALSO
    postconf(5): postscreen_access_list
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from simmail.postfix.match_lists import AddressList
from simmail.postfix.tables import LookupFailure, TableEnvironment
from simmail.postfix.tables.registry import open_table
from simmail.postfix.tables.split import split_outside_braces
from simmail.postfix.tables.table import Table


class Verdict(Enum):
    """What the list says of a client; the value is the word for it."""

    PERMIT = "permit"
    REJECT = "reject"
    DUNNO = "dunno"
    #: What cannot be understood, or looked up, ends the search.
    TROUBLE = ""


PARAMETER = "postscreen_access_list"


class AccessList:
    """postscreen_access_list.

    Args:
        value: its text.
        mynetworks: our own networks.
        environment: where its tables are found.
        warn: hears what is wrong.
    """

    def __init__(
        self, value: str, mynetworks: AddressList, environment: TableEnvironment, warn: Callable[[str, str], None]
    ) -> None:
        self.mynetworks, self.environment, self.warn = mynetworks, environment, warn
        self._items = self._parse(value)

    def _parse(self, text: str) -> list[str | Table]:
        """Words and opened tables."""
        return [
            open_table(item, self.environment, bare=True) if ":" in item else item
            for item in split_outside_braces(text)
        ]

    def verdict(self, address: str) -> Verdict:
        """What the list says of a client."""
        found = self._heard(self._items, address, PARAMETER)
        return Verdict.DUNNO if found is Verdict.TROUBLE else found

    def _heard(self, items: list[str | Table], address: str, origin: str) -> Verdict:
        for item in items:
            if isinstance(item, Table):
                found = self._ask(item, address, origin)
            else:
                found = self._word(item, address, origin)
            if found is not Verdict.DUNNO:
                return found
        return Verdict.DUNNO

    def _word(self, word: str, address: str, origin: str) -> Verdict:
        name = word.lower()
        if name in ("permit", "reject", "dunno"):
            return Verdict(name)
        if name != "permit_mynetworks":
            return self._trouble(f"{origin}: unknown command: {word}")
        try:
            return Verdict.PERMIT if self.mynetworks.matches("", address) else Verdict.DUNNO
        except LookupFailure:
            return self._trouble(f"{origin}: {word}: mynetworks lookup error")

    def _ask(self, table: Table, address: str, origin: str) -> Verdict:
        """What a table says; it answers in words, and cannot send on to another table."""
        try:
            value = table.find(address)
        except LookupFailure:
            return self._trouble(f"{origin}: {table.spec}: table lookup error")
        return Verdict.DUNNO if value is None else self._heard([*split_outside_braces(value)], address, table.spec)

    def _trouble(self, text: str) -> Verdict:
        self.warn("warning", f"{text} -- ignoring the remainder of this access list")
        return Verdict.TROUBLE
