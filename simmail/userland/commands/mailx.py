"""mail and mailx: send what standard input holds, as BSD's program does."""

from __future__ import annotations

from simmail.mail.questions import Decision
from simmail.userland.commands.options import Options, options
from simmail.userland.process import CommandError, LaunchError, Process, Tool, launch
from simmail.userland.streams import Stream

USAGE = """\
usage: mail [-dEIinv] [-a header] [-b bcc-addr] [-c cc-addr] [-r from-addr] [-s subject] [--] to-addr ...
       mail [-dEIiNnv] -f [name]
       mail [-dEIiNnv] [-u user]"""
#: What stands in each header for which nothing was said.
MIME = {
    "MIME-Version": "1.0",
    "Content-Type": 'text/plain; charset="UTF-8"',
    "Content-Transfer-Encoding": "8bit",
}
EMPTY = "No message, no subject; hope that's ok"
NO_BODY = "Null message body; hope that's ok"


def mail(process: Process) -> Decision[int]:
    """Send a letter; mailboxes are not read with it here."""
    try:
        given = options(process, "a:b:c:r:s:u:fdEIiNnv")
    except CommandError as error:
        process.complain(f"{process.argv[0]}: {error.text.partition(chr(10))[0]}")
        process.complain(USAGE)
        return 1
    if "f" in given or not given.operands:
        return _not_read(process, given)
    body = yield from process.source.read_all()
    if not body:
        if "E" in given:
            return 0
        process.print(NO_BODY if given.value("s") else EMPTY)
    sender = ("-f", given.value("r")) if "r" in given else ()
    text = _header(given) + "\n" + body + ("\n" if body[-1:] not in ("", "\n") else "")
    try:
        return (yield from launch(process, ("/usr/sbin/sendmail", "-i", "-t", *sender), source=Stream(text)))
    except LaunchError as error:
        return process.fail(f"/usr/sbin/sendmail: {error.reason}")


def _header(given: Options) -> str:
    """The header, in the order in which the program writes it."""
    fields = [
        ("From", given.value("r")), ("To", ", ".join(given.operands)), ("Subject", given.value("s")),
        ("Cc", ", ".join(given.values("c"))), ("Bcc", ", ".join(given.values("b"))),
    ]  # fmt: skip
    said = [f"{name}: {value}" for name, value in fields if value or (name == "Subject" and "s" in given)]
    said += given.values("a")
    names = {line.partition(":")[0].strip().lower() for line in said}
    said += [f"{name}: {value}" for name, value in MIME.items() if name.lower() not in names]
    return "".join(f"{line}\n" for line in said)


def _not_read(process: Process, given: Options) -> int:
    """Say whether there is mail, and how it can be read."""
    if "f" in given:
        path = next(iter(given.operands), "mbox")
    else:
        path = f"/var/mail/{given.value('u') or process.user}"
    text = process.files.read(path) if process.files.is_file(path) else ""
    if not text:
        process.complain(f"No mail for {given.value('u') or process.user}")
        return 1
    letters = sum(line.startswith("From ") for line in text.splitlines())
    process.print(f'"{path}": {letters} message{"" if letters == 1 else "s"}')
    process.print(f"(letters are not shown one by one here: cat {path})")
    return 0


TOOLS = {"mail": Tool(mail), "mailx": Tool(mail), "bsd-mailx": Tool(mail)}
