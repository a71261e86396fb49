"""The map of the course leads to places that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from simmail.lab.lint import rules
from simmail.lab.lint.finding import Kind

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "docs" / "course-map.md"
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(?:#([^)\s]+))?\)")
CODE = re.compile(r"lint `([\w-]+)`")
#: Misconfigurations that the course shows, at least.
SHOWN = 50


def part(begin: str, end: str = "\\Z") -> str:
    """The map's text from one heading of the second level to another."""
    found = re.search(rf"^## {begin}\n(.*?)(?:^## {end}|\Z)", MAP.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def rows(text: str) -> list[tuple[str, str]]:
    """The tables' rows: what it is, and where."""
    found = []
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| the "):
            what, _, where = line.strip("| ").rpartition(" | ")
            found.append((what, where))
    return found


def anchor(heading: str) -> str:
    """What a heading is called in a link."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """The anchors of a Markdown file; what looks like a heading in a code block is none."""
    prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)}


def codes() -> Iterator[str]:
    """What lint's findings are called."""
    for module in iter_modules(rules.__path__):
        for value in vars(import_module(f"{rules.__name__}.{module.name}")).values():
            if isinstance(value, Kind):
                yield value.code


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    """Of each link the file is there, and in the file the heading."""
    found = LINK.findall(MAP.read_text(encoding="utf-8"))
    assert found
    lost = [(name, at) for name, at in found if not (MAP.parent / name).is_file()]
    assert lost == []
    assert [(name, at) for name, at in found if at and at not in anchors(MAP.parent / name)] == []


def test_every_point_of_the_chapter_is_reached() -> None:
    """Each row has a lab's section, where it can be run."""
    points = rows(part("The chapter", "Misconfigurations"))
    assert len(points) == 40
    assert [what for what, where in points if "../labs/" not in where] == []


def test_every_mistake_is_somewhere() -> None:
    """Each has a lab, an exercise, or a finding of lint; and there are enough of them."""
    mistakes = rows(part("Misconfigurations"))
    assert len({what for what, _ in mistakes}) == len(mistakes) >= SHOWN
    assert [what for what, where in mistakes if not LINK.search(where) and not CODE.search(where)] == []
    assert f"{len(mistakes)} of them" in part("Misconfigurations")


def test_lint_has_the_findings_that_are_named() -> None:
    """Each name of a finding is one of lint's."""
    named = set(CODE.findall(MAP.read_text(encoding="utf-8")))
    assert named
    assert named - set(codes()) == set()
