"""What a running program of awk has: variables, arrays, the record, and places to print to."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.awk.arrays import Array
from simmail.userland.commands.awk.formats import clipped, text
from simmail.userland.commands.awk.lexer import NAME, unescaped
from simmail.userland.commands.awk.nodes import Program
from simmail.userland.commands.awk.patterns import Patterns
from simmail.userland.commands.awk.records import MOST_FIELDS, Record, Source
from simmail.userland.commands.awk.values import Seen, Value, characters, number, octets
from simmail.userland.process import CommandError, LaunchError, Process, launch
from simmail.userland.streams import Collected, FileOutput, Stream

#: Turns of loops, calls and records that are one step of the job.
TURNS_A_STEP = 25
#: What an element of an array weighs, octets.
ELEMENT = 200
LARGE = 1024
MULTIPLIER, MODULUS = 48271, 2**31 - 1
STARTING: dict[str, Value] = {
    "FS": " ", "OFS": " ", "ORS": "\n", "RS": "\n", "SUBSEP": "\x1c", "CONVFMT": "%.6g", "OFMT": "%.6g",
    "NR": 0.0, "FNR": 0.0, "RSTART": 0.0, "RLENGTH": -1.0, "FILENAME": "",
}  # fmt: skip
Writer = Callable[[str], None]


class Run:
    """One run of a program.

    Args:
        process: awk.
        program: the program.

    Attributes:
        frame: the parameters of the function that runs.
        pipes: commands that something was printed to, in order, with what was.
    """

    def __init__(self, process: Process, program: Program) -> None:
        self.process, self.program = process, program
        self.patterns = Patterns(process.job.step)
        self.globals: dict[str, Value] = dict(STARTING)
        self.arrays: dict[str, Array] = {}
        self.frame: list[Value | Array] = []
        self.record = Record(self.patterns, self._separators, self.text, self.spend)
        self.pipes: list[tuple[str, list[str]]] = []
        self._held: list[str] = []
        self._writers: dict[str, Writer] = {}
        self._files: dict[str, FileOutput] = {}
        self._sources: dict[str, Source] = {}
        self._turns = 0
        self.operand = 0
        self._opened = False
        self.source: Source | None = None
        self.seed: Value = self.clock()
        self._chance = 0
        self.begin_anew(self.seed)

    # ---- bounds

    def turn(self) -> None:
        """Count a turn of a loop, a call, a record."""
        self._turns += 1
        if self._turns >= TURNS_A_STEP:
            self._turns = 0
            self.process.job.step()

    def spend(self, size: int) -> None:
        """Count text that is made."""
        self.process.job.spend(size)

    def made(self, result: str) -> str:
        """A text that was made; a long one is counted."""
        if len(result) > LARGE:
            self.process.job.spend(len(result))
        return result

    def error(self, what: str) -> CommandError:
        """An error of the running program, to raise."""
        name = self.text(self.globals["FILENAME"])
        where = f'FILENAME="{name}" FNR={self._count("FNR")} NR={self._count("NR")}'
        return CommandError(characters(f"run time error: {what}\n\t{where}"), 2)

    def _count(self, name: str) -> str:
        return text(number(self.globals[name]), "%.6g")

    # ---- chance

    def clock(self) -> float:
        """The time, from which chance begins where nobody says otherwise."""
        return float(int(self.process.machine.calendar.unix(self.process.now)))

    def begin_anew(self, seed: Value) -> None:
        """Let chance begin from a value."""
        self.seed = seed
        self._chance = crc32(self.text(seed).encode("latin-1")) % (MODULUS - 1) + 1
        self.random()

    def random(self) -> float:
        """The next number from 0 to 1 (Lehmer's generator, as Park and Miller have it)."""
        self._chance = self._chance * MULTIPLIER % MODULUS
        return self._chance / MODULUS

    # ---- variables

    def text(self, value: Value) -> str:
        """A value as a text."""
        if isinstance(value, str):
            return value
        return "" if value is None else text(value, str(self.globals["CONVFMT"]))

    def setting(self, name: str) -> str:
        """A variable as a text."""
        return self.text(self.globals.get(name))

    def _separators(self) -> tuple[str, str]:
        return self.setting("FS"), self.setting("OFS")

    def assign(self, name: str, value: Value) -> None:
        """Give a global variable a value."""
        if name == "NF":
            count = number(value)
            if count < 0:
                raise self.error("negative value assigned to NF")
            self.record.resize(clipped(count, 0, MOST_FIELDS + 1))
        else:
            self.globals[name] = value

    def array(self, name: str) -> Array:
        """A global array."""
        found = self.arrays.get(name)
        if found is None:
            found = self.arrays[name] = Array()
        return found

    # ---- records

    def next_record(self) -> Decision[str | None]:
        """The next record of the files that are named; None behind the last."""
        while True:
            if self.source is None and not self._open_next():
                return None
            assert self.source is not None
            found = yield from self.source.record(self.setting("RS"), self.patterns)
            if found is not None:
                self.turn()
                self.globals["NR"] = number(self.globals["NR"]) + 1.0
                self.globals["FNR"] = number(self.globals["FNR"]) + 1.0
                return found
            self.source = None

    def _open_next(self) -> bool:
        """Go on with the next operand that is a file's name; an assignment is made on the way."""
        arguments = self.array("ARGV")
        while self.operand + 1 < number(self.globals["ARGC"]):
            self.operand += 1
            self.turn()
            if str(self.operand) not in arguments:
                continue
            operand = self.text(arguments.get(str(self.operand), self.operand))
            if operand and not self.assigned(operand):
                self._open(operand)
                return True
        if self._opened:
            return False
        self._open("-")
        return True

    def _open(self, name: str) -> None:
        self._opened = True
        self.process.job.settle()
        self.source = Source(self.process, characters(name))
        self.globals["FILENAME"] = Seen(name)
        self.globals["FNR"] = 0.0

    def assigned(self, operand: str) -> bool:
        """Whether an operand is `name=value`; then the variable has that value now."""
        name, equals, value = operand.partition("=")
        if not equals or NAME.fullmatch(name) is None:
            return False
        self.assign(name, Seen(unescaped(value)))
        return True

    def read_file(self, name: str) -> str | None:
        """The next record of a file that getline reads.  Raises CommandError where it cannot be read."""
        source = self._sources.get(name)
        if source is None:
            self.process.job.settle()
            source = self._sources[name] = Source(self.process, characters(name))
        return at_once(source.record(self.setting("RS"), self.patterns))

    # ---- places to print to

    def print(self, shown: str) -> None:
        """Print; behind what commands print that something was printed to, for mawk's own output is written last."""
        shown = characters(shown)
        if self.pipes:
            self.spend(len(shown))
            self._held.append(shown)
        else:
            self.process.write(shown)

    def writer(self, how: str, name: str) -> Writer:
        """What prints to a file or a command."""
        key = f"|{name}" if how == "|" else name
        found = self._writers.get(key)
        if found is None:
            found = self._writers[key] = self._opened_writer(how, name)
        return found

    def _opened_writer(self, how: str, name: str) -> Writer:
        if how == "|":
            parts: list[str] = []
            self.pipes.append((name, parts))
            return Collected(parts, self.process.job).write
        if name in ("/dev/stdout", "-"):
            return self.print
        if name == "/dev/stderr":
            errors = Collected(self.process.err, self.process.job)
            return lambda shown: errors.write(characters(shown))
        files, path = self.process.files, characters(name)
        self.process.job.settle()
        try:
            if how == ">":
                files.write(path, "")
            else:
                files.append(path, "")
        except FileError as error:
            raise CommandError(f'cannot open "{path}" for output ({error.reason})', 2) from None
        file = self._files[name] = FileOutput(files, files.path(path), self.process.job)
        return lambda shown: file.write(characters(shown))

    def close(self, name: str) -> float:
        """Be done with a file or a command."""
        found = [self._writers.pop(key) for key in (name, f"|{name}") if key in self._writers]
        file = self._files.pop(name, None)
        if file is not None:
            file.flush()
        return 0.0 if found or self._sources.pop(name, None) is not None else -1.0

    def finish(self) -> Decision[None]:
        """Run the commands that something was printed to, then print what was held back."""
        for command, parts in self.pipes:
            try:
                source = Stream(characters("".join(parts)))
                yield from launch(self.process, ("sh", "-c", characters(command)), source=source)
            except LaunchError as error:
                self.process.fail(f"sh: {error.reason}")
        for shown in self._held:
            self.process.out.append(shown)


def at_once(reading: Decision[str | None]) -> str | None:
    """What is read where all there is to read has come."""
    try:
        next(reading)
    except StopIteration as stop:
        found: str | None = stop.value
        return found
    return None


def operands(run: Run, words: list[str], name: str) -> None:
    """Tell a program its command line and its environment."""
    arguments = run.array("ARGV")
    for index, word in enumerate([name, *words]):
        arguments.set(str(index), index, Seen(octets(word)))
    run.globals["ARGC"] = float(len(words) + 1)
    environment = run.array("ENVIRON")
    for key, value in run.process.environment.items():
        environment.set(octets(key), None, Seen(octets(value)))
