"""sed's work: the pattern space, the hold space, and what each command does to them."""

from __future__ import annotations

from collections.abc import Callable

from simmail.files.file_errors import IS_DIRECTORY, FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.options import Inputs, options
from simmail.userland.commands.sed.script import CASES, Address, Instruction, ScriptReader
from simmail.userland.process import CommandError, Process
from simmail.userland.regex import Match, Pattern, PatternError

LONG = {"quiet": "n", "silent": "n", "expression": "e", "file": "f", "in-place": "i", "regexp-extended": "E"}
LETTERS = {number: letter for letter, number in CASES.items()}
USAGE = "Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]..."


class Quit(Exception):
    """`q`: no more lines."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


class Restart(Exception):
    """`D`, `n` without a next line, `d`: the cycle ends."""

    def __init__(self, keep: bool = False) -> None:
        self.keep = keep
        super().__init__(str(keep))


class Jump(Exception):
    """`b label`."""

    def __init__(self, label: str) -> None:
        self.label = label
        super().__init__(label)


class Editor:
    """One run of sed over some files.

    Args:
        process: sed.
        script: its commands.
        inputs: the lines.
        quiet: whether lines are printed only where a command says so.
        write: where it prints.
    """

    def __init__(
        self, process: Process, script: list[Instruction], inputs: Inputs, quiet: bool, write: Callable[[str], None]
    ) -> None:
        self.process, self.script, self.inputs, self.quiet, self.write = process, script, inputs, quiet, write
        self.space = self.held = ""
        self.newline = "\n"
        self.number = 0
        self.replaced = False
        self.appended: list[str] = []
        self._ahead: str | None = None
        self._looked = False
        self.last_pattern: Pattern | None = None
        self.labels = {item.text: index for index, item in enumerate(script) if item.name == ":"}

    def run(self) -> Decision[int]:
        """Edit all lines; the exit status."""
        keep = False
        try:
            while keep or (yield from self.next_line()):
                keep = yield from self._cycle()
        except Quit as quit_:
            return quit_.status
        return 0

    def next_line(self) -> Decision[bool]:
        """Take the next line into the pattern space; False where there is none."""
        line = yield from self.look_ahead()
        if line is None:
            return False
        self._looked = False
        self.newline = "\n" if line.endswith("\n") else ""
        self.space = line.removesuffix("\n")
        self.number += 1
        return True

    def look_ahead(self) -> Decision[str | None]:
        """The next line, which stays the next one; None behind the last.  Asked only where it matters."""
        if not self._looked:
            self._ahead = yield from self.inputs.line()
            self._looked = True
        return self._ahead

    @property
    def at_end(self) -> bool:
        """Whether the line is the last, once somebody has looked ahead."""
        return self._looked and self._ahead is None

    def _cycle(self) -> Decision[bool]:
        """Run the script on one line; whether what is left of it is run on once more."""
        self.replaced = False
        start = 0
        try:
            while True:
                self.process.job.step()
                try:
                    yield from self._commands(self.script[start:])
                    break
                except Jump as jump:
                    if not jump.label:
                        break
                    start = self.labels[jump.label]
        except Restart as restart:
            self._flush()
            return restart.keep
        except Quit:
            self._flush()
            raise
        if not self.quiet:
            self.write(self.space + (self.newline or ("\n" if self.appended else "")))
        self._flush()
        return False

    def _flush(self) -> None:
        for text in self.appended:
            self.write(text)
        self.appended.clear()

    def _commands(self, instructions: list[Instruction]) -> Decision[None]:
        for instruction in instructions:
            if instruction.needs_end:
                yield from self.look_ahead()
            if self._applies(instruction) is instruction.negated:
                continue
            if instruction.name == "{":
                yield from self._commands(instruction.body)
            elif instruction.name in WAITING:
                yield from WAITING[instruction.name](self, instruction)
            else:
                PLAIN[instruction.name](self, instruction)

    # ---- addresses

    def _is_at(self, address: Address) -> bool:
        if address.kind == "match":
            pattern = address.pattern or self.last_pattern
            if pattern is None:
                raise CommandError("no previous regular expression")
            self.last_pattern = pattern
            return pattern.test(self.space)
        if address.kind == "last":
            return self.at_end
        if address.kind == "step":
            if not address.step:
                return self.number == address.number
            return self.number >= address.number and (self.number - address.number) % address.step == 0
        return self.number == address.number

    def _applies(self, instruction: Instruction) -> bool:
        first, second = instruction.first, instruction.second
        if first is None:
            return True
        if second is None:
            return self._is_at(first)
        if instruction.active:
            if second.kind == "line" and self.number > second.number:
                instruction.active = False
                return self._begins(instruction, first, second)
            ends = self.number >= instruction.until if second.kind == "plus" else self._is_at(second)
            instruction.active = not ends
            return True
        return self._begins(instruction, first, second)

    def _begins(self, instruction: Instruction, first: Address, second: Address) -> bool:
        """Whether a range begins at this line."""
        if first.kind == "line" and first.number == 0 and self.number == 1:
            instruction.active = not self._is_at(second)
            return True
        if not self._is_at(first):
            return False
        instruction.until = self.number + second.number
        if second.kind == "line":
            instruction.active = second.number > self.number
        elif second.kind == "last":
            instruction.active = not self.at_end
        else:
            instruction.active = second.kind != "plus" or second.number > 0
        return True

    # ---- commands

    def _delete(self, instruction: Instruction) -> None:
        raise Restart

    def _delete_first(self, instruction: Instruction) -> None:
        _, newline, rest = self.space.partition("\n")
        if not newline:
            raise Restart
        self.space = rest
        raise Restart(keep=True)

    def _print(self, instruction: Instruction) -> None:
        self.write(self.space + "\n")

    def _print_first(self, instruction: Instruction) -> None:
        self.write(self.space.split("\n", 1)[0] + "\n")

    def _line_number(self, instruction: Instruction) -> None:
        self.write(f"{self.number}\n")

    def _file_name(self, instruction: Instruction) -> None:
        self.write(f"{self.inputs.name}\n")

    def _list(self, instruction: Instruction) -> None:
        shown = self.space.encode("unicode_escape").decode("ascii").replace("\\x", "\\0")
        self.write(shown + "$\n")

    def _append(self, instruction: Instruction) -> None:
        self.appended.append(instruction.text)

    def _insert(self, instruction: Instruction) -> None:
        self.write(instruction.text)

    def _change(self, instruction: Instruction) -> None:
        if instruction.second is None or not instruction.active or instruction.negated:
            self.write(instruction.text)
        raise Restart

    def _read(self, instruction: Instruction) -> None:
        try:
            self.appended.append(self.process.files.read(instruction.text))
        except FileError:
            return

    def _write_out(self, instruction: Instruction) -> None:
        self.process.files.append(instruction.text, self.space + "\n")

    def _hold(self, instruction: Instruction) -> None:
        self.held = self.space

    def _hold_more(self, instruction: Instruction) -> None:
        self._bounded(self.held, self.space)
        self.held += "\n" + self.space

    def _get(self, instruction: Instruction) -> None:
        self.space = self.held

    def _get_more(self, instruction: Instruction) -> None:
        self._bounded(self.held, self.space)
        self.space += "\n" + self.held

    def _exchange(self, instruction: Instruction) -> None:
        self.space, self.held = self.held, self.space

    def _bounded(self, first: str, second: str) -> None:
        self.process.job.spend(len(first) + len(second))

    def _empty(self, instruction: Instruction) -> None:
        self.space = ""

    def _transliterate(self, instruction: Instruction) -> None:
        self.space = self.space.translate(instruction.table)

    def _label(self, instruction: Instruction) -> None:
        """Nothing: others jump here."""

    def _branch(self, instruction: Instruction) -> None:
        raise Jump(instruction.text)

    def _branch_if(self, instruction: Instruction) -> None:
        replaced, self.replaced = self.replaced, False
        if replaced is (instruction.name == "t"):
            raise Jump(instruction.text)

    def _quit(self, instruction: Instruction) -> None:
        if not self.quiet and instruction.name == "q":
            self.write(self.space + self.newline)
        raise Quit(instruction.which)

    def _next(self, instruction: Instruction) -> Decision[None]:
        if not self.quiet:
            self.write(self.space + self.newline)
        if (yield from self.look_ahead()) is None:
            raise Quit(0)
        self._flush()
        yield from self.next_line()

    def _next_more(self, instruction: Instruction) -> Decision[None]:
        if (yield from self.look_ahead()) is None:
            if not self.quiet:
                self.write(self.space + self.newline)
            raise Quit(0)
        before = self.space
        self._flush()
        yield from self.next_line()
        self._bounded(before, self.space)
        self.space = before + "\n" + self.space

    def _substitute(self, instruction: Instruction) -> None:
        pattern = instruction.pattern or self.last_pattern
        if pattern is None:
            raise CommandError("no previous regular expression")
        self.last_pattern = pattern
        result: list[str] = []
        position = count = 0
        for match in pattern.all(self.space):
            count += 1
            if count < instruction.which:
                continue
            result += [self.space[position : match.start], _filled(instruction.replacement, match)]
            position = match.end
            if not instruction.everywhere:
                break
        if not result:
            return
        result.append(self.space[position:])
        self.space = "".join(result)
        self.process.job.spend(len(self.space))
        self.replaced = True
        if instruction.prints:
            self.write(self.space + "\n")
        if instruction.text:
            self._write_out(instruction)


def _filled(items: list[str | int], match: Match) -> str:
    """A replacement with the groups of a match put in."""
    result: list[str] = []
    lasting = once = ""
    for item in items:
        if isinstance(item, int) and item < 0:
            letter = LETTERS[item]
            if letter in "lu":
                once = letter
            else:
                lasting = letter
            continue
        text = match.group(item) if isinstance(item, int) else item
        text = text.upper() if lasting == "U" else text.lower() if lasting == "L" else text
        if once and text:
            text = (text[0].upper() if once == "u" else text[0].lower()) + text[1:]
            once = ""
        result.append(text)
    return "".join(result)


PLAIN: dict[str, Callable[[Editor, Instruction], None]] = {
    "d": Editor._delete,
    "D": Editor._delete_first,
    "p": Editor._print,
    "P": Editor._print_first,
    "=": Editor._line_number,
    "F": Editor._file_name,
    "l": Editor._list,
    "a": Editor._append,
    "i": Editor._insert,
    "c": Editor._change,
    "r": Editor._read,
    "R": Editor._read,
    "w": Editor._write_out,
    "W": Editor._write_out,
    "h": Editor._hold,
    "H": Editor._hold_more,
    "g": Editor._get,
    "G": Editor._get_more,
    "x": Editor._exchange,
    "z": Editor._empty,
    "y": Editor._transliterate,
    ":": Editor._label,
    "b": Editor._branch,
    "t": Editor._branch_if,
    "T": Editor._branch_if,
    "q": Editor._quit,
    "Q": Editor._quit,
    "s": Editor._substitute,
}
WAITING: dict[str, Callable[[Editor, Instruction], Decision[None]]] = {"n": Editor._next, "N": Editor._next_more}


def sed(process: Process) -> Decision[int]:
    """Edit files, or standard input, line by line."""
    # The suffix of -i may only be glued to it, and so it is no ordinary option with a value.
    words = []
    suffix: str | None = None
    for word in process.argv:
        if word.startswith(("-i", "--in-place")):
            suffix = word.partition("=")[2] if word.startswith("--") else word[2:]
        else:
            words.append(word)
    process.argv = tuple(words)
    given = options(process, "ne:f:Ersuz", LONG)
    texts, file = [], ""
    for kind, value in given.given:
        if kind == "e":
            texts.append(value)
        elif kind == "f":
            try:
                texts.append(process.files.read(value).removesuffix("\n"))
                file = value
            except FileError as error:
                raise CommandError(f"couldn't open file {value}: {error.reason}") from None
    if not texts:
        if not given.operands:
            process.complain(USAGE)
            return 1
        texts = [given.operands.pop(0)]
    text = "\n".join(texts)
    reader = ScriptReader(text, "E" in given or "r" in given, process.job.step, file)
    script = reader.commands()
    quiet = "n" in given or text.startswith("#n\n")
    _check_labels(script, script)
    _empty_files(process, script)
    try:
        if suffix is not None:
            return (yield from _in_place(process, script, given.operands, quiet, suffix))
        inputs = Inputs(process, given.operands, lambda error: _unreadable(process, error))
        status = yield from Editor(process, script, inputs, quiet, process.write).run()
        return status or (2 if inputs.failed else 0)
    except PatternError as error:
        return process.fail(str(error))


def _unreadable(process: Process, error: FileError) -> None:
    if error.reason == IS_DIRECTORY:
        process.fail(f"read error on {error.path}: Is a directory")
    else:
        process.fail(f"can't read {error.path}: {error.reason}")


def _check_labels(script: list[Instruction], top: list[Instruction]) -> None:
    labels = {item.text for item in top if item.name == ":"}
    for item in script:
        if item.name in ("b", "t", "T") and item.text and item.text not in labels:
            raise CommandError(f"can't find label for jump to `{item.text}'")
        _check_labels(item.body, top)


def _empty_files(process: Process, script: list[Instruction]) -> None:
    """Make the files that are written to, as sed does before it begins."""
    for item in script:
        if item.text and item.name in ("w", "W", "s"):
            process.files.write(item.text, "")
        _empty_files(process, item.body)


def _in_place(process: Process, script: list[Instruction], names: list[str], quiet: bool, suffix: str) -> Decision[int]:
    """Edit each file by itself and put the result in its place."""
    status = 0
    for name in names:
        result: list[str] = []
        try:
            before = process.files.read(name)
            editor = Editor(process, script, Inputs(process, [name]), quiet, result.append)
            ended = yield from editor.run()
            if suffix:
                process.files.write(suffix.replace("*", name) if "*" in suffix else name + suffix, before)
            process.files.write(name, "".join(result))
            status = status or ended
        except FileError as error:
            if error.reason == IS_DIRECTORY:
                status = process.fail(f"couldn't edit {name}: not a regular file", 4)
            else:
                status = process.fail(f"can't read {name}: {error.reason}", 2)
    return status
