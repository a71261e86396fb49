"""ls and stat: what lies where, whose, how large."""

from __future__ import annotations

from datetime import timedelta

from simmail.files.file_errors import NO_FILE, FileError
from simmail.mail.calendar import MONTHS
from simmail.userland.commands.options import Options, options
from simmail.userland.files import Stat
from simmail.userland.process import LINKS, CommandError, Process, is_installed, plain

RECENT = timedelta(days=182)
LONG = {"all": "a", "almost-all": "A", "directory": "d", "recursive": "R", "reverse": "r", "human-readable": "h"}
#: What stat calls an owner or a group that only has a number.
UNKNOWN = "UNKNOWN"


def group_name(process: Process, gid: int) -> str:
    """The name of a group, or its number where it has none."""
    return next((name for name, number in process.machine.groups().items() if number == gid), str(gid))


def permissions(stat: Stat) -> str:
    """`-rw-r--r--`."""
    kind = "-" if stat.kind == "f" else stat.kind
    letters = ["rwx"[index % 3] if stat.mode & (0o400 >> index) else "-" for index in range(9)]
    for index, bit, letter in ((2, 0o4000, "s"), (5, 0o2000, "s"), (8, 0o1000, "t")):
        if stat.mode & bit:
            letters[index] = letter if letters[index] == "x" else letter.upper()
    return kind + "".join(letters)


