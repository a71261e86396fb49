"""date and sleep: the time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from simmail.mail.calendar import DAYS, MONTHS
from simmail.mail.questions import Decision, Level, Sleep
from simmail.userland.commands.manage import read_date
from simmail.userland.commands.options import options
from simmail.userland.process import CommandError, Process, Tool, plain

FULL_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FULL_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _week(moment: datetime, first: int) -> int:
    """The number of a week of the year; `first`: the day that one begins with, as isoweekday() counts."""
    return (moment.timetuple().tm_yday + 6 - (moment.isoweekday() - first) % 7) // 7


#: What stands for a letter behind `%`.
DIRECTIVES: dict[str, Callable[[datetime], str]] = {
    "Y": lambda moment: str(moment.year),
    "y": lambda moment: f"{moment.year % 100:02d}",
    "C": lambda moment: f"{moment.year // 100:02d}",
    "m": lambda moment: f"{moment.month:02d}",
    "d": lambda moment: f"{moment.day:02d}",
    "e": lambda moment: f"{moment.day:2d}",
    "H": lambda moment: f"{moment.hour:02d}",
    "k": lambda moment: f"{moment.hour:2d}",
    "I": lambda moment: f"{moment.hour % 12 or 12:02d}",
    "l": lambda moment: f"{moment.hour % 12 or 12:2d}",
    "M": lambda moment: f"{moment.minute:02d}",
    "S": lambda moment: f"{moment.second:02d}",
    "N": lambda moment: "000000000",
    "p": lambda moment: "AM" if moment.hour < 12 else "PM",
    "P": lambda moment: "am" if moment.hour < 12 else "pm",
    "a": lambda moment: DAYS[moment.weekday()],
    "A": lambda moment: FULL_DAYS[moment.weekday()],
    "b": lambda moment: MONTHS[moment.month - 1],
    "h": lambda moment: MONTHS[moment.month - 1],
    "B": lambda moment: FULL_MONTHS[moment.month - 1],
    "j": lambda moment: f"{moment.timetuple().tm_yday:03d}",
    "u": lambda moment: str(moment.isoweekday()),
    "w": lambda moment: str(moment.isoweekday() % 7),
    "G": lambda moment: str(moment.isocalendar().year),
    "V": lambda moment: f"{moment.isocalendar().week:02d}",
    "U": lambda moment: f"{_week(moment, 7):02d}",
    "W": lambda moment: f"{_week(moment, 1):02d}",
    "s": lambda moment: f"{moment.timestamp():.0f}",
    "z": lambda moment: "+0000",
    ":z": lambda moment: "+00:00",
    "Z": lambda moment: "UTC",
    "n": lambda moment: "\n",
    "t": lambda moment: "\t",
    "%": lambda moment: "%",
}
#: Letters that stand for several others.
COMBINED = {
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "D": "%m/%d/%y",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
    "r": "%I:%M:%S %p",
    "c": "%a %b %e %H:%M:%S %Y",
}


def formatted_date(moment: datetime, template: str) -> str:
    """A date as date(1) shows it; `template`: with `%Y` and the like."""

    def replaced(found: re.Match[str]) -> str:
        flag, letter = found.groups()
        if letter in COMBINED:
            return formatted_date(moment, COMBINED[letter])
        if letter not in DIRECTIVES:
            return found.group()
        value = DIRECTIVES[letter](moment)
        return (value.lstrip("0 ") or "0") if flag == "-" and value.strip().isdecimal() else value

    return re.sub(r"%([-_0^]?)(:?[A-Za-z%])", replaced, template)


def date(process: Process) -> int:
    """Print the time."""
    given = options(process, "ud:RIr:s:", {"utc": "u", "date": "d", "rfc-email": "R", "reference": "r"})
    template = "%a %b %e %H:%M:%S %Z %Y"
    now = process.now
    if "d" in given:
        moment = read_date(process, given.value("d"))
        if moment is None:
            raise CommandError(f"invalid date ‘{given.value('d')}’")
        now = moment
    elif "r" in given:
        now = process.files.stat(given.value("r")).modified
    if "R" in given:
        template = "%a, %d %b %Y %H:%M:%S %z"
    elif "I" in given:
        template = "%F"
    for operand in given.operands:
        if not operand.startswith("+"):
            raise CommandError(f"invalid date ‘{operand}’")
        template = operand[1:]
    try:
        process.print(formatted_date(process.machine.calendar.at(now), template))
    except (OverflowError, ValueError):
        raise CommandError("time out of range") from None
    return 0


DURATIONS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def sleep(process: Process) -> Decision[int]:
    """Let time pass."""
    given = options(process, "")
    if not given.operands:
        raise CommandError("missing operand\nTry 'sleep --help' for more information.")
    seconds = 0.0
    for operand in given.operands:
        found = re.fullmatch(r"([0-9]{1,9}\.?[0-9]{0,9}|\.[0-9]{1,9})([smhd]?)", operand)
        if found is None:
            raise CommandError(f"invalid time interval ‘{operand}’\nTry 'sleep --help' for more information.")
        seconds += float(found.group(1)) * DURATIONS[found.group(2)]
    process.job.rest(seconds)
    yield Sleep(seconds)
    yield Level()  # who sleeps wants to see what has happened meanwhile
    process.now += seconds
    return 0


TOOLS = {"date": plain(date), "sleep": Tool(sleep)}
