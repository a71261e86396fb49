"""NAME
    queue_id - the names of queue files, and the folders that they lie in

DESCRIPTION
    A queue file is named by the microsecond in which it was made and by its inode, in hexadecimal digits; such a name
    comes again when both do.  With enable_long_queue_ids the name has the second, too, and never comes again: numbers
    without vowels, and `z` before the inode.

    A queue of hash_queue_names has a folder for each first character of a name, and so on, hash_queue_depth deep; for
    a long name it goes by its microsecond in hexadecimal digits.

SEE ALSO
    enable_long_queue_ids, hash_queue_names, hash_queue_depth in postconf(5)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from simmail.postfix.config import Config

MICROSECONDS = 1_000_000
#: The digits of long names; an inode has none that is the mark before it.
DIGITS, MARK = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz", "z"
SECOND_DIGITS, MICROSECOND_DIGITS = 6, 4
#: What stands for the characters that a name does not have.
FILLER = "_"
_LONG = re.compile(f"[{DIGITS}]{{{SECOND_DIGITS},}}?([{DIGITS}]{{{MICROSECOND_DIGITS}}}){MARK}[{DIGITS}]+")


def short(now: float, inode: int) -> str:
    """The name of a queue file that is made at a time, s."""
    return f"{int(now % 1 * MICROSECONDS):05X}{inode:X}"


def long(now: float, inode: int) -> str:
    """The same with enable_long_queue_ids; `now` in seconds since 1970."""
    microsecond = _written(int(now % 1 * MICROSECONDS), len(DIGITS)).rjust(MICROSECOND_DIGITS, DIGITS[0])
    second = _written(int(now), len(DIGITS)).rjust(SECOND_DIGITS, DIGITS[0])
    return f"{second}{microsecond}{MARK}{_written(inode, len(DIGITS) - 1)}"


def _written(number: int, base: int) -> str:
    """A number in some of DIGITS."""
    number, last = divmod(number, base)
    return (_written(number, base) if number else "") + DIGITS[last]


@lru_cache(1024)
def _hashed(queue_id: str) -> str:
    """What the folder of a queue file goes by."""
    found = _LONG.fullmatch(queue_id)
    if found is None:
        return queue_id
    microsecond = 0
    for digit in found[1]:
        microsecond = microsecond * len(DIGITS) + DIGITS.index(digit)
    return f"{microsecond:05X}"


class Hashing(NamedTuple):
    """How queues are spread over folders.

    Args:
        queues: which of them are.
        depth: how many folders lie one in the other.
    """

    queues: frozenset[str] = frozenset({"deferred", "defer"})
    depth: int = 1

    @classmethod
    def configured(cls, config: Config) -> Hashing:
        """As main.cf has it."""
        return cls(frozenset(config.list("hash_queue_names")), config["hash_queue_depth"])

    def folder(self, queue: str, queue_id: str) -> str:
        """The folders below a queue's own in which a queue file lies, `4/E/`; "" for none."""
        if queue not in self.queues:
            return ""
        return "".join(f"{character}/" for character in _hashed(queue_id)[: self.depth].ljust(self.depth, FILLER))

    def path(self, queue: str, queue_id: str) -> str:
        """Where a queue file lies below the queue directory."""
        return f"{queue}/{self.folder(queue, queue_id)}{queue_id}"
