"""The options a table is opened with, and how Postfix names them in its log."""

from __future__ import annotations

from enum import IntFlag


class DictFlag(IntFlag):
    """Options of a lookup table; the order of the bits is that of their names in the log."""

    WARN_DUP = 1 << 0
    IGNORE_DUP = 1 << 1
    LOCK = 1 << 6
    REPLACE = 1 << 7
    NO_REGSUB = 1 << 11
    NO_PROXY = 1 << 12
    NO_UNAUTH = 1 << 13
    FOLD_FIX = 1 << 14
    FOLD_MUL = 1 << 15
    UTF8_REQUEST = 1 << 19
    SRC_RHS_IS_FILE = 1 << 21

    def text(self) -> str:
        """The flags as in `hash:/etc/aliases(0,lock|fold_fix|utf8_request)`."""
        return "|".join(flag.name.lower() for flag in DictFlag if flag in self and flag.name) or "0"


#: How most daemons open their tables.
USUAL = DictFlag.LOCK | DictFlag.FOLD_FIX | DictFlag.UTF8_REQUEST
#: How tables are opened whose keys are in lower case already.
FOLDED = DictFlag.LOCK | DictFlag.UTF8_REQUEST
#: How tables are opened that are asked about lines of text, whatever octets they hold.
LINES = DictFlag.LOCK
#: What a table may not do that decides about delivery on this machine.
PARANOID = DictFlag.NO_REGSUB | DictFlag.NO_PROXY | DictFlag.NO_UNAUTH
