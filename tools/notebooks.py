"""Builds `notebooks/NAME.ipynb` from `labs/NAME/lab.md`; `--check` only tells which are out of date."""

from __future__ import annotations

import sys
from pathlib import Path

from simmail.lab.notebook import build

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Build what is out of date; the exit status."""
    stale = []
    for source in sorted((ROOT / "labs").glob("*/lab.md")):
        name = source.parent.name
        target = ROOT / "notebooks" / f"{name}.ipynb"
        text = build(source.read_text(encoding="utf-8"), name)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            stale.append(target.name)
            if "--check" not in sys.argv:
                target.parent.mkdir(exist_ok=True)
                target.write_text(text, encoding="utf-8", newline="\n")
    if stale:
        print(("out of date: " if "--check" in sys.argv else "built: ") + ", ".join(stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
