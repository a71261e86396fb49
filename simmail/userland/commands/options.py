"""How commands read their options (getopt_long(3)), and the files that they are told to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.process import CommandError, Process
from simmail.userland.quoting import quoted


@dataclass(slots=True)
class Options:
    """What a command line says.

    Args:
        given: each option's letter with its value ("" for none), in order.
        operands: the words that are no options.
    """

    given: list[tuple[str, str]]
    operands: list[str]

    def __contains__(self, letter: str) -> bool:
        return any(letter == name for name, _ in self.given)

    def value(self, letter: str, default: str = "") -> str:
        """The last value of an option."""
        return next((value for name, value in reversed(self.given) if name == letter), default)

    def values(self, letter: str) -> list[str]:
        """All values of an option."""
        return [value for name, value in self.given if name == letter]

    def last(self, letters: str) -> str:
        """Which of several options came last; "" where none did."""
        return next((name for name, _ in reversed(self.given) if name in letters), "")


def options(
    process: Process,
    letters: str,
    long: Mapping[str, str] | None = None,
    *,
    status: int = 1,
    permute: bool = True,
    numeric: str = "",
    usage: str = "",
) -> Options:
    """Read a command's options.

    Args:
        process: the command.
        letters: its options, those with a value followed by `:`.
        long: long option -> letter.
        status: the exit status of a mistake.
        permute: whether options may stand behind operands.
        numeric: the option that `-5` means.
        usage: a line that is printed behind a mistake.

    Raises:
        CommandError: for an option that it does not have, or one without its value.
    """
    hint = f"{usage and chr(10)}{usage}\nTry '{process.argv[0]} --help' for more information."
    reader = _Reader(list(process.argv[1:]), letters, long or {}, hint, status)
    words, found = reader.words, reader.found
    while words:
        word = words.pop(0)
        if word == "--":
            found.operands += words
            break
        if not word.startswith("-") or word == "-":
            found.operands.append(word)
            if not permute:
                found.operands += words
                break
        elif word.startswith("--"):
            reader.long_option(word)
        elif numeric and word[1:].isdecimal():
            found.given.append((numeric, word[1:]))
        else:
            reader.short_options(word)
    return found


class _Reader:
    """Reads the words of a command line that begin with a dash.

    Args:
        words: those behind the present one; some are values.
        letters, long, status: as for `options`.
        hint: what is printed behind a mistake.

    Attributes:
        found: what was read so far.
    """

    def __init__(self, words: list[str], letters: str, long: Mapping[str, str], hint: str, status: int) -> None:
        self.words, self.found = words, Options([], [])
        self._letters, self._long, self._hint, self._status = letters, long, hint, status

    def long_option(self, word: str) -> None:
        """Read `--name`, or `--name=value`."""
        name, equals, value = word[2:].partition("=")
        letter = self._letter(name)
        if not letter:
            raise self._mistake(f"unrecognized option '{word}'")
        if letter + ":" in self._letters and not equals:
            value = self._value(f"option '--{name}' requires an argument")
        self.found.given.append((letter, value))

    def short_options(self, word: str) -> None:
        """Read a word of one-letter options, the last one perhaps with its value."""
        for index in range(1, len(word)):
            letter = word[index]
            place = self._letters.find(letter)
            if place < 0 or letter == ":":
                raise self._mistake(f"invalid option -- '{letter}'")
            if self._letters[place + 1 : place + 2] == ":":
                value = word[index + 1 :] or self._value(f"option requires an argument -- '{letter}'")
                self.found.given.append((letter, value))
                return
            self.found.given.append((letter, ""))

    def _letter(self, name: str) -> str:
        """The letter of a long option, which may be shortened as long as it is clear; "" for none."""
        if name in self._long:
            return self._long[name]
        candidates = {letter for full, letter in self._long.items() if full.startswith(name)} if name else set()
        return candidates.pop() if len(candidates) == 1 else ""

    def _value(self, complaint: str) -> str:
        if not self.words:
            raise self._mistake(complaint)
        return self.words.pop(0)

    def _mistake(self, text: str) -> CommandError:
        return CommandError(text + self._hint, self._status)


def read_operand(process: Process, name: str) -> Decision[str]:
    """The text of a file, `-` and /dev/stdin meaning standard input.  Raises FileError."""
    if name in ("-", "/dev/stdin", "/dev/fd/0"):
        return (yield from process.source.read_all())
    text = process.files.read(name)
    process.job.spend(len(text))
    return text


Complaint = Callable[[FileError], None]


class Inputs:
    """The files that a filter reads, one line after the other.

    Args:
        process: the command.
        names: the files; none: standard input.
        complain: is told of files that cannot be read.

    Attributes:
        name: the file that the last line came from.
        failed: whether a file could not be read.
        first: whether the last line was its file's first.
    """

    def __init__(self, process: Process, names: list[str], complain: Complaint | None = None) -> None:
        self.process, self.names = process, list(names) or ["-"]
        self.complain = complain or (
            lambda error: process.complain(f"{process.name}: {quoted(error.path)}: {error.reason}")
        )
        self.name, self.failed, self.first = self.names[0], False, False
        self._lines: Iterator[str] = iter(())
        self._from_input = False

    def line(self) -> Decision[str | None]:
        """The next line with its newline, if it has one; None behind the last."""
        self.first = False
        while True:
            if self._from_input:
                line = yield from self.process.source.read_line()
                if line:
                    return line
                self._from_input = False
            line = next(self._lines, "")
            if line:
                return line
            if not self.names:
                return None
            self.open_next()

    def open_next(self) -> None:
        """Go on with the next file."""
        self.name = self.names.pop(0)
        self.first = True
        self._lines, self._from_input = iter(()), False
        if self.name in ("-", "/dev/stdin"):
            self._from_input = True
            return
        try:
            text = self.process.files.read(self.name)
        except FileError as error:
            self.failed = True
            self.complain(error)
            return
        self.process.job.spend(len(text))
        self._lines = iter(lines(text))


def lines(text: str) -> list[str]:
    """The lines of a text, each with its newline, if it has one."""
    parts = text.split("\n")
    last = parts.pop()
    result = [part + "\n" for part in parts]
    if last:
        result.append(last)
    return result


def octets(text: str) -> int:
    """The size of a text in octets."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))
