"""diff: what is different in two files, or in the files of two folders.

Where texts are very different the real one may find other changes, and fewer.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from difflib import SequenceMatcher
from typing import NamedTuple

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.options import Options, lines, options, read_operand
from simmail.userland.process import CommandError, Process, Tool

LONG = {
    "unified": "u", "recursive": "r", "brief": "q", "report-identical-files": "s", "ignore-case": "i",
    "ignore-all-space": "w", "ignore-space-change": "b", "new-file": "N", "text": "a",
}  # fmt: skip
HINT = "Try 'diff --help' for more information."
NO_NEWLINE = "\\ No newline at end of file\n"
CONTEXT = 3


class Change(NamedTuple):
    """Lines `a` to before `b` of the first file stand where the second has its lines `c` to before `d`."""

    a: int
    b: int
    c: int
    d: int


def compared(process: Process, first: list[str], second: list[str]) -> list[Change]:
    """What differs between two texts, from the first line to the last.

    Args:
        process: diff, whose steps are counted.
        first, second: what the lines are compared by.
    """
    often = Counter(first)
    process.job.step(sum(often[line] for line in second))
    found: list[Change] = []
    for what, *change in reversed(SequenceMatcher(None, first, second, autojunk=False).get_opcodes()):
        if what == "equal":
            continue
        a, b, c, d = change
        end = found[-1].a if found else len(first)
        # lines that are only gone or only new stand as far down as they may
        while b < end and ((c == d and first[a] == first[b]) or (a == b and second[c] == second[d])):
            a, b, c, d = a + 1, b + 1, c + 1, d + 1
        if found and b == end:
            _, b, _, d = found.pop()
        found.append(Change(a, b, c, d))
    return found[::-1]


class Printer:
    """One run of diff.

    Args:
        process: diff.
        given: its options.
        context: how many lines are shown around a change; None for diff's own format.
    """

    def __init__(self, process: Process, given: Options, context: int | None) -> None:
        self.process, self.given, self.context = process, given, context
        self.words = " ".join(["diff", *(word for word in process.argv[1:] if word.startswith("-") and word != "-")])

    def files(self, first: str, second: str, title: str = "") -> Decision[int]:
        """Compare two files; the exit status.

        Args:
            first, second: their names.
            title: a line that stands before what differs.
        """
        process, given = self.process, self.given
        texts: list[str] = []
        status = 0
        for name in (first, second):
            try:
                gone = "N" in given and not process.files.exists(name) and name != "-"
                texts.append("" if gone else (yield from read_operand(process, name)))
            except FileError as error:
                status = process.fail(f"{name}: {error.reason}", 2)
        if status:
            return status
        a, b = (lines(text) for text in texts)
        changes = [] if a == b else self._changes(a, b)
        if not changes:
            if "s" in given:
                process.print(f"Files {first} and {second} are identical")
            return 0
        if "q" in given:
            process.print(f"Files {first} and {second} differ")
            return 1
        process.write(title)
        if self.context is None:
            self._normal(a, b, changes)
        else:
            process.write(f"--- {first}\t{self._stamp(first)}\n+++ {second}\t{self._stamp(second)}\n")
            self._unified(a, b, changes, self.context)
        return 1

    def folders(self, first: str, second: str) -> Decision[int]:
        """Compare what is in two folders; the exit status."""
        process, files = self.process, self.process.files
        there, here = set(files.listing(second)), set(files.listing(first))
        status = 0
        for name in sorted(there | here):
            process.job.step()
            a, b = f"{first.rstrip('/')}/{name}", f"{second.rstrip('/')}/{name}"
            if not (name in here and name in there) and "N" not in self.given:
                process.print(f"Only in {first if name in here else second}: {name}")
                found = 1
            elif files.is_folder(a) and files.is_folder(b):
                found = 0
                if "r" in self.given:
                    found = yield from self.folders(a, b)
                else:
                    process.print(f"Common subdirectories: {a} and {b}")
            elif files.is_folder(a) or files.is_folder(b):
                kinds = ["directory" if files.is_folder(path) else "regular file" for path in (a, b)]
                process.print(f"File {a} is a {kinds[0]} while file {b} is a {kinds[1]}")
                found = 1
            else:
                found = yield from self.files(a, b, f"{self.words} {a} {b}\n")
            status = max(status, found)
        return status

    def _changes(self, a: list[str], b: list[str]) -> list[Change]:
        """What differs; no change is moved into what is the same at both ends, further than is shown of it."""
        kept = self.context or 0
        same = next((n for n, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))
        start = max(0, same - kept)
        ends = zip(reversed(a[start:]), reversed(b[start:]), strict=False)
        same = next((n for n, (one, other) in enumerate(ends) if one != other), min(len(a), len(b)) - start)
        end = max(0, same - kept)
        first, second = (self._keys(text[start : len(text) - end]) for text in (a, b))
        return [Change(*(line + start for line in change)) for change in compared(self.process, first, second)]

    def _keys(self, text: list[str]) -> list[str]:
        """What lines are compared by: themselves, or as far as the options look at them."""
        if "w" in self.given:
            text = ["".join(line.split()) for line in text]
        elif "b" in self.given:
            text = [" ".join(line.rstrip().split(" ")) for line in text]
        return [line.lower() for line in text] if "i" in self.given else text

    def _stamp(self, name: str) -> str:
        """When a file was changed last."""
        files, calendar = self.process.files, self.process.machine.calendar
        moment = files.stat(name).modified if name != "-" and files.exists(name) else self.process.now
        return f"{calendar.at(moment):%Y-%m-%d %H:%M:%S}.000000000 +0000"

    def _normal(self, a: list[str], b: list[str], changes: list[Change]) -> None:
        """Print changes in diff's own format."""
        for change in changes:
            old, new = change.b > change.a, change.d > change.c
            letter = "c" if old and new else "d" if old else "a"
            self.process.print(_range(change.a, change.b) + letter + _range(change.c, change.d))
            self._lines("< ", a[change.a : change.b])
            self.process.write("---\n" if old and new else "")
            self._lines("> ", b[change.c : change.d])

    def _unified(self, a: list[str], b: list[str], changes: list[Change], context: int) -> None:
        """Print changes in the unified format."""
        hunks: list[list[Change]] = []
        for change in changes:
            if hunks and change.a - hunks[-1][-1].b <= 2 * context:
                hunks[-1].append(change)
            else:
                hunks.append([change])
        for hunk in hunks:
            before, after = min(context, hunk[0].a), min(context, len(a) - hunk[-1].b)
            start, end = hunk[0].a - before, hunk[-1].b + after
            spans = _span(start, end), _span(hunk[0].c - before, hunk[-1].d + after)
            self.process.print(f"@@ -{spans[0]} +{spans[1]} @@")
            for change in hunk:
                self._lines(" ", a[start : change.a])
                self._lines("-", a[change.a : change.b])
                self._lines("+", b[change.c : change.d])
                start = change.b
            self._lines(" ", a[start:end])

    def _lines(self, mark: str, text: list[str]) -> None:
        for line in text:
            self.process.write(mark + line + ("" if line.endswith("\n") else f"\n{NO_NEWLINE}"))


