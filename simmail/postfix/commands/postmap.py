"""NAME
    postmap - Postfix lookup table management

SYNOPSIS
    postmap [-bfFhimnNoprsuUvw] [-c config_dir] [-d key] [-q key] [file_type:]file_name ...

DESCRIPTION
    Compiles a text file into a table, asks a table, changes it or lists it.

    -q key asks; `-q -` reads the keys from standard input, with -h from a message's headers, with -b from its body,
    with -m from those of its parts too.  -d deletes, -s lists, -i adds entries from standard input; -r replaces what is
    there already, -w leaves it without a word.  -f does not fold keys, -F takes values for names of files, -u takes
    octets that are no UTF-8, -U insists on UTF-8 even with -b and -h.

PARAMETERS
    default_database_type, smtputf8_enable, proxy_read_maps

DIAGNOSTICS
    /etc/postfix/access, line 1: expected format: key whitespace value
    /etc/postfix/access.db: duplicate entry: "good.example"

BUGS
    -n and -N change nothing: a key is found whether or not a null byte was stored behind it.  -v tells nothing more.

SEE ALSO
    postmap(1)
"""

from __future__ import annotations

from collections.abc import Sequence

from simmail.files.invocation import Invocation
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision
from simmail.postfix.commands.table_tool import TableTool, lines
from simmail.postfix.headers import HeaderField, HeaderTable
from simmail.postfix.mime import MimeError, MimeOptions, MimeReader, Part
from simmail.postfix.tables.build import create
from simmail.postfix.tables.entries import read_entries
from simmail.postfix.tables.flags import DictFlag


def postmap(invocation: Invocation) -> Decision[int]:
    """Run postmap; the exit status."""
    return Postmap(invocation).run()


class Postmap(TableTool):
    """One run of postmap."""

    letters = "bc:d:fFhimnNopq:rsuUvw"
    usage = "[-bfFhimnNoprsuUvw] [-c config_dir] [-d key] [-q key] [map_type:]file..."

    def prepare(self) -> None:
        """-b, -h and -m go with `-q -` alone, and take octets that are no UTF-8."""
        request = self.request
        given = request.letters & set("bhm")
        if given and request.query != "-":
            raise Fatal('specify -b -h or -m only with "-q -"')
        if given == {"m"}:
            self.warn("warning", "ignoring -m option without -b or -h")
        elif given and "U" not in request.letters:
            request.flags &= ~DictFlag.UTF8_REQUEST

    def make(self, type: str, name: str) -> None:
        """Compile a table, or add to it."""
        path, source = self.source(type, name)
        builder = create(type, name, self.environment, self.request.flags, source)
        files = DictFlag.SRC_RHS_IS_FILE in self.request.flags
        for entry in read_entries(
            self.text(source), path, self.environment, utf8=builder.table.utf8, files=files, last=False
        ):
            builder.put(entry.key, entry.value, entry.line)
        builder.close()

    def queries(self) -> bool:
        """Answer the keys on standard input, or the headers and lines of the message there."""
        letters = self.request.letters
        return _Message(self, letters).read() if letters & set("bh") else super().queries()


class _Message:
    """A message on standard input, each header or body line of which is a key."""

    stopped = False

    def __init__(self, tool: TableTool, letters: set[str]) -> None:
        self.tool, self.letters = tool, letters
        self.found = self.over = False

    def read(self) -> bool:
        """Go through the message; whether there was an answer to anything."""
        options = MimeOptions(structure="m" in self.letters)
        reader = MimeReader(options, HeaderTable(), self)
        for line in lines(self.tool.invocation.stdin):
            if self.over:
                break
            reader.feed((line,))
        reader.end()
        return self.found

    def header(self, part: Part, field: HeaderField | None, text: str) -> None:
        """A header is a key, with -h."""
        if "h" in self.letters:
            self.found |= self.tool.answer(text)

    def headers_done(self) -> None:
        """Without -b and -m nothing more is wanted."""
        self.over = not self.letters & set("bm")

    def body(self, line: str, offset: int, ended: bool) -> None:
        """A body line is a key, with -b."""
        if "b" in self.letters and not self.over:
            self.found |= self.tool.answer(line)

    def passage(self, lines: Sequence[str], text: str) -> bool:
        """Each line is a key of its own."""
        return False

    def mime_error(self, error: MimeError, text: str) -> None:
        """Nothing is looked for that could be wrong."""
