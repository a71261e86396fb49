"""rm, cp, mv, mkdir, rmdir, touch: commands that make, move and remove files."""

from __future__ import annotations

import posixpath
import re
from datetime import UTC, datetime

from simmail.files.base_system import SET_GROUP
from simmail.files.file_errors import IS_DIRECTORY, NO_FILE, FileError
from simmail.userland.commands.modes import changed_mode
from simmail.userland.commands.options import Options, options
from simmail.userland.files import Stat
from simmail.userland.process import CommandError, Process, Tool, plain

DEEPEST = 100


def below(process: Process, name: str) -> list[str]:
    """The names of all that lies in a folder, deepest first, as one gets to them from `name`."""
    found: list[str] = []
    for entry in process.files.listing(name):
        full = f"{name.rstrip('/')}/{entry}" if name != "/" else "/" + entry
        process.job.step()
        if process.files.is_folder(full) and not process.files.is_link(full):
            found += below(process, full)
        found.append(full)
    return found


def missing(process: Process, what: str = "missing operand") -> CommandError:
    """What a command says that was told too little."""
    return CommandError(f"{what}\nTry '{process.name} --help' for more information.")


def rm(process: Process) -> int:
    """Remove files."""
    given = options(process, "rRfivdI", {"recursive": "r", "force": "f", "verbose": "v", "dir": "d"})
    force, recursive, told = "f" in given, "r" in given or "R" in given, "v" in given
    if not given.operands and not force:
        raise missing(process)
    status = 0
    files = process.files
    for name in given.operands:
        try:
            if not (files.exists(name) or files.is_link(name)):
                files.locate(name)
                raise FileError(name, NO_FILE)
            if not files.is_folder(name) or files.is_link(name):
                files.remove(name)
                _tell(process, told, f"removed '{name}'")
            elif not recursive:
                raise FileError(name, IS_DIRECTORY)
            elif files.path(name) in (process.folder, "/"):
                status = process.fail(f"refusing to remove '.' or '..' directory: skipping '{name}'")
            else:
                status = _remove_folder(process, name, told) or status
        except FileError as error:
            if not (force and error.reason in (NO_FILE, "Not a directory")):
                status = process.fail(f"cannot remove '{name}': {error.reason}")
    return status


def _tell(process: Process, told: bool, text: str) -> None:
    """Say what was done, where that was asked for (-v)."""
    if told:
        process.print(text)


def _remove_folder(process: Process, name: str, told: bool) -> int:
    status = 0
    files = process.files
    found = [*below(process, name), name]
    folders = {path for path in found if files.is_folder(path) and not files.is_link(path)}
    for path in found:
        try:
            if path not in folders:
                files.remove(path)
            elif files.is_folder(path):  # one of a view has gone with the last of its files
                files.remove_folder(path)
            _tell(process, told, f"removed {'directory ' if path in folders else ''}'{path}'")
        except FileError as error:
            status = process.fail(f"cannot remove '{path}': {error.reason}")
    return status


def targets(process: Process, given: Options) -> list[tuple[str, str]]:
    """What is to be copied or moved, and where to.  Raises CommandError."""
    operands = given.operands
    if "t" in given:
        return [(name, f"{given.value('t').rstrip('/')}/{posixpath.basename(name.rstrip('/'))}") for name in operands]
    if not operands:
        raise missing(process, "missing file operand")
    if len(operands) < 2:
        raise missing(process, f"missing destination file operand after '{operands[0]}'")
    *sources, target = operands
    if process.files.is_folder(target) and "T" not in given:
        return [(name, f"{target.rstrip('/')}/{posixpath.basename(name.rstrip('/'))}") for name in sources]
    if len(sources) > 1:
        reason = "Not a directory" if process.files.exists(target) else NO_FILE
        raise CommandError(f"target '{target}': {reason}")
    return [(sources[0], target)]


