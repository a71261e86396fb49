"""What procmail says: diagnostics, and the abstract of each message, in LOGFILE or on standard error."""

from __future__ import annotations

from simmail.files.file_errors import FileError
from simmail.userland.process import Process
from simmail.userland.procmail.mail import Mail
from simmail.userland.streams import FileOutput

LONGEST_FOLDER, LONGEST_SUBJECT = 60, 78
#: The column of the size, and how many columns a tabulator takes.
SIZE_COLUMN, TAB = 72, 8


class Log:
    """Where procmail's words go.

    Args:
        process: the running procmail.

    Attributes:
        path: LOGFILE; "" before one is set.
        verbose: whether everything is told.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.path, self.verbose = "", False
        self._file: FileOutput | None = None

    def open(self, name: str) -> None:
        """LOGFILE is set: what follows goes there."""
        files = self.process.files
        path = files.path(name)
        try:
            files.append(name, "")
        except FileError as error:
            self.complain(f'Error while writing to "{name}": {error.reason}')
            return
        self.path, self._file = path, FileOutput(files, path, self.process.job)

    def write(self, text: str) -> None:
        """Write a text as it is."""
        if self._file is not None:
            self._file.write(text)
        elif text:
            self.process.err.append(text)

    def complain(self, text: str) -> None:
        """Something is wrong."""
        self.write(f"procmail: {text}\n")

    def tell(self, text: str) -> None:
        """Something that only a verbose log shows."""
        if self.verbose:
            self.complain(text)


def abstract(mail: Mail, folder: str, size: int) -> str:
    """What is logged of a delivered message: From_ line, subject, folder, octets."""
    lines = [mail.from_line] if mail.from_line else []
    subject = mail.field("Subject")
    if subject:
        lines.append(" " + subject[:LONGEST_SUBJECT])
    name = f"  Folder: {folder.replace(chr(10), ' ')[:LONGEST_FOLDER]}"
    tabs = (SIZE_COLUMN - len(name) // TAB * TAB) // TAB
    lines.append(name + "\t" * max(tabs, 1) + f"{size:7d}")
    return "\n".join(lines) + "\n"