def human(size: int) -> str:
    """A size as people read it: `1.5K`."""
    number, unit = float(size), ""
    for unit in ("", "K", "M", "G", "T"):
        if number < 1024 or unit == "T":
            break
        number /= 1024
    if not unit:
        return str(size)
    rounded = -(-number * 10 // 1) / 10
    return f"{rounded:.1f}{unit}" if rounded < 10 else f"{-(-number // 1):.0f}{unit}"


class Listing:
    """One run of ls.

    Args:
        process: ls.
        given: its options.
    """

    def __init__(self, process: Process, given: Options) -> None:
        self.process, self.given = process, given
        self.long = any(letter in given for letter in "lnog")
        self.status = 0

    def shown(self, name: str, full: str, stat: Stat) -> str:
        """A name as it is printed; that of a link with what it says, where all is told."""
        if stat.kind != "l" or not self.long:
            return name
        files = self.process.files
        return f"{name} -> {LINKS.get(files.path(full)) or files.target(full)}"

    def stat(self, name: str, follow: bool) -> Stat | None:
        """What a name is, or what a link leads to; None, and a complaint, where there is nothing."""
        process = self.process
        try:
            if process.files.is_link(name) and not (follow and process.files.exists(name)):
                return process.files.lstat(name)
            if process.files.exists(name):
                return process.files.stat(name)
            path = process.files.locate(name)
            if is_installed(process.commands, path):
                if path in LINKS:
                    return Stat("l", 0o777, "root", 0, len(LINKS[path]), 0.0)
                return Stat("f", 0o755, "root", 0, 0, 0.0)
            raise FileError(name, NO_FILE)
        except FileError as error:
            self.status = process.fail(f"cannot access '{name}': {error.reason}", 2)
            return None

    def ordered(self, rows: list[tuple[str, Stat]]) -> list[tuple[str, Stat]]:
        """Rows in the order that the options ask for."""
        rows = sorted(rows, key=lambda row: row[0])
        how = self.given.last("tSUf")
        if how == "t":
            rows.sort(key=lambda row: -row[1].modified)
        elif how == "S":
            rows.sort(key=lambda row: -row[1].size)
        return rows[::-1] if "r" in self.given else rows

    def show(self, rows: list[tuple[str, Stat]], total: bool) -> None:
        """Print rows."""
        given, process = self.given, self.process
        mark = {"d": "/"} if "F" in given or "p" in given else {}
        if "F" in given:
            mark["l"] = "" if self.long else "@"
        names = [name + mark.get(stat.kind, "*" if "F" in given and stat.mode & 0o111 else "") for name, stat in rows]
        if not self.long:
            for name in names:
                process.print(name)
            return
        if total:
            blocks = sum(_blocks(stat) for _, stat in rows)
            process.print(f"total {human(blocks * 1024) if 'h' in given else blocks}")
        cells = [self._cells(stat) for _, stat in rows]
        widths = [max((len(row[column]) for row in cells), default=0) for column in range(4)]
        for row, name, (_, stat) in zip(cells, names, rows, strict=True):
            links, owner, group, size = row
            shown = [permissions(stat), links.rjust(widths[0])]
            shown += [] if "g" in given else [owner.ljust(widths[1])]
            shown += [] if "o" in given else [group.ljust(widths[2])]
            process.print(" ".join([*shown, size.rjust(widths[3]), self._date(stat), name]))

    def _cells(self, stat: Stat) -> tuple[str, str, str, str]:
        owner = str(self.process.machine.uid(stat.owner)) if "n" in self.given else stat.owner
        group = str(stat.group) if "n" in self.given else group_name(self.process, stat.group)
        size = human(stat.size) if "h" in self.given else str(stat.size)
        return ("2" if stat.kind == "d" else str(stat.links)), owner, group, size

    def _date(self, stat: Stat) -> str:
        calendar = self.process.machine.calendar
        then, now = calendar.at(stat.modified), calendar.at(self.process.now)
        day = f"{MONTHS[then.month - 1]} {then.day:2d}"
        return f"{day} {then:%H:%M}" if now - RECENT < then <= now else f"{day}  {then.year}"

    def folder(self, name: str) -> None:
        """Print what is in a folder, and with -R in those inside it."""
        given = self.given
        try:
            entries = self.process.files.listing(name)
        except FileError as error:
            self.status = self.process.fail(f"cannot open directory '{name}': {error.reason}", 2)
            return
        if "a" not in given and "A" not in given:
            entries = [entry for entry in entries if not entry.startswith(".")]
        elif "a" in given:
            entries = [".", "..", *entries]
        rows = []
        for entry in entries:
            self.process.job.step()
            full = f"{name.rstrip('/')}/{entry}"
            stat = self.stat(full, False)
            if stat is not None:
                rows.append((self.shown(entry, full, stat), stat))
        rows = self.ordered(rows)
        self.show(rows, total=True)
        if "R" in given:
            for entry, stat in rows:
                if stat.kind == "d" and entry not in (".", ".."):
                    inner = f"{name.rstrip('/')}/{entry}"
                    self.process.print(f"\n{inner}:")
                    self.folder(inner)


def _blocks(stat: Stat) -> int:
    return 0 if stat.kind == "l" else -(-stat.size // 4096) * 4


def ls(process: Process) -> int:
    """List what is in folders."""
    listing = Listing(process, options(process, "laAd1RtrhFSinUgofpGqs", LONG | {"size": "s"}, status=2))
    given = listing.given
    follow = not (listing.long or "d" in given)
    rows = [
        (listing.shown(name, name, stat), stat)
        for name in given.operands or ["."]
        if (stat := listing.stat(name, follow)) is not None
    ]
    files = [row for row in rows if row[1].kind != "d" or "d" in given]
    folders = [name for name, _ in listing.ordered([row for row in rows if row[1].kind == "d" and "d" not in given])]
    if files:
        listing.show(listing.ordered(files), total=False)
    titled = len(given.operands) > 1 or "R" in given
    for index, name in enumerate(folders):
        if titled:
            process.print(("\n" if index or files else "") + f"{name}:")
        listing.folder(name)
    return listing.status


PLAIN_STAT = "  File: %n\n  Size: %s\t%F\nAccess: (0%a/%A)  Uid: (%u/%U)  Gid: (%g/%G)\nModify: %y"
KINDS = {"f": "regular file", "d": "directory", "c": "character special file", "l": "symbolic link"}


def stat(process: Process) -> int:
    """Tell what is known of files."""
    given = options(process, "c:Lft", {"format": "c", "printf": "p"})
    if not given.operands:
        raise CommandError("missing operand\nTry 'stat --help' for more information.")
    status = 0
    for name in given.operands:
        target = None if "L" in given else process.files.target(name)
        if target is None and not process.files.exists(name):
            status = process.fail(f"cannot statx '{name}': {NO_FILE}")
            continue
        found = process.files.stat(name) if target is None else process.files.lstat(name)
        group = group_name(process, found.group)
        moment = process.machine.calendar.at(found.modified)
        kind = "regular empty file" if found.kind == "f" and not found.size else KINDS[found.kind]
        values = {
            "n": name,
            "s": str(found.size),
            "a": f"{found.mode:o}",
            "A": permissions(found),
            "U": found.owner if found.owner in process.machine.accounts else UNKNOWN,
            "u": str(process.machine.uid(found.owner)),
            "G": UNKNOWN if group == str(found.group) else group,
            "g": str(found.group),
            "F": kind,
            "Y": f"{process.machine.calendar.unix(found.modified):.0f}",
            "y": f"{moment:%Y-%m-%d %H:%M:%S}.000000000 +0000",
            "h": str(found.links),
            "N": f"'{name}'" + ("" if target is None else f" -> '{target}'"),
            "%": "%",
        }
        process.print(_filled(given.value("c") or PLAIN_STAT, values))
    return status


def _filled(template: str, values: dict[str, str]) -> str:
    parts = template.split("%")
    result = parts[0]
    index = 1
    while index < len(parts):
        part = parts[index]
        if not part and index + 1 < len(parts):
            result += "%" + parts[index + 1]
            index += 2
            continue
        result += values.get(part[:1], "?") + part[1:]
        index += 1
    return result


TOOLS = {"ls": plain(ls), "dir": plain(ls), "stat": plain(stat)}
