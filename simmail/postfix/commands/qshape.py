"""NAME
    qshape - print Postfix queue domain and age distribution

SYNOPSIS
    qshape [-s] [-p] [-m min_subdomains] [-l] [-b bucket_count] [-t bucket_time] [-w terminal_width]
        [-N batch_msg_count] [-n batch_top_domains] [-c config_directory] [queue_name ...]

DESCRIPTION
    A row for each domain of recipients, with -s of senders, and a column for each range of ages, in minutes.
    Where the queue is it asks postconf(1), whose complaints about main.cf are heard with the table.

BUGS
    Rows with as many messages and names of the same length stand in the order in which they were found; the real
    program's is that of a Perl hash.  Without a terminal there are no batches.

SEE ALSO
    qshape(1), QSHAPE_README
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simmail.files.invocation import Invocation
from simmail.files.paths import normal
from simmail.mail.message import Message
from simmail.mail.questions import Decision
from simmail.postfix.commands.usage import BadOption, Console, getopt
from simmail.postfix.config import QUEUE_DIRECTORY
from simmail.postfix.spool import QUEUES, Spool

PROGRAM = "/usr/sbin/qshape"
USAGE = f"""\
Usage: {PROGRAM} [ -s ] [ -p ] [ -m <min_subdomains> ] [ -l ]
\t[ -b <bucket_count> ] [ -t <bucket_time> ] [ -w <terminal_width> ]
\t[ -N <batch_msg_count> ] [ -n <batch_top_domains> ]
\t[ -c <config_directory> ] [ <queue_name> ... ]
The 's' option shows sender domain counts.
The 'p' option shows address counts by for parent domains.
Parent domains are shown with a leading '.' before the domain name.
Parent domains are only shown if the domain is not a TLD, and at
least <min_subdomains> (default 5) subdomains are shown in the output.

The bucket age ranges in units of <bucket_time> minutes are
[0,1), [1,2), [2,4), [4,8), [8, 16), ... i.e.:
\tthe first bucket is [0, bucket_time) minutes
\tthe second bucket is [bucket_time, 2*bucket_time) minutes
\tthe third bucket is [2*bucket_time, 4*bucket_time) minutes...
'-l' makes the ages linear, the number of buckets shown is <bucket_count>