def _range(start: int, end: int) -> str:
    """Line numbers in diff's own format; of no lines, the one before."""
    return f"{start + 1},{end}" if end - start > 1 else str(end)


def _span(start: int, end: int) -> str:
    """The same in the unified format: the first, and how many."""
    count = end - start
    return str(start + 1) if count == 1 else f"{start + (count > 0)},{count}"


def diff(process: Process) -> Decision[int]:
    """Print what is different in two files, or in the files of two folders."""
    given = options(process, "uU:rqsiwbNa", LONG, status=2)
    names = given.operands
    if len(names) < 2:
        raise CommandError(f"missing operand after '{names[0] if names else process.argv[-1]}'\ndiff: {HINT}", 2)
    if len(names) > 2:
        raise CommandError(f"extra operand '{names[2]}'\ndiff: {HINT}", 2)
    context = CONTEXT if "u" in given else None
    if "U" in given:
        if not given.value("U").isdecimal():
            raise CommandError(f"invalid context length '{given.value('U')}'\ndiff: {HINT}", 2)
        context = int(given.value("U")[:9])
    printer, files = Printer(process, given, context), process.files
    first, second = names
    if files.is_folder(first) and files.is_folder(second):
        return (yield from printer.folders(first, second))
    if files.is_folder(second) and first != "-":
        second = f"{second.rstrip('/')}/{posixpath.basename(first)}"
    elif files.is_folder(first) and second != "-":
        first = f"{first.rstrip('/')}/{posixpath.basename(second)}"
    return (yield from printer.files(first, second))


TOOLS = {"diff": Tool(diff)}
