"""The documents point at things that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"^\s+make ([a-z-]+)|`make ([a-z-]+)")
PLACES = (".", "docs", "docs/decisions", "tests", "benchmarks", "labs", "exercises", "notebooks")


def documents() -> list[str]:
    """The Markdown files, from the project's top."""
    found = {path for place in PLACES for path in (ROOT / place).glob("*.md")}
    found |= set((ROOT / "tests" / "conformance").glob("*.md")) | set((ROOT / "labs").glob("*/*.md"))
    return sorted(str(path.relative_to(ROOT)) for path in found)


def links(text: str) -> Iterator[str]:
    """The relative link targets in a Markdown text, without their anchors; code blocks are no text."""
    prose = re.sub(r"^```.*?^```|^ {4}.*?$|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    for target in LINK.findall(prose):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            yield target.partition("#")[0]


@pytest.mark.parametrize("name", documents())
def test_links_lead_somewhere(name: str) -> None:
    """Every relative link of a document names a file or folder of the project."""
    path = ROOT / name
    assert not [target for target in links(path.read_text(encoding="utf-8")) if not (path.parent / target).exists()]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_exist(name: str) -> None:
    """Every make target that the documents speak of is in the Makefile."""
    spoken = {
        a or b for line in (ROOT / name).read_text(encoding="utf-8").splitlines() for a, b in TARGET.findall(line)
    }
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert spoken
    assert spoken <= made


def test_decisions_are_numbered_in_order() -> None:
    """Decision records are 0000, 0001, ... without a gap, each with the number in its title."""
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(len(pages))]
    for page in pages[1:]:
        assert page.read_text(encoding="utf-8").startswith(f"# {page.name[:4]}. ")


def test_links_are_found() -> None:
    """The search above sees a link in prose and none in code."""
    text = "[a](b.md#c) `[x](y)` [d](https://e.example/)\n\n    [z](q)\n"
    assert list(links(text)) == ["b.md"]
