"""What is written down of marks: a table for the teacher, and a file a student with the trace of what went wrong.

Names and texts of hand-ins are anybody's: what they hold stays text in a spreadsheet, in Markdown and in HTML.
"""

from __future__ import annotations

import csv
import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from simmail.lab.checks import Outcome
from simmail.lab.grade import Mark
from simmail.lab.page import page
from simmail.lab.report import FIRST, verdict
from simmail.mail.errors import InputError

#: What a spreadsheet would take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Book:
    """The marks of one go, on the disk as they come, so that nothing that ends it early takes them away.

    Args:
        out: the table; the files of feedback are in a folder beside it, of its name without the ending.
        form: `markdown` or `html`.

    Raises:
        InputError: for a name without an ending.
        OSError: where one of them cannot be written.
    """

    def __init__(self, out: Path, form: str = "markdown") -> None:
        if not out.suffix:
            raise InputError(f"--out {out}", "has no ending", f"write {out}.csv; the feedback goes into {out}")
        self.out, self.folder, self.form = out, out.with_suffix(""), form
        self.marks: list[Mark] = []
        self._names: Counter[str] = Counter()
        out.open("a").close()
        self.folder.mkdir(exist_ok=True)

    def add(self, mark: Mark) -> None:
        """Write down one mark; the checks, and so the columns, are known with the first that has any.

        Of two hand-ins of one name the second has a number behind it.
        """
        name = file_name(mark.student).casefold()
        self._names[name] += 1
        if self._names[name] > 1:
            trouble = "; ".join(filter(None, (mark.trouble, "there is another hand-in of this name")))
            mark = mark._replace(student=f"{mark.student} ({self._names[name]})", trouble=trouble)
        self.marks.append(mark)
        write_csv(self.marks, self.out)
        write_feedback([mark], self.folder, self.form)


def write_csv(marks: Sequence[Mark], out: Path) -> None:
    """A line a student: points, each check's points, and what has to be said."""
    names = list(dict.fromkeys(o.check for mark in marks if mark.report for o in mark.report.outcomes))
    with out.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["student", "points", "of", *names, "remark"])
        for mark in marks:
            rows.writerow([_plain(mark.student), *_columns(mark, names), _plain(mark.trouble)])


def _plain(text: str) -> str:
    text = one_line(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def one_line(text: str) -> str:
    """A text with its control characters written out, so that none breaks a line or speaks to a terminal."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def _columns(mark: Mark, names: Sequence[str]) -> list[Any]:
    """Points, and each check's; nothing at all where the grader is to blame."""
    report = mark.report
    if mark.fault:
        return ["", "", *("" for _ in names)]
    if report is None:
        return [0, "", *(0 for _ in names)]
    earned = {outcome.check: f"{outcome.earned:g}" for outcome in report.outcomes}
    return [f"{report.earned:g}", f"{report.points:g}", *(earned.get(name, "") for name in names)]


def write_feedback(marks: Sequence[Mark], folder: Path, form: str = "markdown") -> None:
    """A file a student: what holds, what does not, and the trace of the mail that went wrong.

    Args:
        marks: whose.
        folder: where the files go.
        form: `markdown` or `html`.
    """
    suffix, told = FORMS[form]
    folder.mkdir(parents=True, exist_ok=True)
    for mark in marks:
        (folder / f"{file_name(mark.student)}{suffix}").write_text(
            told(mark), encoding="utf-8", errors="backslashreplace"
        )


def file_name(student: str) -> str:
    """A student's name as that of a file: octets that are no UTF-8, and control characters, written out."""
    told = student.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return one_line(told).replace("\\", "%")


def markdown(mark: Mark) -> str:
    """The feedback as Markdown."""
    return "\n".join(_markdown(mark)) + "\n"


def _markdown(mark: Mark) -> Iterator[str]:
    yield f"# {_title(mark)}"
    if mark.trouble:
        yield from ("", html.escape(mark.trouble))
    if mark.report is not None and mark.report.troubles:
        yield from ("", FIRST, "", *_fenced(mark.report.troubles))
    for outcome in mark.report.outcomes if mark.report is not None else ():
        yield from ("", f"## {_verdict(outcome)}")
        if outcome.text:
            yield from ("", html.escape(outcome.text, quote=False))
            if outcome.witness:
                yield from ("", *_fenced(outcome.witness))
            yield from (f"\n{head}: {told}" for head, told in _pointers(outcome))


def _fenced(lines: Sequence[str]) -> Iterator[str]:
    """Anybody's lines, in a fence that none of them ends."""
    text, fence = "\n".join(lines), "```"
    while fence in text:
        fence += "`"
    yield from (fence, text, fence)


def page_of(mark: Mark) -> str:
    """The feedback as a page of HTML that stands by itself."""
    return page(_title(mark), "\n".join(_html(mark)))


def _html(mark: Mark) -> Iterator[str]:
    if mark.trouble:
        yield f"<p>{html.escape(mark.trouble)}</p>"
    if mark.report is not None and mark.report.troubles:
        yield f"<p>{FIRST}</p>{_pre(mark.report.troubles)}"
    for outcome in mark.report.outcomes if mark.report is not None else ():
        yield f"<h2>{html.escape(_verdict(outcome))}</h2>"
        if outcome.text:
            yield f"<p>{html.escape(outcome.text)}</p>"
            yield _pre(outcome.witness) if outcome.witness else ""
            yield from (f"<p>{head}: {html.escape(told)}</p>" for head, told in _pointers(outcome))


def _pre(lines: Sequence[str]) -> str:
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _title(mark: Mark) -> str:
    report = mark.report
    if mark.fault:
        return "No mark yet"
    return "No points" if report is None else f"{report.title}: {report.earned:g} of {report.points:g} points"


def _verdict(outcome: Outcome) -> str:
    return f"{verdict(outcome)}: {outcome.says} ({outcome.earned:g} of {outcome.points:g})"


def _pointers(outcome: Outcome) -> list[tuple[str, str]]:
    return [(head, told) for head, told in (("Hint", outcome.hint), ("Read on", outcome.manual)) if told]


#: How feedback can be written: the files' suffix, and what makes the text.
FORMS: dict[str, tuple[str, Callable[[Mark], str]]] = {"markdown": (".md", markdown), "html": (".html", page_of)}
