"""What lint finds: a mistake, where it stands, what comes of it, and what to write instead."""

from __future__ import annotations

from typing import NamedTuple

from simmail.mail.errors import Location

#: How bad a finding is, the worst first: mail is lost or let in; something else than was meant; worth a word.
SEVERITIES = ("error", "warning", "note")


class Finding(NamedTuple):
    """One mistake.

    Args:
        severity: one of SEVERITIES.
        code: its kind, `inline-comment`.
        location: its file and line.
        happens: what happens.
        why: why it does.
        instead: what to write.
        manual: the page to read.
        related: other lines that have a part in it.
    """

    severity: str
    code: str
    location: Location
    happens: str
    why: str
    instead: str
    manual: str
    related: tuple[Location, ...] = ()

    @property
    def order(self) -> tuple[int, str, int, str]:
        """What findings are sorted by: the worst first, then by file and line."""
        return SEVERITIES.index(self.severity), self.location.file, self.location.line, self.code


class Kind(NamedTuple):
    """A kind of mistake; the texts hold `{names}` that each finding fills in.

    Args:
        severity, code, happens, why, instead, manual: as in `Finding`.
    """

    severity: str
    code: str
    happens: str
    why: str
    instead: str
    manual: str

    def at(self, location: Location, *related: Location, **words: object) -> Finding:
        """A finding of this kind.

        Args:
            location: where it stands.
            related: other lines that have a part in it.
            words: what the texts' names stand for.
        """
        happens, why, instead = (text.format(**words) for text in (self.happens, self.why, self.instead))
        return Finding(self.severity, self.code, location, happens, why, instead, self.manual, related)
