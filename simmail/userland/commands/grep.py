"""grep: prints the lines that match."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.options import Inputs, Options, options
from simmail.userland.process import CommandError, Process, Tool
from simmail.userland.regex import Match, Pattern, PatternError, PerlPattern, basic, extended
from simmail.userland.shell.patterns import Glob

LONG = {
    "ignore-case": "i",
    "invert-match": "v",
    "count": "c",
    "line-number": "n",
    "extended-regexp": "E",
    "fixed-strings": "F",
    "basic-regexp": "G",
    "perl-regexp": "P",
    "only-matching": "o",
    "quiet": "q",
    "silent": "q",
    "files-with-matches": "l",
    "files-without-match": "L",
    "recursive": "r",
    "word-regexp": "w",
    "line-regexp": "x",
    "regexp": "e",
    "file": "f",
    "no-filename": "h",
    "with-filename": "H",
    "no-messages": "s",
    "max-count": "m",
    "after-context": "A",
    "before-context": "B",
    "context": "C",
    "include": "I",
    "text": "a",
    "color": "K",
    "colour": "K",
}
USAGE = "Usage: grep [OPTION]... PATTERNS [FILE]..."


class Selector:
    """Tells which lines, and which parts of them, are meant.

    Args:
        given: grep's options.
        texts: the patterns.
        process: who counts the effort.
    """

    def __init__(self, given: Options, texts: list[str], process: Process) -> None:
        self.fold, self.whole, self.words = "i" in given or "y" in given, "x" in given, "w" in given
        kind = given.last("EFGP") or "G"
        self.fixed: list[str] | None = None
        self.patterns: list[Pattern | PerlPattern] = []
        if "P" in given:
            if any(letter in given for letter in "EFG"):
                raise CommandError("conflicting matchers specified", 2)
            if len(given.values("e")) + len(given.values("f")) > 1:
                raise CommandError("the -P option only supports a single pattern", 2)
            try:
                self.patterns = [PerlPattern("\n".join(texts), self.fold, self.words, self.whole)]
            except PatternError as error:
                raise CommandError(str(error), 2) from None
            self.words = self.whole = False
            return
        if kind == "F" or (not self.fold and all(text and text.isalnum() for text in texts)):
            self.fixed = [_folded(text) if self.fold else text for text in texts]
            return
        read = extended if kind == "E" else basic
        for text in texts:
            try:
                self.patterns.append(Pattern(read(text), fold=self.fold, count=process.job.step))
            except PatternError as error:
                raise CommandError(str(error), 2) from None

    def selects(self, line: str) -> bool:
        """Whether a line matches."""
        if self.fixed is None and not (self.whole or self.words):
            return any(pattern.test(line) for pattern in self.patterns)
        if self.fixed is not None:
            text = _folded(line) if self.fold else line
            if self.whole:
                return text in self.fixed
            if not self.words:
                return any(fixed in text for fixed in self.fixed)
        return next(self.spans(line), None) is not None

    def _candidates(self, line: str, position: int) -> Iterator[tuple[int, int]]:
        """For each pattern, the first match at or behind a place."""
        if self.fixed is not None:
            text = _folded(line) if self.fold else line
            for fixed in self.fixed:
                start = text.find(fixed, position)
                if start >= 0:
                    yield start, start + len(fixed)
            return
        for pattern in self.patterns:
            match = pattern.search(line, position)
            if match is not None:
                yield match.start, match.end

    def spans(self, line: str) -> Iterator[tuple[int, int]]:
        """Where a line matches, from left to right."""
        if self.whole:
            found = [Match(line, (start, end)) for start, end in self._candidates(line, 0)]
            if any(match.start == 0 and match.end == len(line) for match in found):
                yield 0, len(line)
            return
        position = 0
        while position <= len(line):
            best = min(self._candidates(line, position), key=lambda span: (span[0], -span[1]), default=None)
            if best is None:
                return
            start, end = best
            if self.words and not _is_apart(line, start, end):
                position = start + 1
                continue
            yield best
            position = end if end > start else end + 1


def _folded(text: str) -> str:
    return text.lower()


def _is_apart(line: str, start: int, end: int) -> bool:
    """Whether no letter of a word stands beside a part of a line."""
    beside = line[start - 1 : start] + line[end : end + 1]
    return not any(char.isalnum() or char == "_" for char in beside)


@dataclass(slots=True)
class Display:
    """How what was found is shown.

    Args:
        names: whether the file's name stands in front.
        numbers: whether the line's number does.
        only: whether only the matching parts are shown.
        before, after: how many lines around are shown too.
        around: whether such lines were asked for.
    """

    names: bool
    numbers: bool
    only: bool
    before: int
    after: int
    around: bool

    def prefix(self, name: str, number: int, mark: str) -> str:
        """What stands in front of a line."""
        return (f"{name}{mark}" if self.names else "") + (f"{number}{mark}" if self.numbers else "")


def _patterns(process: Process, given: Options) -> list[str]:
    """The patterns, from -e, -f, or the first operand."""
    texts = [part for value in given.values("e") for part in value.split("\n")]
    for name in given.values("f"):
        try:
            text = process.stdin if name == "-" else process.files.read(name)
        except FileError as error:
            raise CommandError(f"{error.path}: {error.reason}", 2) from None
        texts += text.removesuffix("\n").split("\n") if text else []
    if "e" not in given and "f" not in given:
        if not given.operands:
            process.complain(f"{USAGE}\nTry 'grep --help' for more information.")
            raise CommandError("", 2)
        texts = given.operands.pop(0).split("\n")
    return texts


def _files(process: Process, given: Options) -> list[str]:
    """The files to search, those in folders too with -r."""
    if "r" not in given and "R" not in given:
        return given.operands or ["-"]
    included = [Glob(text) for text in given.values("I")]
    found = []
    for name in given.operands or ["."]:
        if not process.files.is_folder(name):
            found.append(name)
            continue
        top = process.machine.files.followed(process.files.path(name))
        shown = name.rstrip("/") + "/" if given.operands else ""
        for path in process.machine.files.names(top):
            base = posixpath.basename(path)
            if not included or any(glob.matches(base) for glob in included):
                found.append(shown + path[len(top.rstrip("/")) + 1 :])
    return found


def _number(given: Options, letter: str) -> int:
    text = given.value(letter, "0")
    if not (text.isdecimal() and text.isascii()):
        what = "max count" if letter == "m" else "context length argument"
        raise CommandError(f"invalid {what}" if letter == "m" else f"{text}: invalid {what}", 2)
    return int(text[:9])


def grep(process: Process) -> Decision[int]:
    """Print the lines of files that match a pattern."""
    kind = {"egrep": [("E", "")], "fgrep": [("F", "")]}.get(process.name, [])
    process.argv = ("grep", *process.argv[1:])
    given = options(process, "ivcnEFGPoqlLrRwxe:f:hHsm:A:B:C:ayI:UzK", LONG, status=2, numeric="C", usage=USAGE)
    given.given[:0] = kind
    given.given = [pair for pair in given.given if pair[0] != "K"]
    try:
        texts = _patterns(process, given)
    except CommandError as error:
        if not error.text:
            return error.status
        raise
    selector = Selector(given, texts, process)
    names = _files(process, given)
    recursive = "r" in given or "R" in given
    around = _number(given, "C")
    display = Display(
        names=given.last("hH") == "H" or (given.last("hH") == "" and (len(names) > 1 or recursive)),
        numbers="n" in given,
        only="o" in given,
        before=_number(given, "B") or around,
        after=_number(given, "A") or around,
        around=any(letter in given for letter in "ABC"),
    )
    found, failed = False, False
    for name in names:
        if process.files.is_folder(name) and name != "-":
            if "s" not in given:
                process.fail(f"{name}: Is a directory")
            continue
        search = Search(process, given, selector, display, name)
        try:
            count = yield from search.run()
        except PatternError as error:
            return process.fail(str(error), 2)
        found = found or (count > 0) is not ("L" in given)
        failed = failed or search.failed
        if found and "q" in given:
            return 0
    return 2 if failed and not (found and "q" in given) else int(not found)


class Search:
    """The search of one file.

    Args:
        process: grep.
        given: its options.
        selector: what is looked for.
        display: how it is shown.
        name: the file.

    Attributes:
        failed: whether the file could not be read.
    """

    def __init__(self, process: Process, given: Options, selector: Selector, display: Display, name: str) -> None:
        self.process, self.given, self.selector, self.display, self.name = process, given, selector, display, name
        self.failed = False
        self._waiting: list[tuple[int, str]] = []
        self._shown = self._after = 0

    @property
    def label(self) -> str:
        """The file's name as it is shown."""
        return "(standard input)" if self.name == "-" else self.name

    def _complain(self, error: FileError) -> None:
        self.failed = True
        if "s" not in self.given:
            self.process.fail(f"{error.path}: {error.reason}")

    def run(self) -> Decision[int]:
        """Search; how many lines were selected."""
        given, write = self.given, self.process.write
        quiet = any(letter in given for letter in "qlLc")
        most = _number(given, "m") if "m" in given else 10**9
        wrong = "v" in given
        selects: Callable[[str], bool] = self.selector.selects
        count = number = 0
        inputs = Inputs(self.process, [self.name], self._complain)
        while count < most and (line := (yield from inputs.line())) is not None:
            number += 1
            row = line.removesuffix("\n")
            if selects(row) is wrong:
                if not quiet:
                    self._beside(number, row)
                continue
            count += 1
            if quiet:
                if "c" not in given:
                    break
                continue
            self._show(number, row)
        while self._after and (line := (yield from inputs.line())) is not None:  # after the last that -m allows
            number += 1
            self._beside(number, line.removesuffix("\n"))
        if self.failed:
            return 0
        if "c" in given and "q" not in given:
            write(f"{self.label}:{count}\n" if self.display.names else f"{count}\n")
        elif ("l" in given and count) or ("L" in given and not count):
            write(self.label + "\n")
        return count

    def _beside(self, number: int, row: str) -> None:
        """A line that is not selected: it may be shown as the context of one that is."""
        display = self.display
        if self._after:
            self._after -= 1
            self._shown = number
            self.process.write(f"{display.prefix(self.label, number, '-')}{row}\n")
        elif display.before:
            self._waiting = [*self._waiting, (number, row)][-display.before :]

    def _show(self, number: int, row: str) -> None:
        display, write = self.display, self.process.write
        if display.only:
            if "v" not in self.given:
                for start, end in self.selector.spans(row):
                    if end > start:
                        write(f"{display.prefix(self.label, number, ':')}{row[start:end]}\n")
            return
        if display.around:
            first = self._waiting[0][0] if self._waiting else number
            if self._shown and first > self._shown + 1:
                write("--\n")
            for earlier, text in self._waiting:
                write(f"{display.prefix(self.label, earlier, '-')}{text}\n")
            self._waiting = []
            self._after, self._shown = display.after, number
        write(f"{display.prefix(self.label, number, ':')}{row}\n")


TOOLS = {"grep": Tool(grep), "egrep": Tool(grep), "fgrep": Tool(grep)}
