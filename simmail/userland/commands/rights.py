"""chmod, chown, chgrp, install: who may do what with files, and whose they are."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from simmail.files.file_errors import NO_FILE, FileError
from simmail.userland.commands.manage import below, copy_file, make_all, missing, targets
from simmail.userland.commands.modes import changed_mode
from simmail.userland.commands.options import Options, options
from simmail.userland.process import CommandError, Process, Tool, plain

#: The number that stands for no account and no group.
NOBODY_AT_ALL = 2**32 - 1


def _everything(process: Process, given: Options, names: list[str]) -> list[str]:
    found = []
    for name in names:
        found.append(name)
        if "R" in given and process.files.is_folder(name):
            found += below(process, name)
    return found


def chmod(process: Process) -> int:
    """Change permissions."""
    words = list(process.argv)
    # A mode may look like an option: chmod -x file.
    modes = [index for index, word in enumerate(words[1:], 1) if re.fullmatch(r"-[rwxXst]+", word)]
    if modes:
        words[modes[0]] = "a" + words[modes[0]]
        process.argv = tuple(words)
    given = options(process, "Rvcf", {"recursive": "R"})
    if len(given.operands) < 2:
        raise missing(process, f"missing operand after ‘{given.operands[0]}’" if given.operands else "missing operand")
    status = 0
    text, *names = given.operands
    changed_mode(text, 0, False, 0)
    for name in _everything(process, given, names):
        try:
            stat = process.files.stat(name) if process.files.exists(name) else None
            if stat is None:
                status = process.fail(f"cannot access '{name}': {NO_FILE}")
                continue
            process.files.change(name, mode=changed_mode(text, stat.mode, stat.kind == "d", process.umask))
        except FileError as error:
            status = process.fail(f"changing permissions of '{name}': {error.reason}")
    return status


def _number(text: str) -> int | None:
    """The number of an account or a group, as chown takes it; None for a text that is none."""
    digits = text.removeprefix("+")
    return int(digits) if re.fullmatch("[0-9]{1,10}", digits) and int(digits) < NOBODY_AT_ALL else None


def known_owner(process: Process, text: str) -> str | None:
    """An owner by name or by number; None for a name that no account has."""
    accounts = process.machine.accounts
    if text in accounts:
        return text
    number = _number(text)
    if number is None:
        return None
    return next((account.name for account in accounts.values() if account.uid == number), str(number))


def known_group(process: Process, text: str) -> int | None:
    """The number of a group that is given by name or by number; None for an unknown name."""
    return process.machine.groups().get(text, _number(text))


class Whose(NamedTuple):
    """An owner and the number of a group, each None where it stays."""

    owner: str | None
    group: int | None


def _whose(process: Process, text: str) -> Whose:
    """What chown is told: `OWNER`, `OWNER:GROUP`, `OWNER:` (his own group), `:GROUP`.  Raises CommandError."""
    name, colon, group_name = text.partition(":")
    if not colon and known_owner(process, text) is None and "." in text:
        name, colon, group_name = text.partition(".")
        if known_owner(process, name) is not None:
            process.fail(f"warning: '.' should be ':': ‘{text}’")
    owner = group = None
    if name:
        owner = known_owner(process, name)
        if owner is None:
            raise CommandError(f"invalid user: ‘{text}’")
    if group_name:
        group = known_group(process, group_name)
        if group is None:
            raise CommandError(f"invalid group: ‘{text}’")
    elif colon and owner is not None:
        if owner not in process.machine.accounts:
            raise CommandError(f"invalid spec: ‘{text}’")
        group = process.machine.gid(owner)
    return Whose(owner, group)


def chown(process: Process) -> int:
    """Give files to another account or group; chgrp to another group."""
    given = options(process, "Rvcfh", {"recursive": "R"})
    if len(given.operands) < 2:
        raise missing(process, f"missing operand after ‘{given.operands[0]}’" if given.operands else "missing operand")
    text, *names = given.operands
    if process.name == "chown":
        owner, group = _whose(process, text)
    else:
        owner, group = None, known_group(process, text) if text else None
        if text and group is None:
            raise CommandError(f"invalid group: ‘{text}’")
    status = 0
    for name in _everything(process, given, names):
        try:
            if not process.files.exists(name):
                status = process.fail(f"cannot access '{name}': {NO_FILE}")
            else:
                process.files.change(name, owner=owner, group=group)
        except FileError as error:
            what = "ownership" if process.name == "chown" else "group"
            status = process.fail(f"changing {what} of '{name}': {error.reason}")
    return status


INSTALL_LONG = {
    "directory": "d", "mode": "m", "owner": "o", "group": "g", "target-directory": "t", "no-target-directory": "T",
    "verbose": "v", "preserve-timestamps": "p",
}  # fmt: skip


def install(process: Process) -> int:
    """Copy files, or (-d) make folders, and say whose they are and who may do what."""
    given = options(process, "dDm:o:g:t:Tvpcbs", INSTALL_LONG)
    if "d" in given and not given.operands:
        raise missing(process, "missing file operand")
    whose = _asked(process, given)
    try:
        mode = changed_mode(given.value("m", "755"), 0, "d" in given, 0)
    except CommandError:
        raise CommandError(f"invalid mode ‘{given.value('m')}’") from None
    status = 0
    pairs = [(name, name) for name in given.operands] if "d" in given else targets(process, given)
    for source, target in pairs:
        try:
            if "d" in given:
                _install_folder(process, target, "v" in given)
            else:
                _install_file(process, source, target, given)
            process.files.change(target, owner=whose.owner, group=whose.group)
            process.files.change(target, mode=mode)
        except CommandError as error:
            status = process.fail(error.text)
        except FileError as error:
            status = process.fail(f"cannot change ownership of '{target}': {error.reason}")
    return status


def _asked(process: Process, given: Options) -> Whose:
    """Whom install gives files to.  Raises CommandError."""
    owner = known_owner(process, given.value("o")) if "o" in given else None
    if "o" in given and owner is None:
        raise CommandError(f"invalid user ‘{given.value('o')}’")
    group = known_group(process, given.value("g")) if "g" in given else None
    if "g" in given and group is None:
        raise CommandError(f"invalid group ‘{given.value('g')}’")
    return Whose(owner, group)


def _install_folder(process: Process, name: str, told: bool) -> None:
    """Make a folder and those above it.  Raises CommandError."""
    if process.files.is_folder(name):
        return
    try:
        make_all(process, name)
    except FileError as error:
        raise CommandError(f"cannot create directory ‘{error.path}’: {error.reason}") from None
    if told:
        process.print(f"{process.name}: creating directory '{name}'")


def _install_file(process: Process, source: str, target: str, given: Options) -> None:
    """Put a copy of a file in the place of what is there.  Raises CommandError."""
    files = process.files
    if not files.exists(source):
        raise CommandError(f"cannot stat '{source}': {NO_FILE}")
    if files.is_folder(source):
        raise CommandError(f"omitting directory '{source}'")
    if files.path(source) == files.path(target):
        raise CommandError(f"'{source}' and '{target}' are the same file")
    if files.is_folder(target):
        raise CommandError(f"cannot overwrite directory '{target}' with non-directory")
    if "D" in given:
        _install_folder(process, posixpath.dirname(target) or ".", "v" in given)
    try:
        if files.is_file(target) or files.is_link(target):
            files.remove(target)
    except FileError as error:
        raise CommandError(f"cannot remove '{target}': {error.reason}") from None
    copy_file(process, source, target, "p" in given)
    if "v" in given:
        process.print(f"'{source}' -> '{target}'")


TOOLS: dict[str, Tool] = {function.__name__: plain(function) for function in (chmod, chown, install)}
TOOLS["chgrp"] = plain(chown)
