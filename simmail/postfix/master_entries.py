"""NAME
    master_entries - master.cf as postconf(1) sees it

DESCRIPTION
    Entries keep their fields as written, so that they can be shown and edited: each is eight fields and the words of
    the command's options and arguments, brought into one form (`-o`, `name=value`).

DIAGNOSTICS
    `Fatal` for a field that cannot be; a warning for braces that do not match.

BUGS
    In `-oname=value` a further `o` is taken for a new option, as in life.

SEE ALSO
    postconf(1), master(5)
"""

from __future__ import annotations

from collections.abc import Callable

from simmail.files.machine import Machine
from simmail.files.reading import ROOT
from simmail.mail.errors import Fatal
from simmail.postfix.maincf import SPACE, Warn, split_name_value
from simmail.postfix.mastercf import BLANKS, FIELDS, TYPES, read_lines
from simmail.postfix.tables.split import BraceError, inside_braces, split_outside_braces

COMMAND = FIELDS.index("command")
LINE_LIMIT = 80
INDENT = "    "
#: Where each field starts when an entry is shown.
_COLUMNS = (0, 11, 17, 25, 33, 41, 49, 57)
_VALUED = "o"


class Entry:
    """A line of master.cf.

    Args:
        text: the line, continuation lines joined.
        warn: hears of braces that do not match.

    Attributes:
        fields: the eight fields, then the options and arguments.
        settings: parameter -> value, of the `-o` options.

    Raises:
        Fatal: for a field that cannot be.
        ValueError: `bad field count`.
    """

    def __init__(self, text: str, warn: Warn) -> None:
        fields = split_outside_braces(text, BLANKS)
        if len(fields) < len(FIELDS):
            raise ValueError("bad field count")
        check(fields, text)
        self.fields = _one_form(fields, warn)

    @property
    def space(self) -> str:
        """The name of its own parameters: `smtp/inet`."""
        return "/".join(self.fields[:2])

    @property
    def given(self) -> dict[str, str]:
        """Parameters that only Postfix sets."""
        program = self.fields[COMMAND].rpartition("/")[2]
        return {"process_name": program, "service_name": self.fields[0]}

    @property
    def settings(self) -> dict[str, str]:
        """What its `-o` options set."""
        found: dict[str, str] = {}
        for position in self.options():
            try:
                name, value = split_name_value(self.fields[position + 1])
            except (ValueError, IndexError):
                continue
            found[name] = value
        return found

    def options(self) -> list[int]:
        """The positions of its `-o`s that have a value."""
        found = []
        position = len(FIELDS)
        while position < len(self.fields):
            word = self.fields[position]
            if not word.startswith("-") or word == "--":
                break
            if word[1:2] == _VALUED and position + 1 < len(self.fields):
                found.append(position)
                position += 1
            position += 1
        return found

    # ---- editing

    def set_field(self, field: int, value: str, warn: Warn) -> None:
        """Replace a field; the last one, the command, with its options and arguments."""
        if field == COMMAND:
            self.fields = _one_form(self.fields[:COMMAND] + split_outside_braces(value, BLANKS), warn)
        else:
            self.fields[field] = value
        check(self.fields, value)

    def set_parameter(self, name: str, value: str) -> None:
        """Set a parameter with `-o`: where it is set already, or behind the last option."""
        found = False
        for position in self.options():
            if self.fields[position + 1].startswith(name + "="):
                self.fields[position + 1] = f"{name}={value}"
                found = True
        if not found:
            position = len(FIELDS)
            for option in self._words():
                position = option
            self.fields[position:position] = ["-o", f"{name}={value}"]

    def drop_parameter(self, name: str) -> None:
        """Remove each `-o` that sets a parameter."""
        for position in reversed(self.options()):
            if self.fields[position + 1].startswith(name + "="):
                del self.fields[position : position + 2]

    def _words(self) -> list[int]:
        """Where each option ends."""
        ends = []
        position = len(FIELDS)
        while position < len(self.fields) and self.fields[position].startswith("-"):
            if self.fields[position] == "--":
                break
            valued = self.fields[position][1:2] == _VALUED and position + 1 < len(self.fields)
            position += 2 if valued else 1
            ends.append(position)
        return ends

    # ---- showing

    def shown(self, fold: bool = False, expand: Callable[[str], str] | None = None) -> str:
        """The whole entry, in columns; `expand` is applied to the values of `-o`."""
        line = ""
        for column, field in zip(_COLUMNS, self.fields, strict=False):
            if line:
                line = (line + " ").ljust(column)
            line += field
        return line + self._tail(len(line), 3, fold, expand)

    def shown_field(self, field: int, name: bool, fold: bool, expand: Callable[[str], str] | None) -> str:
        """One field as `name/type/field = value`; with `name` false the value alone."""
        line = f"{self.space}/{FIELDS[field]} = " if name else ""
        length = len(line)
        if name and length + len(self.fields[field]) > LINE_LIMIT:
            line += "\n" + INDENT
            length = len(INDENT)
        line += self.fields[field]
        if field == COMMAND:
            line += self._tail(length + len(self.fields[field]), 1, fold, expand)
        return line

    def _tail(self, length: int, between: int, fold: bool, expand: Callable[[str], str] | None) -> str:
        """The options and arguments behind a line of `length` characters."""
        parts: list[str] = []
        valued = set(self.options())
        position = len(FIELDS)
        while position < len(self.fields):
            word, size = self.fields[position], len(self.fields[position])
            option = position in valued
            if option:
                value = self.fields[position + 1]
                value = expand(value) if expand and word == "-o" else value
                length = LINE_LIMIT
                size += len(value) + between + 2 * _blank(value)
                shown = f"{word} {_braced(value)}"
            else:
                shown = _braced(word) if self._argument(position) else word
            if length > len(INDENT):
                if not fold or length + 1 + size < LINE_LIMIT:
                    parts.append(" ")
                    length += 1
                else:
                    parts.append("\n" + INDENT)
                    length = len(INDENT)
            parts.append(shown)
            length = LINE_LIMIT if option else length + len(shown)
            position += 2 if option else 1
        return "".join(parts)

    def _argument(self, position: int) -> bool:
        """Whether the word there is an argument and not the first one, which is shown without braces."""
        ends = self._words()
        return position > (ends[-1] if ends else len(FIELDS))


