"""What lint has to say of a host: as text, as a table in a notebook, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

from simmail.lab.explain.place import Place
from simmail.lab.lint.databases import Databases
from simmail.lab.lint.finding import SEVERITIES, Finding

COLUMNS = ("where", "severity", "what happens", "why", "instead", "manual")
_LEFT = "style='text-align:left;white-space:pre-wrap;vertical-align:top'"


class Report:
    """The findings about one host, the worst first; as text it is for people, in a notebook a table.

    Args:
        place: the host.
        findings: what was found, their places as the user knows them.

    Attributes:
        notices: what could not be told, and how the host was made.
    """

    def __init__(self, place: Place, findings: Sequence[Finding]) -> None:
        self.place, self.findings = place, tuple(findings)
        self.notices = [*place.notices]
        if not Databases(place).tells:
            self.notices.append("no table here is compiled, so nothing is said of tables that are not")

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Any:
        return iter(self.findings)

    @property
    def summary(self) -> str:
        """How many findings there are of each severity."""
        counts = Counter(finding.severity for finding in self.findings)
        told = [f"{counts[name]} {name}{'s' if counts[name] != 1 else ''}" for name in SEVERITIES if counts[name]]
        return ", ".join(told) or "nothing to object"

    def __str__(self) -> str:
        blocks = [_text(finding) for finding in self.findings]
        return "\n\n".join([*blocks, f"{self.place.host.machine.hostname}: {self.summary}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col'>{name}</th>" for name in COLUMNS)
        rows = "".join(_row(finding) for finding in self.findings)
        caption = escape(f"{self.place.host.machine.hostname}: {self.summary}")
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def json(self) -> dict[str, Any]:
        """All of it as plain values, fit for JSON."""
        return {
            "host": self.place.host.machine.hostname,
            "summary": self.summary,
            "findings": [_values(finding) for finding in self.findings],
            "notices": self.notices,
        }


def _text(finding: Finding) -> str:
    lines = [
        f"{finding.location}: {finding.severity}: {finding.happens} [{finding.code}]",
        f"    why:     {finding.why}",
        f"    instead: {finding.instead}",
        f"    read:    {finding.manual}",
    ]
    if finding.related:
        lines.append(f"    see:     {', '.join(map(str, finding.related))}")
    return "\n".join(lines)


def _row(finding: Finding) -> str:
    where = "\n".join(map(str, (finding.location, *finding.related)))
    cells = (
        where,
        f"{finding.severity}: {finding.code}",
        finding.happens,
        finding.why,
        finding.instead,
        finding.manual,
    )
    return "<tr>" + "".join(f"<td {_LEFT}>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _values(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity, "code": finding.code, "file": finding.location.file,
        "line": finding.location.line, "happens": finding.happens, "why": finding.why, "instead": finding.instead,
        "manual": finding.manual, "related": [{"file": p.file, "line": p.line} for p in finding.related],
    }  # fmt: skip
