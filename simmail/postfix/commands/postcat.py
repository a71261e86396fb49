"""NAME
    postcat - show Postfix queue file contents

SYNOPSIS
    postcat [-bdehoqrv] [-c config_dir] [-s offset] [file ...]

DESCRIPTION
    Prints queue files: all of them, or with -e the envelope, -h the header, -b the body.  -q takes queue ids instead of
    names of files.  Without either it reads standard input.  -o puts each record's offset before it, -d numbers in
    place of record names, -v names the lines of the content too, -s starts at an offset.

DIAGNOSTICS
    open queue file ID: No such file or directory
    NAME: input is not a valid queue file
    NAME: unexpected EOF in data, record type NUMBER length LENGTH
    bad mail queue ID: ID

BUGS
    -r changes nothing, and -v does not tell what the program does.  The record of the sizes is not read.  Standard
    input is a file always: the real program cannot go back in a pipe, and says so.

SEE ALSO
    postcat(1), record(3)
"""

from __future__ import annotations

import re

from simmail.files.file_errors import FileError
from simmail.files.invocation import Invocation
from simmail.files.paths import normal
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision
from simmail.postfix.commands.usage import BadOption, Console, getopt, valid_queue_id
from simmail.postfix.config import QUEUE_DIRECTORY
from simmail.postfix.maincf import split_name_value
from simmail.postfix.queue_file import queue_file
from simmail.postfix.record import (
    ATTRIBUTE,
    CONTENT,
    END,
    ENVELOPE,
    EXTRACTED,
    LINE,
    PADDING,
    PIECE,
    POINTER,
    SIZE,
    TIME,
    WARNING,
    Damaged,
    Found,
    read_records,
)  # fmt: skip

USAGE = (
    "usage: postcat [-b (body text)] [-c config_dir] [-d (decimal record type)] [-e (envelope records)] "
    "[-h (header text)] [-q (access queue)] [-v] [file(s)...]"
)
EVERYTHING = frozenset("ebh")
#: Records that part the parts, and how they are shown.
MARKS = {CONTENT: "MESSAGE CONTENTS", EXTRACTED: "HEADER EXTRACTED", END: "MESSAGE FILE END"}
#: The records of the content, and what -v calls them.
LINES = {LINE: LINE.name, PIECE: "unterminated_text"}
#: What a line of a header begins with.
HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]")
#: A number at a text's beginning, as atol(3) reads it; the first fields of a size record.
SECONDS, SIZES = re.compile(r"\s*[+-]?\d+"), re.compile(r"\s*\d+\s+\d+\s+\d+")


def postcat(invocation: Invocation) -> Decision[int]:
    """Run postcat; the exit status."""
    return (yield from _Postcat(invocation).run())


