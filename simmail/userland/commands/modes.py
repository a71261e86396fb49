"""Permissions as chmod(1) writes them."""

from __future__ import annotations

import re

from simmail.userland.process import CommandError

_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=][rwxXstugo]*)+)")
RIGHTS = {"r": 0o444, "w": 0o222, "x": 0o111}
WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777}


def changed_mode(text: str, mode: int, folder: bool, umask: int) -> int:
    """Permissions as chmod changes them.

    Args:
        text: `755`, `u+x,go-w`; a number of less than five digits leaves a folder those that set user and group.
        mode: as they are.
        folder: whether it is a folder's.
        umask: what new files do not get.

    Raises:
        CommandError: for a text that is neither.
    """
    if re.fullmatch("[0-7]{1,5}", text):
        kept = mode & 0o6000 if folder and len(text) < 5 else 0
        return int(text, 8) & 0o7777 | kept
    for clause in text.split(","):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise CommandError(f"invalid mode: ‘{text}’\nTry 'chmod --help' for more information.")
        who = 0
        for letter in found.group(1) or "a":
            who |= WHO[letter]
        if not found.group(1):
            who &= ~umask
        for operation in re.findall(r"[-+=][rwxXstugo]*", found.group(2)):
            bits = _bits(operation[1:], mode, folder) & who
            if operation[0] == "=":
                mode = (mode & ~(who & 0o777)) | bits
            elif operation[0] == "+":
                mode |= bits
            else:
                mode &= ~bits
    return mode


def _bits(letters: str, mode: int, folder: bool) -> int:
    bits = 0
    for letter in letters:
        if letter == "X":
            bits |= 0o111 if folder or mode & 0o111 else 0
        elif letter == "s":
            bits |= 0o6000
        elif letter == "t":
            bits |= 0o1000
        elif letter in "ugo":
            own = (mode >> {"u": 6, "g": 3, "o": 0}[letter]) & 7
            bits |= own * 0o111
        else:
            bits |= RIGHTS[letter]
    return bits
