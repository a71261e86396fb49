"""Lookup tables: `type:name` and what they answer."""

from simmail.postfix.tables.flags import FOLDED, LINES, PARANOID, USUAL, DictFlag
from simmail.postfix.tables.maps import Maps
from simmail.postfix.tables.registry import open_table
from simmail.postfix.tables.table import LookupFailure, Table, TableEnvironment

__all__ = [
    "FOLDED", "LINES", "PARANOID", "USUAL", "DictFlag", "LookupFailure", "Maps", "Table", "TableEnvironment",
    "open_table",
]  # fmt: skip
