"""What a lab quotes as said by a real Postfix stands in the recording that it names, word for word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "conformance" / "cases"
QUOTED = re.compile(r"^\*A real Postfix, `([\w/-]+)`:\*\n\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Quotation(NamedTuple):
    """What a lab quotes, and from which case."""

    lab: str
    case: str
    lines: tuple[str, ...]


def quotations() -> Iterator[Quotation]:
    """All of them."""
    for source in sorted((ROOT / "labs").glob("*/lab.md")):
        for case, lines in QUOTED.findall(source.read_text(encoding="utf-8")):
            yield Quotation(source.parent.name, case, tuple(lines.splitlines()))


def texts(value: Any) -> Iterator[str]:
    """All the texts within a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def test_something_is_quoted() -> None:
    """The pattern above finds what the labs quote, and every such frame has its case."""
    assert list(quotations())
    for source in (ROOT / "labs").glob("*/lab.md"):
        text = source.read_text(encoding="utf-8")
        assert text.count("*A real Postfix, ") == len(QUOTED.findall(text)), source


@pytest.mark.parametrize("quoted", list(quotations()), ids=lambda quoted: f"{quoted.lab}:{quoted.case}")
def test_a_quotation_is_recorded(quoted: Quotation) -> None:
    """Each line of it is (a part of) a line of the record."""
    record = json.loads((CASES / f"{quoted.case}.real.json").read_text(encoding="utf-8"))
    said = [line for text in texts(record) for line in text.splitlines()]
    assert quoted.lines
    assert [line for line in quoted.lines if not any(line in found for found in said)] == []
