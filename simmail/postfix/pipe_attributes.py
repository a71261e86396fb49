"""NAME
    pipe_attributes - what an entry of master.cf tells pipe(8)

DESCRIPTION
    `flags=BDFORXhqu.>`, `user=NAME:GROUP`, `directory=`, `eol=`, `null_sender=`, `size=`, `chroot=`, and last `argv=`
    with the command and its arguments.

DIAGNOSTICS
    missing argv= command-line attribute, missing user= command-line attribute
    user= command-line attribute specifies root privileges, ... mail system owner NAME, ... privileged group id N
    get_service_attr: unknown username: NAME, get_service_attr: unknown group: NAME
    unknown flag: X (ignored), unknown attribute name: WORD

SEE ALSO
    pipe(8)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simmail.files.machine import GROUPS, Account
from simmail.mail.errors import Fatal
from simmail.postfix.unescape import unescape

FLAGS = frozenset("BDFORXhqu.>")
OWNER = "postfix"


class Attributes(NamedTuple):
    """What an entry says.

    Args:
        command: the program and its arguments, names unexpanded.
        account: whose rights it gets.
        flags: its letters.
        chroot: the folder that is its root; "" for the machine's own.
        directory: where it starts; "" for the queue directory.
        null_sender: what stands for nobody's address.
        eol: what its lines end in.
        size: octets that a message may have; 0 for no limit.
    """

    command: tuple[str, ...]
    account: Account
    flags: frozenset[str]
    chroot: str
    directory: str
    null_sender: str
    eol: str
    size: int


def read_attributes(words: tuple[str, ...], accounts: Mapping[str, Account]) -> Attributes:
    """The attributes of an entry.  Raises Fatal, in the words of the log."""
    command: tuple[str, ...] = ()
    account: Account | None = None
    flags: frozenset[str] = frozenset()
    told = {"directory": "", "chroot": "", "null_sender": "MAILER-DAEMON", "eol": "\n", "size": "0"}
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if equals and name == "argv":
            command = (value, *words[number + 1 :])
            break
        if equals and name == "user":
            account = _account(value, accounts)
        elif equals and name == "flags":
            unknown = next((letter for letter in value if letter not in FLAGS), "")
            if unknown:
                raise Fatal(f"unknown flag: {unknown} (ignored)")
            flags = frozenset(value)
        elif equals and name in told:
            told[name] = value
        else:
            raise Fatal(f"unknown attribute name: {word}")
    if account is None:
        raise Fatal("missing user= command-line attribute")
    if not command:
        raise Fatal("missing argv= command-line attribute")
    if account.uid == 0:
        raise Fatal("user= command-line attribute specifies root privileges")
    if account.name == OWNER:
        raise Fatal(f"user= command-line attribute specifies mail system owner {OWNER}")
    size = told["size"]
    if not size.isdigit():
        raise Fatal(f"get_service_attr: bad size= value: {size}")
    eol = unescape(told["eol"]).partition("\0")[0]
    return Attributes(command, account, flags, told["chroot"], told["directory"], told["null_sender"], eol, int(size))


def _account(value: str, accounts: Mapping[str, Account]) -> Account:
    name, colon, group = value.partition(":")
    account = accounts.get(name)
    if account is None:
        raise Fatal(f"get_service_attr: unknown username: {name}")
    if not colon:
        return account
    if group not in GROUPS:
        raise Fatal(f"get_service_attr: unknown group: {group}")
    return account._replace(gid=GROUPS[group])
