"""NAME
    edit_files - change main.cf and master.cf and leave the rest as it is

DESCRIPTION
    Comments and what is not meant stay where they are.  A setting's new value stands where its first line stood; its
    continuation lines go, but comments between them stay.  What is new comes at the end.

DIAGNOSTICS
    `Fatal` for a request that makes no sense; a warning for a setting that is there twice, for a request of which
    another one takes the place, for an entry that is not there.

BUGS
    A last line without an end grows together with what is added, as in life.  What is new is added in the order of the
    requests; the real program has an order of its own, another one each time.

SEE ALSO
    postconf(1), options -e, -X, -#, -M, -F, -P
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from simmail.mail.errors import Fatal
from simmail.postfix.maincf import SPACE, physical_lines, split_name_value
from simmail.postfix.master_entries import COMMAND, Entry
from simmail.postfix.mastercf import BLANKS, FIELDS
from simmail.postfix.tables.split import split_outside_braces

Complain = Callable[[str], None]
ANY = "*"


class How(Enum):
    """What becomes of the lines that a request names."""

    SET = "-e"
    REMOVE = "-X"
    COMMENT = "-#"


class What(Enum):
    """What in master.cf a request names."""

    ENTRY = "-M"
    FIELD = "-F"
    PARAMETER = "-P"


def pattern(text: str, least: int, most: int) -> list[str] | None:
    """A pattern `name/type/...` split, `*` put for what is left out; None where it is none.

    Args:
        text: the pattern.
        least, most: how many parts it may have.
    """
    parts = [part for part in text.split("/") if part]
    if text.startswith("/") or not least <= len(parts) <= most:
        return None
    if any(ANY in part and part != ANY for part in parts):
        return None
    return parts + [ANY] * (most - len(parts))


def matches(parts: Sequence[str], fields: Sequence[str]) -> bool:
    """Whether a pattern names the entry with these fields."""
    return parts[0] in (ANY, fields[0]) and parts[1] in (ANY, fields[1])


def field_number(name: str) -> int | None:
    """The position of a field of master.cf; None for `*`.  Raises Fatal."""
    if name == ANY:
        return None
    if name not in FIELDS:
        raise Fatal(f'invalid service attribute name: "{name}"')
    return FIELDS.index(name)


def _content(line: str) -> str:
    """What a line has but white space; "" for a comment."""
    visible = line.lstrip(SPACE)
    return "" if visible.startswith("#") else visible


# ---- main.cf


def edit_main(text: str, requests: Sequence[str], how: How, path: str, complain: Complain) -> str:
    """The text of main.cf after a change.

    Args:
        text: the text before.
        requests: `name=value` to set, `name` to remove or comment out.
        how: which of these.
        path: the file's name, for warnings.
        complain: hears warnings.

    Raises:
        Fatal: for a request that makes no sense.
    """
    wanted = _main_requests(requests, how, complain)
    found: dict[str, int] = {}
    out: list[str] = []
    interesting = False
    for line in physical_lines(text):
        if not _content(line):
            out.append(line)
            continue
        if line[0] not in SPACE:
            name = _first_word(line)
            interesting = name in wanted
            if interesting:
                found[name] = found.get(name, 0) + 1
                if found[name] == 2:
                    complain(f'{path}: multiple entries for "{name}"')
                if how is How.SET:
                    out.append(f"{name} = {wanted[name]}\n")
        if not interesting:
            out.append(line)
        elif how is How.COMMENT:
            out.append("#" + line)
    if how is How.SET:
        out.extend(f"{name} = {value}\n" for name, value in wanted.items() if name not in found)
    return "".join(out)


def _first_word(line: str) -> str:
    end = 0
    while end < len(line) and line[end] not in SPACE and line[end] != "=":
        end += 1
    return line[:end]


def _main_requests(requests: Sequence[str], how: How, complain: Complain) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for request in requests:
        if "\n" in request:
            raise Fatal("-e, -X, or -# accepts no multi-line input")
        request = request.lstrip(SPACE)
        if request.startswith("#"):
            raise Fatal("-e, -X, or -# accepts no comment input")
        name, value = request.rstrip(SPACE), ""
        if how is How.SET:
            try:
                name, value = split_name_value(request)
            except ValueError as error:
                raise Fatal(f'{error}: "{request}"') from None
        elif not request:
            raise Fatal("-X or -# requires non-blank parameter names")
        elif "=" in request:
            raise Fatal("-X or -# requires parameter names without value")
        if name in wanted:
            shown = wanted[name] if how is How.SET else "(null)"
            complain(f"ignoring earlier request: '{name} = {shown}'")
        wanted[name] = value
    return wanted


# ---- master.cf

_OPTIONS = "-Me, -Fe, -Pe, -X, or -#"
_PATTERNS = {
    What.ENTRY: (2, "-Me, -MX or -M# requires service_name/type"),
    What.FIELD: (3, "-Fe or -FX requires service_name/type/field_name"),
    What.PARAMETER: (3, "-Pe or -PX requires service_name/type/parameter"),
}


@dataclass(slots=True)
class _Request:
    """A request to change master.cf, and how often it found something."""

    text: str
    parts: list[str]
    value: str
    field: int = 0
    found: int = 0


def edit_master(text: str, requests: Sequence[str], what: What, how: How, path: str, complain: Complain) -> str:
    """The text of master.cf after a change.

    Args:
        text: the text before.
        requests: `name/type=ENTRY`, `name/type/field=value`, `name/type/parameter=value`; without `=value` to remove.
        what, how: what the requests name, and what shall become of it.
        path: the file's name, for messages.
        complain: hears warnings.

    Raises:
        Fatal: for a request that makes no sense, or a file that cannot be read.
    """
    return _MasterEdit([_master_request(r, what, how) for r in requests], what, how, path, complain).run(text)


def _master_request(text: str, what: What, how: How) -> _Request:
    if "\n" in text:
        raise Fatal(f"{_OPTIONS} accept no multi-line input")
    visible = text.lstrip(SPACE)
    if visible.startswith("#"):
        raise Fatal(f"{_OPTIONS} accept no comment input")
    name, value = visible.rstrip(SPACE), ""
    if how is How.SET:
        try:
            name, value = split_name_value(visible)
        except ValueError as error:
            raise Fatal(f'{error}: "{text}"') from None
    elif "=" in visible:
        raise Fatal("-X or -# requires names without value")
    count, complaint = _PATTERNS[what]
    parts = pattern(name, count, count)
    if parts is None:
        raise Fatal(complaint)
    request = _Request(text, parts, value)
    blank = any(character in BLANKS for character in value)
    if what is What.FIELD:
        number = field_number(parts[2])
        if number is None:
            raise Fatal("-Fe does not accept wild-card field name")
        if number < COMMAND and blank:
            raise Fatal("-Fe does not accept whitespace in non-command field")
        request.field = number
    elif what is What.PARAMETER:
        if parts[2] == ANY:
            raise Fatal("-Pe does not accept wild-card parameter name")
        if blank:
            raise Fatal("-Pe does not accept whitespace in parameter value")
    return request


class _MasterEdit:
    """A master.cf being copied, entry by entry."""

    def __init__(self, requests: Sequence[_Request], what: What, how: How, path: str, complain: Complain) -> None:
        self.requests, self.what, self.how, self.path, self.complain = requests, what, how, path, complain
        self.out: list[str] = []
        self.number = 0

    def warn(self, level: str, text: str) -> None:
        """Pass a warning on."""
        self.complain(text)

    def entry(self, text: str, where: str) -> Entry:
        """Read an entry.  Raises Fatal, naming `where`."""
        try:
            return Entry(text, self.warn)
        except ValueError as error:
            raise Fatal(where.format(error=error)) from None

    def run(self, text: str) -> str:
        """The text after the change."""
        self.lines = physical_lines(text)
        named = False
        for line in self.content():
            if line[0] in SPACE:
                if not named:
                    self.out.append(line)
                elif self.how is How.COMMENT:
                    self.out.append("#" + line)
            else:
                named = self.start(line)
        for request in self.requests:
            if request.found:
                continue
            if self.what is not What.ENTRY:
                self.complain(f'unmatched service_name/type: "{request.text}"')
            elif self.how is How.SET:
                self.out.append(self.new(request).shown(fold=True) + "\n")
        return "".join(self.out)

    def content(self) -> Iterator[str]:
        """The lines that are neither empty nor comments; the others are copied."""
        while self.number < len(self.lines):
            line = self.lines[self.number]
            self.number += 1
            if _content(line):
                yield line
            else:
                self.out.append(line)

    def gobble(self, line: str) -> str:
        """A line with its continuation lines; the comments between them are copied."""
        parts = [line]
        while self.number < len(self.lines) and self.lines[self.number][0] in SPACE + "#":
            line = self.lines[self.number]
            self.number += 1
            if _content(line):
                parts.append(line)
            else:
                self.out.append(line)
        return "".join(parts)

    def new(self, request: _Request) -> Entry:
        return self.entry(request.value, "{error}: " + f'"{request.text}"')

    def start(self, line: str) -> bool:
        """Copy, replace or leave out the first line of an entry; whether a request names it."""
        fields = self.names(line)
        named = False
        changed: Entry | None = None
        for request in self.requests:
            whole = self.what is What.ENTRY and self.how is How.SET
            new = self.new(request) if whole else None
            if not (matches(request.parts, fields) or (new is not None and new.fields[:2] == fields)):
                continue
            named = True
            request.found += 1
            if whole:
                changed = new if request.found == 1 else changed
            elif self.what is not What.ENTRY and self.how is not How.COMMENT:
                if changed is None:
                    where = f"file {self.path}: line {self.number}: " + "{error}"
                    changed = self.entry(self.gobble(line), where)
                self.change(changed, request)
        if changed is not None:
            self.out.append(changed.shown(fold=True) + "\n")
        elif not named:
            self.out.append(line)
        elif self.how is How.COMMENT:
            self.out.append("#" + line)
        return named

    def names(self, line: str) -> list[str]:
        """The name and type with which a line starts."""
        fields = split_outside_braces(line, BLANKS)[:2]
        here = f"file {self.path}: line {self.number}:"
        if len(fields) < 2:
            raise Fatal(f"{here} specify service name and type on the same line")
        if "=" in fields[0]:
            raise Fatal(f'{here} service name syntax "{fields[0]}" is unsupported with {_OPTIONS}')
        if "=" in fields[1] or "/" in fields[1]:
            raise Fatal(f'{here} service type syntax "{fields[1]}" is unsupported with {_OPTIONS}')
        return fields

    def change(self, entry: Entry, request: _Request) -> None:
        """Change a field or a parameter of an entry."""
        if self.what is What.FIELD:
            entry.set_field(request.field, request.value, self.warn)
        elif self.how is How.SET:
            entry.set_parameter(request.parts[2], request.value)
        else:
            entry.drop_parameter(request.parts[2])
