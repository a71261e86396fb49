"""A lab's text source made into a notebook: plain cells, no outputs, ids that stay when nothing changes.

The source (`lab.md`) is Markdown.  A fence of three backquotes and `{code-cell}` holds a code cell; tags may follow
in brackets: `{code-cell} [exercise]`.  A line with nothing but `+++` ends a Markdown cell and begins the next one; so
does a heading.

A comment on lines of its own says what the words before it rely on, and is left out of the notebook.  The tests look
for its lines in what the cells before it in its section print (section 7 with `printed in 7:`), or a command:

    <!-- printed: notices: 5 -->
    <!-- printed by `simmail compare 12 --policies before,after`: wanted_lost 30.33 ± 8.7 ... -->
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from simmail.mail.errors import InputError, Location

FENCE = re.compile(r"```\{code-cell\}\s*(?:\[([\w\s,-]*)\])?\s*$")
COMMENT, COMMENT_END = "<!--", "-->"
PRINTED = re.compile(
    r"<!-- printed(?: in (?P<section>\d+)| by `(?P<command>[^`]+)`)?:(?P<text>(?:(?!-->).)*)-->", re.DOTALL
)
#: In a comment, whatever stands there.
ANYTHING = "..."
#: Of a cell's text, hexadecimal digits in its id.
DIGEST = 10


class Cell(NamedTuple):
    """A cell: `markdown` or `code`, its text, its tags."""

    kind: str
    text: str
    tags: tuple[str, ...] = ()


class Printed(NamedTuple):
    """What a text relies on: the lines, where it says so, and who prints them: by default the cells above."""

    lines: tuple[str, ...]
    number: int
    section: str = ""
    command: str = ""


def printed(comment: str, name: str, number: int) -> Printed:
    """What a comment says was printed.

    Args:
        comment: its text, from `<!--` to `-->`.
        name: the source's file, for messages.
        number: its first line in that file.

    Raises:
        InputError: for a comment that nobody would read, and for one that fits anything.
    """
    place = Location(name, number)
    found = PRINTED.fullmatch(comment)
    if not found:
        raise InputError(place, "nobody reads this comment", "write it as <!-- printed: what a cell has printed -->")
    lines = tuple(" ".join(line.split()) for line in found["text"].strip().splitlines())
    if not set(lines) - {ANYTHING, ""}:
        raise InputError(place, "this comment fits whatever is printed", "write a line of it behind `printed:`")
    return Printed(lines, number, found["section"] or "", found["command"] or "")


def cells(source: str, name: str = "lab.md") -> Iterator[Cell]:
    """The cells of a source.

    Args:
        source: the text.
        name: its file, for messages.

    Raises:
        InputError: as `pieces` does.
    """
    return (piece for piece in pieces(source, name) if isinstance(piece, Cell))


def pieces(source: str, name: str = "lab.md") -> Iterator[Cell | Printed]:
    """The cells of a source, and behind each what it says was printed.

    Args:
        source: the text.
        name: its file, for messages.

    Raises:
        InputError: for a fence or a comment that is never closed, and as `printed` does.
    """
    prose: list[str] = []
    said: list[Printed] = []
    lines = source.split("\n")
    number = 0

    def flush() -> Iterator[Cell | Printed]:
        text = "\n".join(prose).strip("\n")
        prose.clear()
        if text:
            yield Cell("markdown", text)
        yield from said
        said.clear()

    while number < len(lines):
        line = lines[number]
        if line.startswith("```"):
            end = _fenced(lines, number, name)
            fence = FENCE.match(line)
            if fence:
                yield from flush()
                tags = tuple(tag.strip() for tag in (fence[1] or "").split(",") if tag.strip())
                yield Cell("code", "\n".join(lines[number + 1 : end]).strip("\n"), tags)
            else:
                prose.extend(lines[number : end + 1])
            number = end + 1
            continue
        if COMMENT in line:
            end = _commented(lines, number, name)
            said.append(printed("\n".join(lines[number : end + 1]), name, number + 1))
            number = end + 1
            continue
        if line.strip() == "+++":
            yield from flush()
        else:
            if line.startswith("#"):
                yield from flush()
            prose.append(line)
        number += 1
    yield from flush()


def _fenced(lines: list[str], start: int, name: str) -> int:
    """Where a fence ends."""
    end = next((i for i in range(start + 1, len(lines)) if lines[i].rstrip() == "```"), None)
    if end is None:
        raise InputError(Location(name, start + 1), "this fence is never closed", "end it with a line of ```")
    return end


def _commented(lines: list[str], start: int, name: str) -> int:
    """Where a comment ends."""
    end = next((i for i in range(start, len(lines)) if lines[i].endswith(COMMENT_END)), None)
    if end is None or not lines[start].startswith(COMMENT):
        wrong = "this comment is never closed" if end is None else "a comment begins in the middle of a line"
        raise InputError(Location(name, start + 1), wrong, "put it on lines of its own: <!-- printed: ... -->")
    return end


def build(source: str, name: str, file: str = "") -> str:
    """The notebook's JSON text: the same for the same source, on every machine.

    Args:
        source: the lab's text.
        name: the notebook's name; its cells' ids begin with what stands before its first `-`.
        file: the source's name for messages; `labs/NAME/lab.md` by default.

    Raises:
        InputError: as `cells` does.
    """
    made: list[dict[str, Any]] = []
    seen: Counter[str] = Counter()
    for cell in cells(source, file or f"labs/{name}/lab.md"):
        digest = hashlib.sha1(f"{cell.kind}\n{cell.text}".encode(), usedforsecurity=False).hexdigest()[:DIGEST]
        seen[digest] += 1
        again = f"-{seen[digest]}" if seen[digest] > 1 else ""
        entry: dict[str, Any] = {
            "cell_type": cell.kind,
            "id": f"{name.partition('-')[0]}-{digest}{again}",
            "metadata": {"tags": list(cell.tags)} if cell.tags else {},
            "source": cell.text.splitlines(keepends=True),
        }
        if cell.kind == "code":
            entry.update(execution_count=None, outputs=[])
        made.append(entry)
    notebook = {
        "cells": made,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
