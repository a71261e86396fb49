"""A lab's text source made into a notebook: plain cells, no outputs, ids that stay when nothing changes.

The source (`lab.md`) is Markdown.  A fence of three backquotes and `{code-cell}` holds a code cell; tags may follow
in brackets: `{code-cell} [exercise]`.  A line with nothing but `+++` ends a Markdown cell and begins the next one; so
does a heading.
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
#: Of a cell's text, hexadecimal digits in its id.
DIGEST = 10


class Cell(NamedTuple):
    """A cell: `markdown` or `code`, its text, its tags."""

    kind: str
    text: str
    tags: tuple[str, ...] = ()


def cells(source: str, name: str = "lab.md") -> Iterator[Cell]:
    """The cells of a source.

    Args:
        source: the text.
        name: its file, for messages.

    Raises:
        InputError: for a fence that is never closed.
    """
    prose: list[str] = []
    lines = source.split("\n")
    number = 0

    def flush() -> Iterator[Cell]:
        text = "\n".join(prose).strip("\n")
        prose.clear()
        if text:
            yield Cell("markdown", text)

    while number < len(lines):
        line = lines[number]
        if line.startswith("```"):
            end = next((i for i in range(number + 1, len(lines)) if lines[i].rstrip() == "```"), None)
            if end is None:
                raise InputError(Location(name, number + 1), "this fence is never closed", "end it with a line of ```")
            fence = FENCE.match(line)
            if fence:
                yield from flush()
                tags = tuple(tag.strip() for tag in (fence[1] or "").split(",") if tag.strip())
                yield Cell("code", "\n".join(lines[number + 1 : end]).strip("\n"), tags)
            else:
                prose.extend(lines[number : end + 1])
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
