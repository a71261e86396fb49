"""getent: the machine's accounts and groups, and hosts as programs find them."""

from __future__ import annotations

from collections.abc import Callable

from simmail.files.machine import host_lines
from simmail.mail.answers import DnsAnswer
from simmail.mail.questions import Decision, Dns
from simmail.userland.commands.resolve import pointer_of
from simmail.userland.process import Process, Tool

HELP = "Try `getent --help' or `getent --usage' for more information."
#: Its exit status for a key that is not there.
NOT_FOUND = 2


def _passwd(process: Process) -> dict[str, tuple[int, str]]:
    """Login name -> number, and the line of /etc/passwd."""
    return {name: (account.uid, account.line) for name, account in process.machine.accounts.items()}


def _group(process: Process) -> dict[str, tuple[int, str]]:
    """Name of a group -> number, and the line of /etc/group."""
    return {name: (number, f"{name}:x:{number}:") for name, number in process.machine.groups().items()}


DATABASES: dict[str, Callable[[Process], dict[str, tuple[int, str]]]] = {"passwd": _passwd, "group": _group}


def own_hosts(process: Process, name: str) -> list[list[str]]:
    """The lines of /etc/hosts that have a name or an address: an address, then its names."""
    text = process.files.read("/etc/hosts") if process.files.exists("/etc/hosts") else ""
    return [words for words in host_lines(text) if name in words]


def _hosts(process: Process, name: str) -> Decision[bool]:
    """Print the addresses of a host, or the name of an address; whether there are any."""
    own = own_hosts(process, name)
    for words in own:
        process.print(f"{words[0]:<15} {' '.join(words[1:])}")
    if own:
        return True
    turned = pointer_of(name)
    answer: DnsAnswer = yield Dns(turned or name, "PTR" if turned else "A")
    for record in answer.records:
        address, host = (name, record.data) if turned else (record.data, record.name)
        process.print(f"{address:<15} {host.rstrip('.')}")
    return bool(answer.records)


def getent(process: Process) -> Decision[int]:
    """Print entries of a database, those of some keys or all."""
    database, *keys = process.argv[1:] or [""]
    if not database:
        return _misused(process, "getent: wrong number of arguments")
    status = 0
    if database in DATABASES:
        entries = DATABASES[database](process)
        numbers = {str(number): text for number, text in reversed(entries.values())}
        for key in keys or entries:
            text = entries[key][1] if key in entries else numbers.get(key)
            if text is None:
                status = NOT_FOUND
            else:
                process.print(text)
    elif database == "hosts":
        for key in keys:
            if not (yield from _hosts(process, key)):
                status = NOT_FOUND
    else:
        return _misused(process, f"Unknown database: {database}")
    return status


def _misused(process: Process, text: str) -> int:
    """Say what is wrong with the words, and where help is; the exit status."""
    process.complain(text)
    process.print(HELP)
    return 1


TOOLS: dict[str, Tool] = {"getent": Tool(getent)}
