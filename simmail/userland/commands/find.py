"""find: walks through folders and does something with what it finds."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.ls import permissions
from simmail.userland.files import Stat
from simmail.userland.process import CommandError, LaunchError, Process, Tool, launch
from simmail.userland.shell.patterns import Glob

DEEPEST = 30


@dataclass(slots=True)
class Entry:
    """Something found.

    Args:
        name: as one gets to it from where the search began.
        stat: what it is.
        depth: how many folders below that.
    """

    name: str
    stat: Stat
    depth: int


#: What a row of conditions and actions comes to for one entry.
Check = Callable[["Walk", Entry], Decision[bool]]


class Quit(Exception):
    """`-quit`."""


class Walk:
    """One run of find.

    Args:
        process: find.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.status = 0
        self.least, self.most = 0, 10_000
        self.depth_first = self.pruned = False
        self.batches: list[tuple[list[str], list[str]]] = []

    def walk(self, name: str, check: Check, depth: int = 0) -> Decision[None]:
        """Look at a name, and at what lies below it."""
        process = self.process
        process.job.step()
        try:
            stat = process.files.lstat(name)
        except FileError as error:
            self.status = process.fail(f"‘{name}’: {error.reason}")
            return
        entry = Entry(name, stat, depth)
        self.pruned = False
        if not self.depth_first and depth >= self.least:
            yield from check(self, entry)
        if stat.kind == "d" and depth < self.most and not self.pruned:
            try:
                names = process.files.listing(name, stored=True)
            except FileError as error:
                self.status = process.fail(f"‘{name}’: {error.reason}")
                names = []
            for inner in names:
                yield from self.walk(f"{name.rstrip('/')}/{inner}", check, depth + 1)
        if self.depth_first and depth >= self.least:
            yield from check(self, entry)

    def run(self, words: list[str], name: str) -> Decision[int]:
        """Run a program with a name put in the place of `{}`."""
        filled = [word.replace("{}", name) for word in words]
        return (yield from self.start(filled))

    def start(self, words: list[str]) -> Decision[int]:
        """Run a program."""
        try:
            return (yield from launch(self.process, tuple(words)))
        except LaunchError as error:
            self.process.fail(f"‘{words[0]}’: {error.reason}")
            return error.status


# ---- conditions


def _pure(test: Callable[[Entry], bool]) -> Check:
    def check(walk: Walk, entry: Entry) -> Decision[bool]:
        yield from ()
        return test(entry)

    return check


def _base(entry: Entry) -> str:
    return posixpath.basename(entry.name.rstrip("/")) or "/"


def _compared(text: str, what: str) -> Callable[[float], bool]:
    """`5`, `+5`, `-5`: whether a number is that, more, less."""
    found = re.fullmatch(r"([-+]?)(\d{1,12})", text)
    if found is None:
        raise CommandError(f"invalid argument `{text}' to `{what}'")
    sign, number = found.group(1), int(found.group(2))
    if sign == "+":
        return lambda value: value > number
    return (lambda value: value < number) if sign == "-" else (lambda value: value == number)


