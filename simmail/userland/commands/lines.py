"""sort, uniq, cut, tr, nl, paste: commands that work on lines and columns."""

from __future__ import annotations

import re
from collections.abc import Callable

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.options import Inputs, Options, lines, options, read_operand
from simmail.userland.printf import unescape
from simmail.userland.process import CommandError, Process, Tool
from simmail.userland.quoting import quoted
from simmail.userland.regex.syntax import CLASSES

Key = tuple[object, ...]


# ---- sort

_KEY = re.compile(r"(\d+)(?:\.(\d+))?([bdfgiMhnrV]*)(?:,(\d+)(?:\.(\d+))?([bdfgiMhnrV]*))?")
_BLANK_FIELD = re.compile(r"[ \t]*[^ \t]*")
MONTHS = {name: index for index, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), 1)}


def _numeric(text: str) -> float:
    found = re.match(r"[ \t]*(-?[0-9]{0,300}(?:\.[0-9]*)?)", text)
    number = found.group(1) if found else ""
    return float(number) if any(char.isdigit() for char in number) else 0.0


def _human(text: str) -> tuple[float, float]:
    found = re.match(r"[ \t]*-?[0-9.]+([KMGTPE]?)", text)
    value = _numeric(text)
    power = " KMGTPE".index(found.group(1)) if found and found.group(1) else 0
    return (-power if value < 0 else power, value)


def _version(text: str) -> Key:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d{1,300}|\D+", text))


class SortKey:
    """One `-k`.

    Args:
        flags: letters that say how to compare.
        begin, end: field and character where the key begins and ends, from 1; end None: the line's end.
        separator: what fields are separated by; "": blanks.
    """

    def __init__(
        self, flags: str, begin: tuple[int, int] = (0, 0), end: tuple[int, int] | None = None, separator: str = ""
    ) -> None:
        self.flags, self.begin, self.end, self.separator = flags, begin, end, separator
        self.reverse = "r" in flags

    def _fields(self, line: str) -> list[tuple[int, int]]:
        """Where each field begins and ends."""
        if self.separator:
            spans, start = [], 0
            for part in line.split(self.separator):
                spans.append((start, start + len(part)))
                start += len(part) + len(self.separator)
            return spans
        spans, start = [], 0
        while start < len(line):
            found = _BLANK_FIELD.match(line, start)
            end = max(found.end() if found else start, start + 1)
            spans.append((start, end))
            start = end
        return spans

    def text(self, line: str) -> str:
        """The part of a line that is compared."""
        if not self.begin[0]:
            return line
        fields = self._fields(line)
        if self.begin[0] > len(fields):
            return ""
        start = fields[self.begin[0] - 1][0]
        if "b" in self.flags:
            start += len(line[start:]) - len(line[start:].lstrip(" \t"))
        start += max(self.begin[1] - 1, 0)
        if self.end is None or self.end[0] > len(fields):
            return line[start:]
        low, high = fields[self.end[0] - 1]
        return line[start : low + self.end[1] if self.end[1] else high]

    def __call__(self, line: str) -> object:
        """What a line is compared by."""
        text = self.text(line)
        if "n" in self.flags or "g" in self.flags:
            return _numeric(text)
        if "h" in self.flags:
            return _human(text)
        if "M" in self.flags:
            return MONTHS.get(text.lstrip(" \t")[:3].upper(), 0)
        if "V" in self.flags:
            return _version(text)
        if "b" in self.flags:
            text = text.lstrip(" \t")
        if "d" in self.flags:
            text = re.sub(r"[^A-Za-z0-9 \t]", "", text)
        if "f" in self.flags:
            text = text.upper()
        return text.encode("utf-8", "surrogateescape")


