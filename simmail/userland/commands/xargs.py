"""xargs: runs a command with words that it reads."""

from __future__ import annotations

import re

from simmail.mail.questions import Decision
from simmail.userland.commands.options import options
from simmail.userland.printf import unescape
from simmail.userland.process import CommandError, LaunchError, Process, Tool, launch
from simmail.userland.streams import Stream

LONGEST = 128 * 1024
LONG = {
    "max-args": "n",
    "null": "0",
    "no-run-if-empty": "r",
    "replace": "I",
    "delimiter": "d",
    "verbose": "t",
    "max-procs": "P",
    "max-lines": "L",
    "arg-file": "a",
}


def words_of(text: str) -> list[list[str]]:
    """The words of each line; quotes and backslashes keep blanks.  Raises CommandError."""
    rows: list[list[str]] = []
    row: list[str] = []
    word: list[str] = []
    is_word, position = False, 0
    while position < len(text):
        char = text[position]
        position += 1
        if char in " \t\n":
            if is_word:
                row.append("".join(word))
                word, is_word = [], False
            if char == "\n" and row:
                rows.append(row)
                row = []
            continue
        is_word = True
        if char in "'\"":
            end = text.find(char, position)
            line_end = text.find("\n", position)
            if end < 0 or 0 <= line_end < end:
                name = "single" if char == "'" else "double"
                raise CommandError(
                    f"unmatched {name} quote; by default quotes are special to xargs unless you use the -0 option"
                )
            word.append(text[position:end])
            position = end + 1
        elif char == "\\":
            word.append(text[position : position + 1])
            position += 1
        else:
            word.append(char)
    if is_word:
        row.append("".join(word))
    if row:
        rows.append(row)
    return rows


def xargs(process: Process) -> Decision[int]:
    """Run a command with words from standard input behind its own."""
    given = options(process, "n:0rI:d:tP:L:a:s:xi", LONG, permute=False)
    text = process.files.read(given.value("a")) if "a" in given else (yield from process.source.read_all())
    command = given.operands or ["echo"]
    if "0" in given or "d" in given:
        delimiter = "\0" if "0" in given else unescape(given.value("d"), zero=False) or "\0"
        rows = [[part] for part in text.removesuffix(delimiter).split(delimiter)] if text else []
    elif "I" in given:
        rows = [[line.lstrip(" \t")] for line in text.split("\n") if line.strip()]
    else:
        rows = words_of(text)
    status = 0
    for words in _batches(process, rows, command, given.value("I"), given.value("n"), given.value("L"), "r" in given):
        if "t" in given:
            process.complain(" ".join(words))
        try:
            ended = yield from launch(process, tuple(words), source=Stream())
        except LaunchError as error:
            return process.fail(f"{words[0]}: {error.reason}", error.status)
        if ended == 255:
            return process.fail(f"{words[0]}: exited with status 255; aborting", 124)
        if ended:
            status = 123
    return status


def _number(text: str, letter: str) -> int:
    hint = "\nTry 'xargs --help' for more information."
    if re.fullmatch("0+", text):
        raise CommandError(f"value {text} for -{letter} option should be >= 1{hint}")
    if not (text.isdecimal() and text.isascii() and int(text[:9])):
        raise CommandError(f'invalid number "{text}" for -{letter} option{hint}')
    return int(text[:9])


def _batches(
    process: Process, rows: list[list[str]], command: list[str], mark: str, number: str, by_lines: str, not_empty: bool
) -> list[list[str]]:
    """The commands to run."""
    if mark:
        return [[word.replace(mark, row[0]) for word in command] for row in rows]
    if by_lines:
        count = _number(by_lines, "L")
        groups = [[word for row in rows[start : start + count] for word in row] for start in range(0, len(rows), count)]
    else:
        words = [word for row in rows for word in row]
        groups = _grouped(words, _number(number, "n") if number else 10**9)
    if not groups and not not_empty:
        groups = [[]]
    return [command + group for group in groups]


def _grouped(words: list[str], most: int) -> list[list[str]]:
    """Words in groups of so many, and not too long a text."""
    groups: list[list[str]] = []
    size = 0
    for word in words:
        if not groups or len(groups[-1]) >= most or size + len(word) > LONGEST:
            groups.append([])
            size = 0
        groups[-1].append(word)
        size += len(word) + 1
    return groups


TOOLS = {"xargs": Tool(xargs)}
