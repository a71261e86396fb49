"""Builds `notebooks/NAME.ipynb` from `labs/NAME/lab.md`, and the contents; `--check` only tells what is out of date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from simmail.lab.contents import PAGE, contents
from simmail.lab.notebook import build

ROOT = Path(__file__).resolve().parents[1]


def shelf(top: Path = ROOT) -> Iterator[tuple[str, str]]:
    """What stands on the shelf: file name, text."""
    yield PAGE, contents(top)
    for source in sorted((top / "labs").glob("*/lab.md")):
        name = source.parent.name
        yield f"{name}.ipynb", build(source.read_text(encoding="utf-8"), name)


def main() -> int:
    """Build what is out of date; the exit status."""
    stale = []
    for name, text in shelf():
        target = ROOT / "notebooks" / name
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                target.parent.mkdir(exist_ok=True)
                target.write_text(text, encoding="utf-8", newline="\n")
    if stale:
        print(("out of date: " if "--check" in sys.argv else "built: ") + ", ".join(stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