class _Postcat:
    """One run of the command."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.console = Console("postcat", invocation)
        self.start, self.name = 0, ""

    def run(self) -> Decision[int]:
        """Print what the command line names."""
        yield from ()
        try:
            options, names = getopt(self.invocation.argv[1:], "bc:dehoqrs:v")
        except BadOption as error:
            self.invocation.complain(f"postcat: {error.text}")
            raise Fatal(USAGE) from None
        self.letters = frozenset(option.letter for option in options)
        folder = ""
        for letter, value in options:
            if letter == "s":
                if not value.isdigit():
                    raise Fatal(f"bad offset: {value}")
                self.start = int(value)
            folder = value if letter == "c" else folder
        self.console.config(folder)
        self.parts = self.letters & EVERYTHING or EVERYTHING
        for name in names:
            self._allowed(name)
            self._file(name)
        if not names:
            self._print(self.invocation.stdin, "stdin")
        return 0

    def _allowed(self, name: str) -> None:
        """Raises Fatal where the queue is closed to who runs the command."""
        queued = "q" in self.letters and valid_queue_id(name)
        path = normal(name, self.invocation.folder)
        if self.console.locked_out and (queued or path.startswith(QUEUE_DIRECTORY + "/")):
            raise Fatal(f"open {'queue file ' if queued else ''}{name}: Permission denied")

    def _file(self, name: str) -> None:
        if "q" in self.letters:
            self._queued(name)
            return
        files, path = self.invocation.machine.files, normal(name, self.invocation.folder)
        if not name:
            raise Fatal("open : No such file or directory")
        if files.is_folder(path):
            self.invocation.complain(f"postcat: warning: close {name}: Is a directory")
            return
        try:
            text = files.read(path)
        except FileError as error:
            raise Fatal(f"open {name}: {error.reason}") from None
        self._print(text, name)

    def _queued(self, queue_id: str) -> None:
        if not valid_queue_id(queue_id):
            raise Fatal(f"bad mail queue ID: {queue_id}")
        spool = self.console.control().spool
        found = spool.find(queue_id)
        if found is None:
            raise Fatal(f"open queue file {queue_id}: No such file or directory")
        queue, message = found
        text = queue_file(message, queue, self.invocation.machine).text()
        self._print(text, spool.hashing.path(queue, queue_id))

    def _print(self, text: str, name: str) -> None:
        """Print what is wanted of a file."""
        data = text.encode("utf-8", "surrogateescape")
        if data and data[0] not in ENVELOPE:
            self.invocation.complain(f"postcat: warning: {name}: input is not a valid queue file")
            return
        try:
            self._records(data, name)
        except Damaged as damaged:
            self.invocation.complain(f"postcat: warning: {name}: {damaged.text}")
            raise Fatal("record read error") from None

    def _records(self, data: bytes, name: str) -> None:
        """Go through the records; raises Damaged."""
        self.name = name
        envelope, content, inside = "e" in self.parts, False, False
        wanted, marked = envelope, bool(self.start)
        together, before = self.letters.isdisjoint("ov"), END
        for record in read_records(data, self.start):
            kind = record.kind
            if envelope and not marked:
                self.invocation.print(f"*** ENVELOPE RECORDS {name} ***")
                marked = True
            if kind in MARKS:
                if envelope:
                    self._put(record, f"*** {MARKS[kind]} {name} ***")
                content = inside = kind is CONTENT
                wanted = "h" in self.parts if content else envelope
                if kind is END:
                    return
            elif kind is LINE or (kind is PIECE and inside):
                if content and before is not PIECE and not HEADER_LINE.match(record.text):
                    content, wanted = False, "b" in self.parts
                if wanted:
                    prefix = f"{LINES[kind]}: " if "v" in self.letters else ""
                    self._put(record, prefix + _decoded(record.text), "" if together and kind is PIECE else "\n")
                    before = kind  # a piece that is not shown makes the next one look like a line
            elif wanted:
                self._named(record)
                before = kind

    def _named(self, record: Found) -> None:
        kind, text = record.kind, _decoded(record.text)
        name = kind.name
        if kind in (PADDING, POINTER) and "v" not in self.letters:
            return
        if kind is SIZE and not SIZES.match(text):
            self.invocation.complain(f"postcat: warning: invalid size record: {text}")
        if kind is ATTRIBUTE:
            try:
                split_name_value(text)
            except ValueError as error:
                self.invocation.complain(f"postcat: warning: {self.name}: malformed attribute: {error}: {text}")
                self._put(record, "", "")
                return
            if text.startswith("create_time="):
                name, text = "create_time", self._date(text.removeprefix("create_time="))
        elif kind in (TIME, WARNING):
            text = self._date(text)
        self._put(record, f"{name}: {text}")

    def _date(self, text: str) -> str:
        """The time in a record as asctime(3) has it; what is no number counts as nought."""
        digits = SECONDS.match(text)
        calendar = self.invocation.machine.calendar
        return calendar.asctime((int(digits.group()) if digits else 0) - calendar.epoch)

    def _put(self, record: Found, text: str, end: str = "\n") -> None:
        """Print a line, with the record's offset or number before it where that is asked for."""
        if "d" in self.letters:
            text = f"{record.type:3d} {text}"
        self.invocation.out.append((f"{record.offset:9d} {text}" if "o" in self.letters else text) + end)


def _decoded(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")
