"""diff: what is different in two files, or in the files of two folders.

The changes are those that GNU diff finds: as few as can be, each as far down as it may stand.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from simmail.files.tree import FileError
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


class Comparison:
    """Which lines of two files are not in the other, in their order.

    Args:
        process: diff, whose steps are counted.
        first, second: what the lines are compared by.

    Attributes:
        removed, added: whether each line of the first, of the second is such a one; one more, for the end.
    """

    def __init__(self, process: Process, first: list[str], second: list[str]) -> None:
        self._job = process.job
        known, other = set(first), set(second)
        self.removed = [line not in other for line in first] + [False]
        self.added = [line not in known for line in second] + [False]
        # A line that the other file has nowhere is a change, whatever becomes of the rest.
        self._places = [n for n, gone in enumerate(self.removed[:-1]) if not gone]
        self._others = [n for n, new in enumerate(self.added[:-1]) if not new]
        self._first, self._second = [first[n] for n in self._places], [second[n] for n in self._others]
        self._compare(0, len(self._places), 0, len(self._others))
        self._shift(first, self.removed, self.added)
        self._shift(second, self.added, self.removed)

    def changes(self) -> Iterator[Change]:
        """The changes, from the first line to the last."""
        a = c = 0
        while a < len(self.removed) and c < len(self.added):
            b, d = a, c
            while self.removed[b]:
                b += 1
            while self.added[d]:
                d += 1
            if b > a or d > c:
                yield Change(a, b, c, d)
            a, c = b + 1, d + 1

    def _compare(self, a: int, b: int, c: int, d: int) -> None:
        """Mark what differs between lines `a` to `b` and `c` to `d` of those that both have."""
        first, second = self._first, self._second
        while a < b and c < d and first[a] == second[c]:
            a, c = a + 1, c + 1
        while a < b and c < d and first[b - 1] == second[d - 1]:
            b, d = b - 1, d - 1
        if a == b or c == d:
            for n in range(a, b):
                self.removed[self._places[n]] = True
            for n in range(c, d):
                self.added[self._others[n]] = True
            return
        x, y = self._middle(a, b, c, d)
        self._compare(a, x, c, y)
        self._compare(x, b, y, d)

    def _middle(self, a: int, b: int, c: int, d: int) -> tuple[int, int]:
        """Where a shortest way from one end to the other has its middle (Myers 1986): both ends walk till they meet."""
        first, second = self._first, self._second
        least, most, start, goal = a - d, b - c, a - c, b - d
        odd = (start - goal) & 1
        forth, back = {start: a}, {goal: b}
        low, high, under, over = start, start, goal, goal
        while True:
            low, high = _wider(forth, low, high, least, most, -1)
            self._job.step((high - low) // 2 + 1)
            for k in range(high, low - 1, -2):
                x = max(forth[k - 1] + 1, forth[k + 1])
                while x < b and x - k < d and first[x] == second[x - k]:
                    x += 1
                forth[k] = x
                if odd and under <= k <= over and back[k] <= x:
                    return x, x - k
            under, over = _wider(back, under, over, least, most, b + d + 1)
            for k in range(over, under - 1, -2):
                x = min(back[k - 1], back[k + 1] - 1)
                while x > a and x - k > c and first[x - 1] == second[x - k - 1]:
                    x -= 1
                back[k] = x
                if not odd and low <= k <= high and x <= forth[k]:
                    return x, x - k

    def _shift(self, text: list[str], changed: list[bool], other: list[bool]) -> None:
        """Move each run of changed lines as far down as it may stand, or to where the other file has one too.

        `j` is the place in the other file that goes with the end of the run, `i`.
        """
        i = j = 0
        end = len(text)
        while True:
            while i < end and not changed[i]:
                i, j = i + 1, _past(other, j) + 1
            if i == end:
                return
            start, i, j = i, _past(changed, i), _past(other, j)
            length = -1
            while length != i - start:
                length = i - start
                self._job.step()
                while start and text[start - 1] == text[i - 1]:
                    start, i, j = start - 1, i - 1, _back(other, j)
                    changed[start], changed[i] = True, False
                    while changed[start - 1]:
                        start -= 1
                beside = i if other[j - 1] else end
                while i != end and text[start] == text[i]:
                    changed[start], changed[i] = False, True
                    start, i, j = start + 1, _past(changed, i), j + 1
                    if other[j]:
                        beside, j = i, _past(other, j)
            while beside < i:
                start, i, j = start - 1, i - 1, _back(other, j)
                changed[start], changed[i] = True, False


def _past(changed: list[bool], place: int) -> int:
    """The first line from a place on that is not changed."""
    while changed[place]:
        place += 1
    return place


def _back(changed: list[bool], place: int) -> int:
    """The last line before a place that is not changed."""
    place -= 1
    while changed[place]:
        place -= 1
    return place


def _wider(reached: dict[int, int], low: int, high: int, least: int, most: int, beyond: int) -> tuple[int, int]:
    """One diagonal more to each side, as far as there are any; what lies outside is `beyond` reach."""
    if low > least:
        low -= 1
        reached[low - 1] = beyond
    else:
        low += 1
    if high < most:
        high += 1
        reached[high + 1] = beyond
    else:
        high -= 1
    return low, high


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
        found = Comparison(self.process, first, second).changes()
        return [Change(*(line + start for line in change)) for change in found]

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