def cp(process: Process) -> int:
    """Copy files."""
    given = options(
        process, "rRafipvnt:Tdu", {"recursive": "r", "archive": "a", "force": "f", "preserve": "p", "no-clobber": "n"}
    )
    recursive, keep = any(letter in given for letter in "rRa"), "p" in given or "a" in given
    status = 0
    files = process.files
    for source, target in targets(process, given):
        try:
            if not files.exists(source):
                files.locate(source)
                raise CommandError(f"cannot stat '{source}': {NO_FILE}")
            if files.is_folder(source):
                if not recursive:
                    status = process.fail(f"-r not specified; omitting directory '{source}'")
                else:
                    _copy_folder(process, source, target, keep)
            elif files.path(source) == files.path(target):
                status = process.fail(f"'{source}' and '{target}' are the same file")
            elif not ("n" in given and files.exists(target)):
                copy_file(process, source, target, keep)
                _tell(process, "v" in given, f"'{source}' -> '{target}'")
        except CommandError as error:
            status = process.fail(error.text)
        except FileError as error:
            status = process.fail(f"cannot stat '{source}': {error.reason}")
    return status


def copy_file(process: Process, source: str, target: str, keep: bool) -> None:
    """Copy one file, with `keep` whose it is too.  Raises CommandError."""
    try:
        text = process.files.read(source)
    except FileError as error:
        raise CommandError(f"cannot open '{source}' for reading: {error.reason}") from None
    process.job.spend(len(text))
    try:
        process.files.copy(source, target, keep=keep)
    except FileError as error:
        raise CommandError(f"cannot create regular file '{target}': {error.reason}") from None


def _copy_folder(process: Process, source: str, target: str, keep: bool) -> None:
    files = process.files
    if (files.path(target) + "/").startswith(files.path(source).rstrip("/") + "/"):
        raise CommandError(f"cannot copy a directory, '{source}', into itself, '{target}'")
    for path in [source, *reversed(below(process, source))]:
        there = target + path[len(source.rstrip("/")) :]
        if not files.is_folder(path):
            copy_file(process, path, there, keep)
        elif not files.is_folder(there):
            try:
                files.make_folder(there)
            except FileError as error:
                raise CommandError(f"cannot create directory '{there}': {error.reason}") from None


def mv(process: Process) -> int:
    """Move files."""
    given = options(process, "fivnt:Tu", {"force": "f", "no-clobber": "n", "target-directory": "t"})
    status = 0
    files = process.files
    for source, target in targets(process, given):
        try:
            if not (files.exists(source) or files.is_link(source)):
                files.locate(source)
                raise CommandError(f"cannot stat '{source}': {NO_FILE}")
            if "n" in given and files.exists(target):
                continue
            if files.is_folder(source) and not files.is_link(source):
                _move_folder(process, source, target)
            elif files.path(source) == files.path(target):
                status = process.fail(f"'{source}' and '{target}' are the same file")
            else:
                files.move(source, target)
            if files.path(source) != files.path(target):
                _tell(process, "v" in given, f"renamed '{source}' -> '{target}'")
        except CommandError as error:
            status = process.fail(error.text)
        except FileError as error:
            if not files.exists(source):
                status = process.fail(f"cannot stat '{source}': {error.reason}")
            else:
                status = process.fail(f"cannot move '{source}' to '{target}': {error.reason}")
    return status


def _move_folder(process: Process, source: str, target: str) -> None:
    files = process.files
    if (files.path(target) + "/").startswith(files.path(source).rstrip("/") + "/"):
        raise CommandError(f"cannot move '{source}' to a subdirectory of itself, '{target}'")
    if files.is_file(target):
        raise CommandError(f"cannot overwrite non-directory '{target}' with directory '{source}'")
    owner, mode = files.stat(source).owner, files.stat(source).mode
    paths = below(process, source)
    if not files.is_folder(target):
        files.make_folder(target)
    for path in reversed(paths):
        there = target + path[len(source.rstrip("/")) :]
        if files.is_folder(path):
            files.make_folder(there)
        else:
            files.move(path, there)
    process.machine.files.change_folder(files.path(target), owner=owner, mode=mode)
    for path in [*paths, source]:
        if files.is_folder(path):
            files.remove_folder(path)


