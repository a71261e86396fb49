"""NAME
    postcat - show Postfix queue file contents

SYNOPSIS
    postcat [-bdefhnoqrv] [-c config_dir] [-s offset] [file ...]

DESCRIPTION
    Prints queue files: all of them, or with -e the envelope, -h the header, -b the body.  -q takes queue ids instead of
    names of files.  -o puts each record's offset before it, -d numbers in place of record names, -v names the lines of
    the content too.

DIAGNOSTICS
    open queue file ID: No such file or directory
    NAME: input is not a valid queue file
    bad mail queue ID: ID

BUGS
    -r and -f change nothing, and -s can only start at the file's beginning.

SEE ALSO
    postcat(1)
"""

from __future__ import annotations

from collections.abc import Iterator

from simmail.files.invocation import Invocation
from simmail.files.tree import FileError, normal
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision
from simmail.postfix.commands.usage import BadOption, Console, getopt, valid_queue_id
from simmail.postfix.queue_file import ATTRIBUTE, LINE, PIECE, TIME, QueueFile, Record, queue_file
from simmail.postfix.spool import QUEUES
from simmail.postfix.spool_view import FOLDER, located, path_of

USAGE = (
    "usage: postcat [-b (body text)] [-c config_dir] [-d (decimal record type)] [-e (envelope records)] "
    "[-h (header text)] [-q (access queue)] [-v] [file(s)...]"
)
EVERYTHING = frozenset("ebh")


def postcat(invocation: Invocation) -> Decision[int]:
    """Run postcat; the exit status."""
    return (yield from _Postcat(invocation).run())


class _Postcat:
    """One run of the command."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.console = Console("postcat", invocation)

    def run(self) -> Decision[int]:
        """Print what the command line names."""
        yield from ()
        try:
            options, names = getopt(self.invocation.argv[1:], "bc:dehnoqrs:v")
        except BadOption as error:
            self.invocation.complain(f"postcat: {error.text}")
            raise Fatal(USAGE) from None
        self.letters = frozenset(option.letter for option in options)
        folder = ""
        for letter, value in options:
            if letter == "s" and not value.isdigit():
                raise Fatal(f"bad offset: {value}")
            folder = value if letter == "c" else folder
        self.config = self.console.config(folder)
        self.parts = self.letters & EVERYTHING or EVERYTHING
        for name in names:
            self._file(name)
        return 0

    def _file(self, name: str) -> None:
        spool = self.console.control().spool
        if "q" in self.letters:
            if not valid_queue_id(name):
                raise Fatal(f"bad mail queue ID: {name}")
            found = next(((queue, spool.queue(queue)[name]) for queue in QUEUES if name in spool.queue(queue)), None)
            if found is None:
                raise Fatal(f"open queue file {name}: No such file or directory")
            queue, message = found
            shown = path_of(queue, name).removeprefix(FOLDER + "/")
        else:
            where = located(normal(name, self.invocation.folder))
            found_message = spool.queue(where[0]).get(where[1]) if where else None
            if where is None or found_message is None:
                self._not_a_queue_file(name)
                return
            queue, message, shown = where[0], found_message, name
        file = queue_file(message, queue, self.invocation.machine, self.config["myorigin"])
        self.invocation.out.extend(line + "\n" for line in self._lines(file, shown))

    def _not_a_queue_file(self, name: str) -> None:
        try:
            self.invocation.machine.files.read(normal(name, self.invocation.folder))
        except FileError as error:
            raise Fatal(f"open {name}: {error.reason}") from None
        self.invocation.complain(f"postcat: warning: {name}: input is not a valid queue file")

    def _lines(self, file: QueueFile, name: str) -> Iterator[str]:
        """What is printed of a queue file."""
        envelope = "e" in self.parts
        offset = 0
        if envelope:
            yield f"*** ENVELOPE RECORDS {name} ***"
        for record in file.envelope:
            if envelope:
                yield self._named(record, offset)
            offset += record.size
        if envelope:
            yield self._marked(f"*** MESSAGE CONTENTS {name} ***", "M", offset)
        offset += 2
        yield from self._content(file.content, offset)
        offset += sum(record.size for record in file.content)
        if not envelope:
            return
        yield self._marked(f"*** HEADER EXTRACTED {name} ***", "X", offset)
        offset += 2
        for record in file.extracted:
            yield self._named(record, offset)
            offset += record.size
        yield self._marked(f"*** MESSAGE FILE END {name} ***", "E", offset)

    def _content(self, records: tuple[Record, ...], offset: int) -> Iterator[str]:
        """The lines of the content: header, body or both."""
        wanted = {True: "h" in self.parts, False: "b" in self.parts}
        in_header, line, start, letter = True, "", offset, ""
        for record in records:
            if record.kind is LINE and not record.text and not line:
                in_header = False
            if not line:
                start, letter = offset, record.kind.letter
            line += record.text
            offset += record.size
            if wanted[in_header] and record.kind is LINE:
                prefix = "regular_text: " if "v" in self.letters else ""
                yield self._marked(prefix + line, letter, start)
            if record.kind is not PIECE:
                line = ""

    def _named(self, record: Record, offset: int) -> str:
        text = record.text
        if record.kind is TIME or (record.kind is ATTRIBUTE and text.startswith("create_time=")):
            seconds = int(text.removeprefix("create_time=").split()[0])
            calendar = self.invocation.machine.calendar
            text = calendar.asctime(seconds - calendar.epoch)
            name = TIME.name if record.kind is TIME else "create_time"
        else:
            name = record.kind.name
        return self._marked(f"{name}: {text}", record.kind.letter, offset)

    def _marked(self, text: str, letter: str, offset: int) -> str:
        """A line with the record's offset or number before it, where that is asked for."""
        if "d" in self.letters:
            text = f"{ord(letter):8d} {text}" if letter else text
        return f"{offset:9d} {text}" if "o" in self.letters else text
