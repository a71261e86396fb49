"""formail(1): forces mail into mbox format, changes and extracts header fields, makes answers, splits mailboxes.

BUGS
    -B (BABYL) is not there; -n starts one program after the other all the same.  Content-Length: is never looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simmail.files.file_errors import FileError
from simmail.files.mailbox import split_mbox
from simmail.mail.questions import Decision
from simmail.userland.commands.options import octets
from simmail.userland.process import CommandError, LaunchError, Process, Tool, launch
from simmail.userland.procmail.fields import FROM, Field, Parsed, named, parse, reply_fields, sender_of, value_of
from simmail.userland.procmail.log import abstract
from simmail.userland.procmail.mail import Mail, ended
from simmail.userland.streams import Stream

USAGE = 64
SWITCHES = frozenset("bczfrktedqYB")
WITH_FIELD = frozenset("xXaAiIuU")
MOST_SPLITS = 100_000


@dataclass(slots=True)
class Request:
    """What a command line asks for: switches, (option, field) in order, renamings, and what splitting needs."""

    switches: set[str] = field(default_factory=set)
    fields: list[tuple[str, str]] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    prefix: str = ">"
    log_folder: str = ""
    cache: tuple[int, str] | None = None
    split: bool = False
    skip: int = 0
    total: int | None = None
    program: tuple[str, ...] = ()

    def __contains__(self, letter: str) -> bool:
        return letter in self.switches

    def of(self, letter: str) -> list[str]:
        """The fields that one option was given."""
        return [text for option, text in self.fields if option == letter]


def read_request(argv: tuple[str, ...]) -> Request:
    """Read a command line.  Raises CommandError."""
    request = Request()
    words = list(argv[1:])
    while words and not request.split:
        word = words.pop(0)
        if word.startswith("+") and word[1:].isdigit():
            request.skip = int(word[1:])
        elif word.startswith("-") and word[1:].isdigit():
            request.total = int(word[1:])
        elif word.startswith("-") and len(word) > 1:
            _letters(request, word[1:], words)
        else:
            raise CommandError(f'Unrecognised options: "{word}"', USAGE)
    request.program = tuple(words)
    return request


def _letters(request: Request, letters: str, words: list[str]) -> None:
    """One word of options."""

    def operand() -> str:
        if letters:
            return letters
        if not words:
            raise CommandError("Missing argument", USAGE)
        return words.pop(0)

    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in SWITCHES:
            request.switches.add(letter)
            letters = letters.removeprefix("-") if letter == "q" else letters
        elif letter == "s":
            request.split = True
            words[:0] = [letters] if letters else []
            return
        elif letter == "n":
            if words and words[0].isdigit():
                words.pop(0)
        elif letter in WITH_FIELD:
            request.fields.append((letter, operand()))
            return
        elif letter == "R":
            old = operand()
            letters = ""
            request.renamed.append((old, operand()))
            return
        elif letter == "D":
            size = operand()
            letters = ""
            request.cache = (int(size) if size.isdigit() and len(size) < 10 else 0, operand())
            return
        elif letter in "plm":
            _valued(request, letter, operand())
            return
        else:
            raise CommandError(f'Unrecognised options: "-{letter}"', USAGE)


def _valued(request: Request, letter: str, text: str) -> None:
    if letter == "p":
        request.prefix = text
    elif letter == "l":
        request.log_folder = text


def formail(process: Process) -> Decision[int]:
    """Work on the mail on standard input."""
    request = read_request(process.argv)
    text = yield from process.source.read_all()
    process.job.spend(len(text))
    if request.split:
        return (yield from _split(process, request, text))
    parsed = parse(text)
    if request.cache is not None:
        return 0 if _is_duplicate(process, request, parsed) else 1
    process.write(converted(process, request, parsed))
    return 0


def converted(process: Process, request: Request, parsed: Parsed) -> str:
    """What formail makes of one message."""
    from_line, fields, body = parsed
    if (request.of("x") or request.of("X")) and "r" not in request:
        shown = extracted(request, fields)
        return shown + (body if "k" in request else "")
    if not from_line and not request.switches & {"f", "r"}:
        from_line = f"{FROM}{sender_of(parsed, True)}  {process.machine.calendar.asctime(process.now)}\n"
    if "r" in request:
        kept = [one for one in fields if any(one.is_called(named(text).name) for text in request.of("i"))]
        fields = [*kept, *reply_fields(parsed, "t" in request)]
        from_line = ""
        if request.of("x") or request.of("X"):
            return extracted(request, fields) + (body if "k" in request else "")
    fields = changed(process, request, fields)
    if request.log_folder:
        text = from_line + "".join(one.text for one in fields) + "\n" + body
        process.err.append(abstract(Mail(text), request.log_folder, octets(text)))
    head = from_line + "".join(one.text for one in fields) + "\n"
    if "r" in request and "k" not in request:
        return head
    if "b" not in request:
        body = re.sub(r"(?m)^From ", f"{request.prefix}From ", body)
        if "r" in request:
            body = "".join(request.prefix + line for line in body.splitlines(keepends=True))
    return ended(head + body)


def extracted(request: Request, fields: list[Field]) -> str:
    """What -x and -X show."""
    shown = []
    for one in fields:
        plain = one.unfolded() if "c" in request else one
        if any(one.is_called(name) for name in request.of("X")):
            shown.append(plain.text)
        elif any(one.is_called(name) for name in request.of("x")):
            shown.append(plain.stripped() if "z" in request else plain.value)
    return "".join(shown)


def changed(process: Process, request: Request, fields: list[Field]) -> list[Field]:
    """The fields as -c, -z, -R, -i, -I, -a, -A, -u and -U leave them."""
    if "c" in request:
        fields = [one.unfolded() for one in fields]
    if "z" in request:
        fields = [_zapped(one) for one in fields if one.value.strip(" \t\n") or len(one.value) > 2]
    given = {letter: [named(text) for text in request.of(letter)] for letter in "aAiI"}
    for removed in given["I"]:
        fields = [one for one in fields if not one.is_called(removed.name)]
    if "r" not in request:
        for renamed in given["i"]:
            fields = [Field("Old-" + one.name, one.value) if one.is_called(renamed.name) else one for one in fields]
    for old, new in request.renamed:
        fields = [_renamed(one, old, new) if one.is_called(old) else one for one in fields]
    for name in request.of("u"):
        fields = _unique(fields, name)
    for name in request.of("U"):
        fields = _unique(fields[::-1], name)[::-1]
    added = [one for one in given["a"] if not any(there.is_called(one.name) for there in fields)]
    fields = fields + [one if one.value else _identity(process, one) for one in added]
    return fields + [one for letter in "AiI" for one in given[letter] if one.value]


def _zapped(one: Field) -> Field:
    return one if one.value[:1] in (" ", "\t", "\n") else Field(one.name, " " + one.value)


def _renamed(one: Field, old: str, new: str) -> Field:
    name = new if old.endswith(":") or new.endswith(":") else new + one.name[len(old) :]
    return Field(name if name.endswith(":") else name + ":", one.value)


def _unique(fields: list[Field], name: str) -> list[Field]:
    """Without all but the first field of a name."""
    seen = False
    kept = []
    for one in fields:
        if one.is_called(name):
            if seen:
                continue
            seen = True
        kept.append(one)
    return kept


def _identity(process: Process, one: Field) -> Field:
    """A Message-ID: that was asked for without saying which."""
    if "message-id" not in one.name.lower():
        return one
    stamp = process.machine.calendar.stamp(process.now)
    return Field(one.name, f" <{stamp}.{process.machine.files.inode()}@{process.machine.hostname}>\n")


def _is_duplicate(process: Process, request: Request, parsed: Parsed) -> bool:
    """Whether the message was seen before, as a file remembers; it is remembered now."""
    assert request.cache is not None
    size, name = request.cache
    key = sender_of(parsed, True) if "r" in request else value_of(parsed.fields, "Message-ID:")
    if not key:
        return False
    try:
        known = [one for one in process.files.read(name).split("\0") if one]
    except FileError:
        known = []
    if key in known:
        return True
    known.append(key)
    while len(known) > 1 and sum(len(one) + 1 for one in known) > size:
        known.pop(0)
    process.files.write(name, "\0".join(known) + "\0\0")
    return False


# ---- splitting


def _split(process: Process, request: Request, text: str) -> Decision[int]:
    """Give each message to a program of its own, or print them one after the other."""
    status = 0
    start = process.environment.get("FILENO", "000")
    first, width = (int(start), len(start)) if start.isdigit() and len(start) < 10 else (0, 0)
    chosen = (split_mbox(text, "e" in request) or [text])[request.skip :][: request.total]
    for number, one in enumerate(chosen[:MOST_SPLITS]):
        parsed = parse(one)
        if request.cache is not None and _is_duplicate(process, request, parsed):
            continue
        made = converted(process, request, parsed)
        if not request.program:
            process.write(made)
            continue
        environment = dict(process.environment)
        if width:
            environment["FILENO"] = f"{first + number:0{width}d}"
        try:
            ended_with = yield from launch(process, request.program, source=Stream(made), environment=environment)
        except LaunchError as error:
            raise CommandError(f'Failed to execute "{request.program[0]}": {error.reason}', USAGE) from None
        status = status or ended_with
    return status


TOOLS = {"formail": Tool(formail)}
