"""Counts the conformance cases, family by family.

usage: python -m tools.conformance_page        writes the table of docs/conformance.md
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "conformance.md"
CASES = ROOT / "tests" / "conformance" / "cases"
START = "| family |"


def table() -> str:
    """The table: cases and recorded steps of each family."""
    rows = []
    for family in sorted(path for path in CASES.iterdir() if path.is_dir()):
        texts = [path.read_text(encoding="utf-8") for path in family.glob("*.yaml")]
        steps = sum(text.count("\n  - ") for text in (text.partition("\nsteps:")[2] for text in texts))
        rows.append((family.name, len(texts), steps))
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    lines = [f"{START} cases | steps |", "|---|---:|---:|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with its table made anew."""
    return text.partition(START)[0] + table()


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
