"""Puts a record into the recorder's normal form: queue ids, dates, delays and sizes replaced by placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from simmail.mail.records import Record, line
from simmail.world.logs import Letters

#: Programs whose lines no record shows.
UNSEEN = frozenset({"postfix-script", "master", "postlog", "postfix-wrapper"})

RULES = [
    (re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}(?: \(\w+\))?"), "DATE"),
    (re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} +\d+ \d\d:\d\d:\d\d(?: \d{4})?\b"), "DATE"),
    (re.compile(r"\b\d{14}\.(?=QID)"), "STAMP."),
    (re.compile(r"\b(QID\d+)\.\d+/"), r"\1.N/"),
    (re.compile(r"delay=[\d.e+-]+, delays=[\d./e+-]+"), "delay=N, delays=N"),
    (re.compile(r"\bsize=\d+"), "size=N"),
    (re.compile(r"(uid[ =])\d+"), r"\1N"),
    (re.compile(r"after [\d.]+ from"), "after N from"),
    (re.compile(r"\bmessage size \d+ exceeds"), "message size N exceeds"),
    (re.compile(r"(\(Postfix, from userid )1\d\d\)"), r"\1N)"),
    (re.compile(r"(client_port=)\d+"), r"\1N"),
    (re.compile(r"^(message_size:)[ \d]+$", re.M), r"\1 N"),
    (re.compile(r"\b(incoming|active|deferred|defer|bounce|flush|trace)/[0-9A-F]/(?=QID)"), r"\1/X/"),
    (re.compile(r"^(QID\d+[*!#]?) +\d+ (?=DATE)", re.M), r"\1 N "),
    (re.compile(r"^[0-9A-F]{6,15}([*!#]?) +\d+ (?=DATE)", re.M), r"QID?\1 N "),
    (re.compile(r'("(?:arrival_time|message_size)": )\d+'), r"\1N"),
]
QUEUED_AS = re.compile(r"queued as ([0-9A-F]{6,15})\b")
QUEUE_ID = re.compile(r"[0-9A-F]{6,15}")
PORT = re.compile(r"\]:\d{4,5}\b")
MAILDIR_NAME = re.compile(r"(.*/)(\d{9,})\.V[0-9a-f]+I[0-9a-f]+M(\d+)\.(.*)")


class Normal:
    """Replaces what differs from run to run; ids become QID1, QID2, ... in the order in which the log first names them.

    Args:
        timed: a case's `timed`: False, True (clock times) or "relative" (seconds since the first line).
        calendar: for clock times.
        letters: those that the host's log can hold.
    """

    def __init__(self, timed: bool | str, calendar: Any, letters: Letters) -> None:
        self.timed, self.calendar, self.letters = timed, calendar, letters
        self.ids: dict[str, str] = {}
        self.first: int | None = None

    def learn(self, records: Iterable[Record]) -> None:
        """Give a name to each id that a line of the log begins with or reports as queued."""
        for record in records:
            text = line(record)
            if text is None:
                continue
            found = [record.queue_id] if QUEUE_ID.fullmatch(record.queue_id) else []
            for queue_id in [*found, *QUEUED_AS.findall(text)]:
                self.ids.setdefault(queue_id, f"QID{len(self.ids) + 1}")

    def real_ids(self, text: str) -> str:
        """Placeholders in a command turned back into ids."""
        names = {placeholder: real for real, placeholder in self.ids.items()}
        return re.sub(r"\bQID\d+\b", lambda m: names.get(m[0], m[0]), text)

    def __call__(self, value: Any) -> Any:
        """A text, or all texts of a list or mapping, in normal form."""
        if isinstance(value, list):
            return [self(v) for v in value]
        if isinstance(value, dict):
            return {k: self(v) for k, v in value.items()}
        if not isinstance(value, str):
            return value
        if not value.isascii():  # octets that are no UTF-8 cannot be written down
            value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if self.ids:
            value = re.sub(r"\b(" + "|".join(self.ids) + r")\b(?=\W|\Z)", lambda m: self.ids[m[0]], value)
        for pattern, to in RULES:
            value = pattern.sub(to, value)
        return value

    def log(self, records: Iterable[Record]) -> list[str]:
        """`program: text` of each line that a record shows, with its time where the case asks for it."""
        out = []
        for record in records:
            text = self.letters.written(record)
            if text is None or record.program in UNSEEN or record.program.startswith("/"):
                continue
            if record.program == "postscreen":
                text = PORT.sub("]:N", text)
            out.append(f"{self._when(record.time)}{record.program}: {text}")
        found: list[str] = self(out)
        return found

    def _when(self, time: float) -> str:
        if not self.timed:
            return ""
        if self.timed != "relative":
            return str(self.calendar.syslog(time)).split()[2] + " "
        second = int(time)
        if self.first is None:
            self.first = second
        return f"+{second - self.first} "


def listing(text: str) -> str:
    """A queue listing put in the order of QID1, QID2, ..."""

    def order(entry: str) -> int:
        found = re.search(r"\bQID(\d+)", entry)
        return int(found[1]) if found else 0

    if text.startswith('{"queue_name"'):
        return "".join(sorted(text.splitlines(True), key=order))
    if text.startswith("-Queue ID-"):
        head, rest = text.split("\n", 1)
        *entries, total = rest.split("\n\n")
        return head + "\n" + "\n\n".join([*sorted(entries, key=order), total])
    return text


def maildirs(found: dict[str, str]) -> dict[str, str]:
    """A Maildir's file names become 1.HOST, 2.HOST, ... in order of time."""

    def order(path: str) -> tuple[Any, ...]:
        match = MAILDIR_NAME.fullmatch(path)
        return (match[1], int(match[2]), int(match[3])) if match else (path,)

    out: dict[str, str] = {}
    for path in sorted(found, key=order):
        match, number = MAILDIR_NAME.fullmatch(path), 1
        while match and f"{match[1]}{number}.{match[4]}" in out:
            number += 1
        out[f"{match[1]}{number}.{match[4]}" if match else path] = found[path]
    return out
