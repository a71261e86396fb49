"""date and sleep: the time."""

from __future__ import annotations

import re

from simmail.mail.calendar import DAYS, MONTHS
from simmail.mail.questions import Decision, Sleep
from simmail.userland.commands.manage import read_date
from simmail.userland.commands.options import options
from simmail.userland.process import CommandError, Process, Tool, plain

FULL_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FULL_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def formatted_date(process: Process, now: float, template: str) -> str:
    """A date as date(1) shows it.

    Args:
        now: seconds since the world's start.
        template: with `%Y` and the like.
    """
    moment = process.machine.calendar.at(now)
    hour = moment.hour % 12 or 12
    year, week, weekday = moment.isocalendar()
    values = {
        "Y": str(moment.year),
        "y": f"{moment.year % 100:02d}",
        "C": f"{moment.year // 100:02d}",
        "m": f"{moment.month:02d}",
        "d": f"{moment.day:02d}",
        "e": f"{moment.day:2d}",
        "H": f"{moment.hour:02d}",
        "k": f"{moment.hour:2d}",
        "I": f"{hour:02d}",
        "l": f"{hour:2d}",
        "M": f"{moment.minute:02d}",
        "S": f"{moment.second:02d}",
        "N": "000000000",
        "p": "AM" if moment.hour < 12 else "PM",
        "P": "am" if moment.hour < 12 else "pm",
        "a": DAYS[moment.weekday()],
        "A": FULL_DAYS[moment.weekday()],
        "b": MONTHS[moment.month - 1],
        "h": MONTHS[moment.month - 1],
        "B": FULL_MONTHS[moment.month - 1],
        "j": f"{moment.timetuple().tm_yday:03d}",
        "u": str(weekday),
        "w": str(weekday % 7),
        "G": str(year),
        "V": f"{week:02d}",
        "U": f"{(moment.timetuple().tm_yday + 6 - weekday % 7) // 7:02d}",
        "W": f"{(moment.timetuple().tm_yday + 6 - moment.weekday()) // 7:02d}",
        "s": f"{process.machine.calendar.unix(now):.0f}",
        "z": "+0000",
        ":z": "+00:00",
        "Z": "UTC",
        "n": "\n",
        "t": "\t",
        "%": "%",
    }
    whole = {
        "F": "%Y-%m-%d",
        "T": "%H:%M:%S",
        "R": "%H:%M",
        "D": "%m/%d/%y",
        "x": "%m/%d/%y",
        "X": "%H:%M:%S",
        "r": "%I:%M:%S %p",
        "c": "%a %b %e %H:%M:%S %Y",
    }

    def replaced(found: re.Match[str]) -> str:
        flag, letter = found.groups()
        if letter in whole:
            return formatted_date(process, now, whole[letter])
        value = values.get(letter)
        if value is None:
            return found.group()
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
        process.print(formatted_date(process, now, template))
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
    process.now += seconds
    return 0


TOOLS = {"date": plain(date), "sleep": Tool(sleep)}