def _sort_keys(given: Options) -> list[SortKey]:
    common = "".join(letter for letter, _ in given.given if letter in "bdfgiMhnrV")
    separator = given.value("t")
    if separator == "\\0":
        separator = "\0"
    if len(separator) > 1:
        raise CommandError(f"multi-character tab ‘{separator}’", 2)
    keys = []
    for text in given.values("k"):
        found = _KEY.fullmatch(text)
        if found is None or found.group(1) == "0":
            reason = "field number is zero: " if found else ""
            raise CommandError(f"{reason}invalid field specification ‘{text}’", 2)
        field, char, flags, end_field, end_char, end_flags = found.groups()
        own = flags + (end_flags or "")
        end = (int(end_field), int(end_char or 0)) if end_field else None
        keys.append(SortKey(own or common, (int(field), int(char or 0)), end, separator))
    return keys or [SortKey(common)]


def sort(process: Process) -> Decision[int]:
    """Sort lines."""
    long = {"numeric-sort": "n", "reverse": "r", "unique": "u", "key": "k", "field-separator": "t", "output": "o"}
    given = options(process, "bdfgiMhnrVuk:t:o:cCsmzS:T:", {**long, "ignore-case": "f", "stable": "s"}, status=2)
    keys = _sort_keys(given)
    texts = []
    for name in given.operands or ["-"]:
        try:
            texts.append((yield from read_operand(process, name)))
        except FileError as error:
            return process.fail(f"cannot read: {quoted(error.path)}: {error.reason}", 2)
    rows = [line.removesuffix("\n") for text in texts for line in lines(text)]
    process.job.step(len(rows) // 1000)
    ordered = list(rows)
    last = SortKey("r" if "r" in given else "")
    if "s" not in given and "u" not in given:
        ordered.sort(key=last, reverse=last.reverse)  # type: ignore[arg-type]
    for key in reversed(keys):
        ordered.sort(key=key, reverse=key.reverse)  # type: ignore[arg-type]
    if "c" in given or "C" in given:
        return _check_order(process, rows, keys, last, given)
    if "u" in given:
        unique: dict[Key, str] = {}
        for row in ordered:
            unique.setdefault(tuple(key(row) for key in keys), row)
        ordered = list(unique.values())
    text = "".join(row + "\n" for row in ordered)
    if "o" in given:
        process.files.write(given.value("o"), text)
    else:
        process.write(text)
    return 0


def _check_order(process: Process, rows: list[str], keys: list[SortKey], last: SortKey, given: Options) -> int:
    """Whether lines are sorted: 0 or 1."""
    strict = "u" in given
    for number in range(1, len(rows)):
        pair = rows[number - 1 : number + 1]
        for key in keys if strict or "s" in given else [*keys, last]:
            first, second = map(key, pair)
            if first != second:
                break
        else:
            if not strict:
                continue
        if first == second or sorted((first, second), reverse=key.reverse)[0] != first:  # type: ignore[type-var]
            if "c" in given:
                name = (given.operands or ["-"])[0]
                process.fail(f"{name}:{number + 1}: disorder: {rows[number]}")
            return 1
    return 0


# ---- uniq


def uniq(process: Process) -> Decision[int]:
    """Leave out lines that are like the one before."""
    long = {"count": "c", "repeated": "d", "unique": "u", "ignore-case": "i", "skip-fields": "f", "skip-chars": "s"}
    given = options(process, "cdDuif:s:w:z", {**long, "check-chars": "w"})
    text = yield from read_operand(process, given.operands[0] if given.operands else "-")
    skip_fields, skip_chars, width = (int(given.value(letter, "0")[:6] or 0) for letter in "fsw")

    def key(line: str) -> str:
        for _ in range(skip_fields):
            found = _BLANK_FIELD.match(line)
            line = line[found.end() :] if found else line
        line = line[skip_chars:]
        line = line[:width] if width else line
        return line.lower() if "i" in given else line

    groups: list[tuple[str, int]] = []
    last: str | None = None
    for line in lines(text):
        row = line.removesuffix("\n")
        if groups and key(row) == last:
            groups[-1] = (groups[-1][0], groups[-1][1] + 1)
        else:
            groups.append((row, 1))
            last = key(row)
    result = []
    for row, count in groups:
        if ("d" in given and count < 2) or ("u" in given and count > 1):
            continue
        if "D" in given:
            result += [row] * count if count > 1 else []
        else:
            result.append(f"{count:7d} {row}" if "c" in given else row)
    output = "".join(row + "\n" for row in result)
    if len(given.operands) > 1:
        process.files.write(given.operands[1], output)
    else:
        process.write(output)
    return 0


# ---- cut


def _ranges(text: str, what: str) -> list[tuple[int, int]]:
    """`1,3-5,7-`: first and last of each range."""
    found = []
    for part in text.replace(" ", ",").split(","):
        low, dash, high = part.partition("-")
        numbers = all(not number or (number.isdecimal() and len(number) < 10) for number in (low, high))
        if not numbers or not (low or high):
            raise CommandError(f"invalid {what} value ‘{part}’\nTry 'cut --help' for more information.")
        first = int(low or 1)
        last = (int(high) if high else 10**9) if dash else first
        if first == 0:
            plural = "fields are numbered from 1" if what == "field" else "byte/character positions are numbered from 1"
            raise CommandError(f"{plural}\nTry 'cut --help' for more information.")
        if last < first:
            raise CommandError("invalid decreasing range\nTry 'cut --help' for more information.")
        found.append((first, last))
    return found


def cut(process: Process) -> Decision[int]:
    """Print columns of each line."""
    long = {"fields": "f", "delimiter": "d", "characters": "c", "bytes": "b", "only-delimited": "s"}
    given = options(process, "f:d:c:b:snO:", {**long, "output-delimiter": "O", "complement": "C"})
    kind = given.last("fcb")
    hint = "\nTry 'cut --help' for more information."
    if not kind:
        raise CommandError("you must specify a list of bytes, characters, or fields" + hint)
    delimiter = given.value("d", "\t")
    if len(delimiter) > 1:
        raise CommandError("the delimiter must be a single character" + hint)
    ranges = _ranges(given.value(kind), "field" if kind == "f" else "byte/character")
    joint = given.value("O", delimiter if kind == "f" else "")
    wrong = "C" in given

    def chosen(number: int) -> bool:
        return any(low <= number <= high for low, high in ranges) is not wrong

    inputs = Inputs(process, given.operands)
    while (line := (yield from inputs.line())) is not None:
        row = line.removesuffix("\n")
        if kind != "f":
            process.write("".join(char for number, char in enumerate(row, 1) if chosen(number)) + "\n")
        elif delimiter not in row:
            if "s" not in given:
                process.write(row + "\n")
        else:
            parts = row.split(delimiter)
            process.write(joint.join(part for number, part in enumerate(parts, 1) if chosen(number)) + "\n")
    return int(inputs.failed)


# ---- tr


def _class(name: str) -> str:
    if name not in CLASSES:
        raise CommandError(f"invalid character class ‘{name}’")
    return "".join(chr(code) for low, high in CLASSES[name] for code in range(ord(low), ord(high) + 1))


def _set(text: str) -> list[str]:
    """The characters of a tr set; a class keeps together as one item where its case matters."""
    text = re.sub(r"\\([0-7]{1,3})", lambda found: chr(int(found.group(1), 8) & 0xFF), text)
    chars: list[str] = []
    position = 0
    while position < len(text):
        found = re.compile(r"\[:([a-z]+):\]").match(text, position)
        if found is not None:
            chars += sorted(_class(found.group(1)))
            position = found.end()
            continue
        repeat = re.compile(r"\[(.)\*(\d*)\]", re.DOTALL).match(text, position)
        if repeat is not None:
            chars += [repeat.group(1)] * min(int(repeat.group(2) or 256), 1000)
            position = repeat.end()
            continue
        char, position = _char(text, position)
        if text[position : position + 1] == "-" and position + 1 < len(text):
            high, position = _char(text, position + 1)
            if high < char:
                raise CommandError(f"range-endpoints of '{char}-{high}' are in reverse collating sequence order")
            if ord(high) - ord(char) > 2000:
                raise CommandError("range too wide")
            chars += [chr(code) for code in range(ord(char), ord(high) + 1)]
        else:
            chars.append(char)
    return chars


def _char(text: str, position: int) -> tuple[str, int]:
    if text[position] == "\\" and position + 1 < len(text):
        escape = text[position : position + 2]
        plain = unescape(escape, zero=False)
        return (plain if len(plain) == 1 else escape[1]), position + 2
    return text[position], position + 1


def tr(process: Process) -> Decision[int]:
    """Replace, delete or squeeze characters."""
    long = {"delete": "d", "squeeze-repeats": "s", "complement": "c", "truncate-set1": "t"}
    given = options(process, "dscCt", long, permute=False)
    sets = given.operands
    hint = "\nTry 'tr --help' for more information."
    if not sets:
        raise CommandError("missing operand" + hint)
    needs_two = "d" not in given and "s" not in given
    if needs_two and len(sets) < 2:
        raise CommandError(f"missing operand after ‘{sets[0]}’\nTwo strings must be given when translating.{hint}")
    if "d" in given and "s" not in given and len(sets) > 1:
        only = "Only one string may be given when deleting without squeezing repeats."
        raise CommandError(f"extra operand ‘{sets[1]}’\n{only}{hint}")
    if len(sets) > 2:
        raise CommandError(f"extra operand ‘{sets[2]}’{hint}")
    text = yield from process.source.read_all()
    first = _set(sets[0])
    second = _set(sets[1]) if len(sets) > 1 else []
    complement = "c" in given or "C" in given
    inside = frozenset(first)

    def belongs(char: str) -> bool:
        return (char in inside) is not complement

    if "d" in given:
        text = "".join(char for char in text if not belongs(char))
    elif second:
        if complement:
            text = "".join(second[-1] if belongs(char) else char for char in text)
        else:
            filled = second + [second[-1]] * (len(first) - len(second)) if "t" not in given else second
            text = text.translate({ord(a): b for a, b in reversed(list(zip(first, filled, strict=False)))})
    if "s" in given:
        squeezed = frozenset(second) if second else None
        text = _squeezed(text, (lambda char: char in squeezed) if squeezed is not None else belongs)
    process.write(text)
    return 0


def _squeezed(text: str, belongs: Callable[[str], bool]) -> str:
    result: list[str] = []
    last = ""
    for char in text:
        if char != last or not belongs(char):
            result.append(char)
        last = char
    return "".join(result)


def nl(process: Process) -> Decision[int]:
    """Number lines that are not empty."""
    given = options(process, "b:w:s:v:")
    inputs = Inputs(process, given.operands)
    number = 0
    while (line := (yield from inputs.line())) is not None:
        if line == "\n" and given.value("b", "t") != "a":
            process.write("       \n")
        else:
            number += 1
            process.write(f"{number:6d}\t{line}")
    return int(inputs.failed)


def paste(process: Process) -> Decision[int]:
    """Put lines of files side by side."""
    given = options(process, "d:s", {"delimiters": "d", "serial": "s"})
    delimiter = unescape(given.value("d", "\t"), zero=False) or ""
    columns = []
    for name in given.operands or ["-"]:
        text = yield from read_operand(process, name)
        columns.append([line.removesuffix("\n") for line in lines(text)])
    if "s" in given:
        for column in columns:
            process.print(delimiter[:1].join(column))
        return 0
    for index in range(max(map(len, columns))):
        process.print(delimiter[:1].join(column[index] if index < len(column) else "" for column in columns))
    return 0


TOOLS = {
    "sort": Tool(sort),
    "uniq": Tool(uniq),
    "cut": Tool(cut),
    "tr": Tool(tr),
    "nl": Tool(nl),
    "paste": Tool(paste),
}