def mkdir(process: Process) -> int:
    """Make folders."""
    given = options(process, "pm:v", {"parents": "p", "mode": "m"})
    if not given.operands:
        raise missing(process)
    status = 0
    files = process.files
    for name in given.operands:
        try:
            if "p" in given:
                make_all(process, name)
            else:
                files.make_folder(name)
            if "m" in given:
                files.change(name, mode=changed_mode(given.value("m"), _made(files.stat(name)), True, process.umask))
        except FileError as error:
            status = process.fail(f"cannot create directory ‘{error.path}’: {error.reason}")
    return status


def _made(stat: Stat) -> int:
    """The permissions that mkdir -m goes out from: all, and what the folder has from the one it lies in."""
    return 0o777 | stat.mode & SET_GROUP


def make_all(process: Process, name: str) -> None:
    """Make a folder, and those above it that are not there.  Raises FileError."""
    parts = name.rstrip("/").split("/")
    for count in range(1, len(parts) + 1):
        part = "/".join(parts[:count])
        process.job.step()
        if part and not process.files.is_folder(part):
            process.files.make_folder(part)


def rmdir(process: Process) -> int:
    """Remove empty folders."""
    given = options(process, "pv", {"parents": "p"})
    if not given.operands:
        raise missing(process)
    status = 0
    for name in given.operands:
        try:
            process.files.remove_folder(name)
            above = posixpath.dirname(name.rstrip("/"))
            while "p" in given and above not in ("", "/"):
                process.files.remove_folder(above)
                above = posixpath.dirname(above)
        except FileError as error:
            status = process.fail(f"failed to remove '{error.path}': {error.reason}")
    return status


def touch(process: Process) -> int:
    """Let files have been changed now, or at another time; make those that are not there."""
    given = options(process, "acmd:t:r:h", {"no-create": "c", "date": "d", "reference": "r"})
    if not given.operands:
        raise missing(process, "missing file operand")
    moment: float | None = None
    if "r" in given:
        moment = process.files.stat(given.value("r")).modified
    elif "t" in given or "d" in given:
        moment = _stamp(process, given)
    status = 0
    for name in given.operands:
        if "c" in given and not process.files.exists(name):
            continue
        try:
            process.files.touch(name, moment)
        except FileError as error:
            status = process.fail(f"cannot touch '{name}': {error.reason}")
    return status


def _stamp(process: Process, given: Options) -> float:
    """The time that -t or -d gives, in seconds since the world's start."""
    calendar = process.machine.calendar
    text = given.value("t") or given.value("d")
    if "t" in given:
        found = re.fullmatch(r"(\d{2}|\d{4})?(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{2}))?", text)
        if found is not None:
            year, *rest = found.groups()
            full = int(year) if year and len(year) == 4 else 2000 + int(year) if year else calendar.at(process.now).year
            try:
                month, day, hour, minute, second = (int(part or 0) for part in rest)
                moment = datetime(full, month, day, hour, minute, second, tzinfo=UTC)
                return moment.timestamp() - calendar.epoch
            except ValueError:
                pass
        raise CommandError(f"invalid date format ‘{text}’")
    seconds = read_date(process, text)
    if seconds is None:
        raise CommandError(f"invalid date format ‘{text}’")
    return seconds


UNITS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400, "week": 604800}
NAMED_DAYS = {"now": 0, "today": 0, "yesterday": -86400, "tomorrow": 86400}


def read_date(process: Process, text: str) -> float | None:
    """A date as date -d takes it, in seconds since the world's start; None for one that cannot be read."""
    calendar = process.machine.calendar
    text = text.strip()
    if re.fullmatch(r"@-?\d{1,12}", text):
        return float(text[1:]) - calendar.epoch
    if text in NAMED_DAYS:
        return process.now + NAMED_DAYS[text]
    found = re.fullmatch(r"([-+]?)\s*(\d{1,9})\s*([a-z]+?)s?(\s+ago)?", text)
    if found is not None and found.group(3) in UNITS:
        seconds = int(found.group(2)) * UNITS[found.group(3)]
        return process.now + (-seconds if (found.group(1) == "-") != bool(found.group(4)) else seconds)
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC").removesuffix("Z"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - calendar.epoch


TOOLS: dict[str, Tool] = {function.__name__: plain(function) for function in (rm, cp, mv, mkdir, rmdir, touch)}