The default summary is for the incoming and active queues. An explicit
list of queue names can be given on the command line. Non-absolute queue
names are interpreted relative to the Postfix queue directory. Use
<config_directory> to specify a non-default Postfix instance.  Values of
the main.cf queue_directory parameter that use variable expansions are
not supported. If necessary, use explicit absolute paths for all queues."""
BAD_OPTION, NO_FOLDER, DEFAULT_QUEUES = 255, 1, ["incoming", "active"]
TOTAL, DAEMON = "TOTAL", "MAILER-DAEMON"
MIN_DOMAIN_WIDTH = 18


@dataclass(slots=True)
class Shape:
    """How the table is made.

    Args:
        senders: domains of senders instead of recipients.
        parents: rows for parent domains too.
        linear: columns of equal width.
        columns: how many ranges of ages.
        minutes: the first range's width, minutes.
        width: of the table, characters.
        least: parent domains need so many subdomains.
    """

    senders: bool = False
    parents: bool = False
    linear: bool = False
    columns: int = 10
    minutes: int = 5
    width: int = 80
    least: int = 5


def qshape(invocation: Invocation) -> Decision[int]:
    """Run qshape; the exit status."""
    try:
        options, names = getopt(invocation.argv[1:], "lhc:psw:b:t:m:n:N:")
    except BadOption as error:
        letter = error.text.rpartition("'")[0][-1:]
        if "invalid" in error.text:
            invocation.complain(f"{PROGRAM}: Unknown option: {letter}")
        invocation.complain(USAGE)
        return BAD_OPTION
    given = dict(options)
    if "h" in given:
        invocation.complain(USAGE)
        return BAD_OPTION
    shape = Shape("s" in given, "p" in given, "l" in given)
    for letter, name, least in (("b", "columns", 0), ("t", "minutes", 0), ("m", "least", 0), ("w", "width", 80)):
        if given.get(letter, "").isdigit() and int(given[letter]) > least:
            setattr(shape, name, int(given[letter]))
    names = names or DEFAULT_QUEUES
    if not all(name.startswith("/") for name in names) and (yield from _ask_for_folder(invocation, given.get("c"))):
        return NO_FOLDER
    table = _Table(shape, invocation.now)
    for name in names:
        _gather(invocation, table, name)
    invocation.out.extend(line + "\n" for line in table.lines())
    return 0


def _ask_for_folder(invocation: Invocation, folder: str | None) -> Decision[int]:
    """Ask postconf where the queue is, which it knows here; its exit status."""
    if folder is not None:
        invocation.environment = {**invocation.environment, "MAIL_CONFIG": folder}
    printed = len(invocation.out)
    status = yield from Console("qshape", invocation).run(("postconf", "-h", "queue_directory"))
    del invocation.out[printed:]
    if status:
        invocation.complain(f"{PROGRAM}: postconf failed")
    return int(status)


def _gather(invocation: Invocation, table: _Table, name: str) -> None:
    """Count the messages of one queue."""
    path = normal(name, QUEUE_DIRECTORY)
    queue = path.removeprefix(QUEUE_DIRECTORY + "/")
    if queue not in QUEUES:
        if not invocation.machine.files.is_folder(path):
            invocation.complain(f"Can't stat {name}: No such file or directory\n at {PROGRAM} line 375.")
        return
    console = Console("qshape", invocation)
    if console.locked_out:
        invocation.complain(f"Can't cd to {name}: Permission denied\n at {PROGRAM} line 375.")
        return
    spool: Spool = console.control().spool
    for message in spool.queue(queue).values():
        if message.expired:
            continue  # its file's mode is none that is looked for
        if queue == "maildrop":
            invocation.complain(f"Use of uninitialized value $qt in subtraction (-) at {PROGRAM} line 282.")
        else:
            table.count(message)


class _Table:
    """Counts by domain and age.

    Attributes:
        rows: domain -> its total, and its count in each range of ages.
        subdomains: parent domain -> how many subdomains it has.
    """

    def __init__(self, shape: Shape, now: float) -> None:
        self.shape, self.now = shape, now
        self.rows: dict[str, list[int]] = {TOTAL: [0] * (shape.columns + 1)}
        self.subdomains: dict[str, int] = {}

    def count(self, message: Message) -> None:
        """Enter a message."""
        column = self._column(int(self.now) - int(message.arrival))
        for address in [message.sender] if self.shape.senders else [r.address for r in message.recipients]:
            self._add(TOTAL, column)
            domain = address.lower().rpartition("@")[2].strip(".") if address else DAEMON
            new = False
            while True:
                old = self._add(domain, column) > 1
                if new:
                    self.subdomains[domain] = self.subdomains.get(domain, 0) + 1
                new = not old
                parent = domain.removeprefix(".").partition(".")[2]
                if not self.shape.parents or "." not in parent:
                    break
                domain = "." + parent

    def _add(self, domain: str, column: int) -> int:
        row = self.rows.setdefault(domain, [0] * (self.shape.columns + 1))
        row[0] += 1
        row[column] += 1
        return row[0]

    def _column(self, seconds: int) -> int:
        ages = seconds / (60 * self.shape.minutes)
        if ages < 1:
            return 1
        column = int(ages + 1) if self.shape.linear else 2 + int(math.log(ages) / math.log(2))
        return min(column, self.shape.columns)

    def lines(self) -> list[str]:
        """The table."""
        heads, widths = self._heads()
        room = max(self.shape.width - sum(widths), MIN_DOMAIN_WIDTH)
        lines = [_row("", heads, room, widths)]
        order = sorted(self.rows, key=lambda domain: (-self.rows[domain][0], len(domain)))
        for domain in order:
            if domain.startswith(".") and self.subdomains.get(domain, 0) < self.shape.least:
                continue
            lines.append(_row(domain, [str(count) for count in self.rows[domain]], room, widths))
        return lines

    def _heads(self) -> tuple[list[str], list[int]]:
        """The columns' headings and widths."""
        shape = self.shape
        starts = [0]
        for _ in range(shape.columns - 1):
            start = starts[-1]
            starts.append(start + (start if start and not shape.linear else shape.minutes))
        heads = ["T", *map(str, starts[1:]), f"{starts[-1]}+"]
        lengths = [max(len(str(count)), len(head)) for count, head in zip(self.rows[TOTAL], heads, strict=True)]
        return heads, [length + 1 if length > 2 else 3 for length in lengths]


def _row(domain: str, cells: list[str], room: int, widths: list[int]) -> str:
    if len(domain) > room:
        mark = ".+" if domain.startswith(".") else "+"
        domain = mark + domain[len(domain) - room + len(mark) :]
    return domain.rjust(room) + "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
