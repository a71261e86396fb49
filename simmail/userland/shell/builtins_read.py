"""`read` and `getopts`: builtins that take a text apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision
from simmail.userland.shell.control import ShellError
from simmail.userland.shell.lexer import NAME
from simmail.userland.streams import Stream

if TYPE_CHECKING:
    from simmail.userland.shell.interpreter import Shell


def read(shell: Shell, words: list[str]) -> Decision[int]:
    """`read [-r] [-p prompt] name...`: a line's fields as variables."""
    raw, names = False, words[1:]
    while names and names[0].startswith("-"):
        option = names.pop(0)
        if option == "--":
            break
        if option.startswith("-p") or option.endswith("p"):
            shell.write(2, names.pop(0) if option in ("-p", "-rp") and names else option[2:])
        if set(option[1:]) - set("rp") and not option.startswith("-p"):
            raise ShellError(f"read: Illegal option -{min(set(option[1:]) - set('rp'))}")
        raw = raw or "r" in option
    if not names:
        raise ShellError("read: arg count")
    for name in names:
        if not NAME.fullmatch(name):
            raise ShellError(f"read: {name}: bad variable name")
    source = shell.descriptors.get(0)
    if not isinstance(source, Stream):
        return 1
    shell.process.job.settle()
    line = yield from source.read_line()
    text, kept = (line.removesuffix("\n"), frozenset[int]()) if raw else (yield from _joined(source, line))
    for name, value in zip(names, split(text, kept, shell.separators, len(names)), strict=True):
        shell.put(name, value)
    return 0 if line.endswith("\n") else 1


def _joined(source: Stream, line: str) -> Decision[tuple[str, frozenset[int]]]:
    """A line whose backslashes count: it may go on in the next one; and the places that must not be split at."""
    result: list[str] = []
    kept: set[int] = set()
    while True:
        index, goes_on = 0, False
        while index < len(line):
            char = line[index]
            if char == "\\":
                index += 1
                char = line[index : index + 1]
                if char == "\n" or not char:
                    goes_on = char == "\n"
                    break
                kept.add(len(result))
            elif char == "\n":
                break
            result.append(char)
            index += 1
        if not goes_on:
            return "".join(result), frozenset(kept)
        line = yield from source.read_line()


def split(text: str, kept: frozenset[int], separators: str, number: int) -> list[str]:
    """Cut a line into so many fields, the last of which takes the rest.

    Args:
        text: the line.
        kept: places whose characters are no separators.
        separators: IFS.
        number: how many fields; those that find nothing are empty.
    """
    blanks = set(separators) & set(" \t\n")

    def is_in(index: int, chars: set[str]) -> bool:
        return index not in kept and text[index] in chars

    every = set(separators)
    position, end = 0, len(text)
    while position < end and is_in(position, blanks):
        position += 1
    fields: list[str] = []
    while len(fields) < number - 1:
        start = position
        while position < end and not is_in(position, every):
            position += 1
        fields.append(text[start:position])
        while position < end and is_in(position, blanks):
            position += 1
        if position < end and is_in(position, every - blanks) and start <= position:
            position += 1
            while position < end and is_in(position, blanks):
                position += 1
    fields.append(_rest(text, position, is_in, blanks, every))
    return fields


def _rest(text: str, position: int, is_in: Callable[[int, set[str]], bool], blanks: set[str], every: set[str]) -> str:
    """What the last variable gets: all but the blanks at the end, and but one separator that ends a single field."""
    end = len(text)
    while end > position and is_in(end - 1, blanks):
        end -= 1
    others = every - blanks
    inside = [index for index in range(position, end) if is_in(index, others)]
    if inside == [end - 1]:
        end -= 1
        while end > position and is_in(end - 1, blanks):
            end -= 1
    return text[position:end]


def getopts(shell: Shell, words: list[str]) -> int:
    """`getopts letters name [word...]`: the next option."""
    if len(words) < 3:
        raise ShellError("getopts: Usage: getopts optstring var [arg...]")
    letters, name = words[1], words[2]
    arguments = words[3:] or shell.parameters
    index = int(shell.get("OPTIND") or "1") if (shell.get("OPTIND") or "1").isdecimal() else 1
    within = shell.option_offset if shell.option_offset and index <= len(arguments) else 1
    word = arguments[index - 1] if 0 < index <= len(arguments) else ""
    if len(word) < 2 or word[0] != "-" or word == "--":
        shell.put("OPTIND", str(index + (word == "--")))
        shell.put(name, "?")
        shell.option_offset = 0
        return 1
    letter = word[within]
    place = -1 if letter == ":" else letters.lstrip(":").find(letter)
    ends = within + 1 >= len(word)
    next_index, offset = (index + 1, 0) if ends else (index, within + 1)
    shell.drop("OPTARG")
    if place < 0:
        if letters.startswith(":"):
            shell.put("OPTARG", letter)
        else:
            shell.write(2, f"Illegal option -{letter}\n")
        letter = "?"
    elif letters.lstrip(":")[place + 1 : place + 2] == ":":
        value = word[within + 1 :] if not ends else arguments[index] if index < len(arguments) else None
        next_index, offset = index + (2 if ends else 1), 0
        if value is None:
            next_index = index + 1
            if letters.startswith(":"):
                shell.put("OPTARG", letter)
            else:
                shell.write(2, f"No arg for -{letter} option\n")
            letter = ":" if letters.startswith(":") else "?"
        else:
            shell.put("OPTARG", value)
    shell.put("OPTIND", str(next_index))
    shell.option_offset = offset
    shell.put(name, letter)
    return 0