def _blank(text: str) -> bool:
    return any(blank in text for blank in BLANKS)


def _braced(text: str) -> str:
    return f"{{{text}}}" if _blank(text) else text


def check(fields: list[str], text: str) -> None:
    """Check the fields of an entry, of which `text` is what is shown.  Raises Fatal."""
    shown = text.replace("\n", " ")

    def wrong(field: int) -> Fatal:
        return Fatal(f'invalid {FIELDS[field]} field "{fields[field]}" in "{shown}"')

    if fields[1] not in TYPES:
        raise wrong(1)
    for field in (2, 3, 4):
        if fields[field] not in ("y", "n", "-"):
            raise wrong(field)
    wakeup = fields[5].removesuffix("?")
    if wakeup != "-" and wakeup.strip("0123456789"):
        raise wrong(5)
    if fields[6] != "-" and fields[6].strip("0123456789"):
        raise wrong(6)


def _one_form(fields: list[str], warn: Warn) -> list[str]:
    """Bring options and arguments into one form."""
    fields = list(fields)
    position = len(FIELDS)
    while position < len(fields):
        word = fields[position]
        if not word.startswith("-") or word == "--":
            break
        further = word.find(_VALUED, 2)
        if further > 0:
            fields[position + 1 : position + 1] = ["-" + word[further:]]
            word = fields[position] = word[:further]
        if word[1:2] == _VALUED:
            if word[2:]:
                fields[position : position + 1] = [word[:2], word[2:]]
            position += 1
            if position < len(fields) and fields[position].startswith("{"):
                fields[position] = _setting(_unbraced(fields[position], warn), warn)
        position += 1
    for later in range(position, len(fields)):
        if fields[later].startswith("{"):
            fields[later] = _unbraced(fields[later], warn)
    return fields


def _unbraced(word: str, warn: Warn) -> str:
    """What stands in braces; what is wrong with them is warned of."""
    try:
        return inside_braces(word).strip(SPACE)
    except BraceError as error:
        warn("warning", f"master.cf: {error}")
    depth = 0
    for position, character in enumerate(word):
        depth += (character == "{") - (character == "}")
        if not depth:
            return word[1:position].strip(SPACE)
    return word[1:].strip(SPACE)


def _setting(text: str, warn: Warn) -> str:
    """`name = value` as `name=value`."""
    try:
        return "=".join(split_name_value(text))
    except ValueError as error:
        warn("warning", f'master.cf: {error}: "{text}"')
        return text


def read_entries(machine: Machine, folder: str, warn: Warn, user: str = ROOT) -> list[Entry]:
    """All entries of a host's master.cf, as `user` reads it.

    Raises:
        Fatal: for a line that is no entry, or no such file.
    """
    path = f"{folder}/master.cf"
    found = []
    for line in read_lines(machine, path, warn, user):
        try:
            found.append(Entry(line.text, warn))
        except ValueError as error:
            raise Fatal(f"file {path}: line {line.first}: {error}") from None
    return found