class Reader:
    """Reads find's expression.

    Args:
        walk: the run that it is for.
        words: the expression.
    """

    def __init__(self, walk: Walk, words: list[str]) -> None:
        self.walk, self.words, self.position, self.depth = walk, words, 0, 0
        self.acts = False

    def peek(self) -> str | None:
        """The next word."""
        return self.words[self.position] if self.position < len(self.words) else None

    def argument(self, what: str) -> str:
        """The word behind a predicate."""
        word = self.peek()
        if word is None:
            raise CommandError(f"missing argument to `{what}'")
        self.position += 1
        return word

    def whole(self) -> Check:
        """The whole expression; printing is what it does when nothing else is said."""
        check: Check = _pure(lambda entry: True)
        if self.words:
            check = self.either()
            if self.peek() is not None:
                raise CommandError("you have too many ')'")
        return check if self.acts else _both(check, _print("\n"))

    def either(self) -> Check:
        """`a -o b`."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise CommandError("nested too deeply")
        check = self.both()
        while self.peek() in ("-o", "-or"):
            self.position += 1
            check = _either(check, self.both())
        self.depth -= 1
        return check

    def both(self) -> Check:
        """`a b`."""
        check = self.one()
        while (word := self.peek()) is not None and word not in ("-o", "-or", ")"):
            if word in ("-a", "-and"):
                self.position += 1
            check = _both(check, self.one())
        return check

    def one(self) -> Check:
        """A condition, an action, a negation, parentheses."""
        word = self.peek()
        if word is None:
            raise CommandError("expected an expression after the last operator")
        self.position += 1
        if word in ("!", "-not"):
            return _not(self.one())
        if word == "(":
            check = self.either()
            if self.peek() != ")":
                raise CommandError("invalid expression; I was expecting to find a ')' somewhere but did not see one.")
            self.position += 1
            return check
        reader = PREDICATES.get(word)
        if reader is None:
            if not word.startswith("-"):
                raise CommandError(f"paths must precede expression: `{word}'")
            raise CommandError(f"unknown predicate `{word}'")
        return reader(self, word)

    # ---- predicates

    def name(self, word: str) -> Check:
        """-name, -iname."""
        text = self.argument(word)
        glob, fold = Glob(text.lower() if word == "-iname" else text), word == "-iname"
        return _pure(lambda entry: glob.matches(_base(entry).lower() if fold else _base(entry)))

    def path(self, word: str) -> Check:
        """-path."""
        glob = Glob(self.argument(word))
        return _pure(lambda entry: glob.matches(entry.name))

    def kind(self, word: str) -> Check:
        """-type."""
        kinds = self.argument(word)
        if not re.fullmatch("[bcdpflsD](,[bcdpflsD])*", kinds):
            raise CommandError(f"Unknown argument to -type: {kinds[:1]}")
        return _pure(lambda entry: entry.stat.kind in kinds)

    def size(self, word: str) -> Check:
        """-size."""
        text = self.argument(word)
        unit = {"c": 1, "w": 2, "b": 512, "k": 1024, "M": 1024**2, "G": 1024**3}.get(text[-1:])
        compared = _compared(text[:-1] if unit else text, word)
        return _pure(lambda entry: compared(-(-entry.stat.size // (unit or 512))))

    def empty(self, word: str) -> Check:
        """-empty."""
        files = self.walk.process.files

        def test(entry: Entry) -> bool:
            return not (files.listing(entry.name) if entry.stat.kind == "d" else entry.stat.size)

        return _pure(test)

    def age(self, word: str) -> Check:
        """-mtime, -mmin."""
        unit = 86400 if word.endswith("time") else 60
        compared = _compared(self.argument(word), word)
        now = self.walk.process.now
        return _pure(lambda entry: compared((now - entry.stat.modified) // unit))

    def newer(self, word: str) -> Check:
        """-newer."""
        name = self.argument(word)
        try:
            than = self.walk.process.files.stat(name).modified
        except FileError as error:
            raise CommandError(f"‘{name}’: {error.reason}") from None
        return _pure(lambda entry: entry.stat.modified > than)

    def user(self, word: str) -> Check:
        """-user."""
        name, machine = self.argument(word), self.walk.process.machine
        if name not in machine.accounts and not name.isdecimal():
            raise CommandError(f"‘{name}’ is not the name of a known user")
        uid = machine.uid(name)
        return _pure(lambda entry: machine.uid(entry.stat.owner) == uid)

    def group(self, word: str) -> Check:
        """-group."""
        name = self.argument(word)
        gid = self.walk.process.machine.groups().get(name)
        if gid is None and not name.isdecimal():
            raise CommandError(f"‘{name}’ is not the name of an existing group")
        wanted = str(gid) if gid is not None else name
        return _pure(lambda entry: str(entry.stat.group) == wanted)

    def number(self, word: str) -> Check:
        """-uid, -gid."""
        compared, machine = _compared(self.argument(word), word), self.walk.process.machine
        if word == "-gid":
            return _pure(lambda entry: compared(entry.stat.group))
        return _pure(lambda entry: compared(machine.uid(entry.stat.owner)))

    def nameless(self, word: str) -> Check:
        """-nouser, -nogroup."""
        machine = self.walk.process.machine
        if word == "-nouser":
            return _pure(lambda entry: entry.stat.owner not in machine.accounts)
        return _pure(lambda entry: entry.stat.group not in machine.groups().values())

    def permission(self, word: str) -> Check:
        """-perm with octal digits."""
        text = self.argument(word)
        if not re.fullmatch("[-/]?[0-7]{1,5}", text):
            raise CommandError(f"invalid mode ‘{text}’")
        bits = int(text.lstrip("-/"), 8)
        if text.startswith("-"):
            return _pure(lambda entry: entry.stat.mode & bits == bits)
        if text.startswith("/"):
            return _pure(lambda entry: bool(entry.stat.mode & bits))
        return _pure(lambda entry: entry.stat.mode == bits)

    def limit(self, word: str) -> Check:
        """-maxdepth, -mindepth, -depth."""
        if word != "-depth":
            text = self.argument(word)
            if not (text.isdecimal() and text.isascii()):
                raise CommandError(f"Expected a positive decimal integer argument to {word}, but got ‘{text}’")
            if word == "-maxdepth":
                self.walk.most = int(text[:6])
            else:
                self.walk.least = int(text[:6])
        else:
            self.walk.depth_first = True
        return _pure(lambda entry: True)

    def truth(self, word: str) -> Check:
        """-true, -false."""
        return _pure(lambda entry: word == "-true")

    def ignored(self, word: str) -> Check:
        """-xdev and the like: there is one file system."""
        return _pure(lambda entry: True)

    def printed(self, word: str) -> Check:
        """-print, -print0."""
        self.acts = True
        return _print("\0" if word == "-print0" else "\n")

    def listed(self, word: str) -> Check:
        """-ls."""
        self.acts = True

        def check(walk: Walk, entry: Entry) -> Decision[bool]:
            yield from ()
            walk.process.print(f"{permissions(entry.stat)} {entry.stat.owner} {entry.stat.size:8d} {entry.name}")
            return True

        return check

    def executed(self, word: str) -> Check:
        """-exec."""
        self.acts = True
        words: list[str] = []
        while (part := self.peek()) is not None and part != ";" and not (part == "+" and words[-1:] == ["{}"]):
            words.append(part)
            self.position += 1
        if part is None or not words:
            raise CommandError(f"missing argument to `{word}'")
        self.position += 1
        if part == "+":
            batch: tuple[list[str], list[str]] = (words[:-1], [])
            self.walk.batches.append(batch)

            def collect(walk: Walk, entry: Entry) -> Decision[bool]:
                yield from ()
                batch[1].append(entry.name)
                return True

            return collect

        def check(walk: Walk, entry: Entry) -> Decision[bool]:
            return (yield from walk.run(words, entry.name)) == 0

        return check

    def deleted(self, word: str) -> Check:
        """-delete."""
        self.acts = self.walk.depth_first = True

        def check(walk: Walk, entry: Entry) -> Decision[bool]:
            yield from ()
            files = walk.process.files
            try:
                (files.remove_folder if entry.stat.kind == "d" else files.remove)(entry.name)
            except FileError as error:
                walk.status = walk.process.fail(f"cannot delete ‘{entry.name}’: {error.reason}")
                return False
            return True

        return check

    def pruned(self, word: str) -> Check:
        """-prune."""

        def check(walk: Walk, entry: Entry) -> Decision[bool]:
            yield from ()
            walk.pruned = True
            return True

        return check

    def quit(self, word: str) -> Check:
        """-quit."""

        def check(walk: Walk, entry: Entry) -> Decision[bool]:
            yield from ()
            raise Quit

        return check


def _print(end: str) -> Check:
    def check(walk: Walk, entry: Entry) -> Decision[bool]:
        yield from ()
        walk.process.write(entry.name + end)
        return True

    return check


def _both(first: Check, second: Check) -> Check:
    def check(walk: Walk, entry: Entry) -> Decision[bool]:
        return (yield from first(walk, entry)) and (yield from second(walk, entry))

    return check


def _either(first: Check, second: Check) -> Check:
    def check(walk: Walk, entry: Entry) -> Decision[bool]:
        return (yield from first(walk, entry)) or (yield from second(walk, entry))

    return check


def _not(inner: Check) -> Check:
    def check(walk: Walk, entry: Entry) -> Decision[bool]:
        return not (yield from inner(walk, entry))

    return check


PREDICATES: dict[str, Callable[[Reader, str], Check]] = {
    **dict.fromkeys(("-name", "-iname"), Reader.name),
    **dict.fromkeys(("-path", "-wholename"), Reader.path),
    **dict.fromkeys(("-mtime", "-mmin", "-ctime", "-cmin", "-atime", "-amin"), Reader.age),
    **dict.fromkeys(("-maxdepth", "-mindepth", "-depth"), Reader.limit),
    **dict.fromkeys(("-true", "-false"), Reader.truth),
    **dict.fromkeys(("-xdev", "-mount", "-noleaf", "-follow"), Reader.ignored),
    **dict.fromkeys(("-print", "-print0"), Reader.printed),
    **dict.fromkeys(("-exec", "-execdir", "-ok"), Reader.executed),
    "-type": Reader.kind,
    "-size": Reader.size,
    "-empty": Reader.empty,
    "-newer": Reader.newer,
    **dict.fromkeys(("-uid", "-gid"), Reader.number),
    **dict.fromkeys(("-nouser", "-nogroup"), Reader.nameless),
    "-user": Reader.user,
    "-group": Reader.group,
    "-perm": Reader.permission,
    "-ls": Reader.listed,
    "-delete": Reader.deleted,
    "-prune": Reader.pruned,
    "-quit": Reader.quit,
}


def find(process: Process) -> Decision[int]:
    """Look for files below folders."""
    words = list(process.argv[1:])
    while words and words[0] in ("-H", "-L", "-P"):
        words.pop(0)
    names: list[str] = []
    while words and not words[0].startswith("-") and words[0] not in ("(", "!"):
        names.append(words.pop(0))
    walk = Walk(process)
    check = Reader(walk, words).whole()
    try:
        for name in names or ["."]:
            if not process.files.exists(name):
                walk.status = process.fail(f"‘{name}’: No such file or directory")
            else:
                yield from walk.walk(name, check)
    except Quit:
        pass
    for command, found in walk.batches:
        if found and (yield from walk.start(command + found)):
            walk.status = 1
    return walk.status


TOOLS = {"find": Tool(find)}
