"""Writes `docs/world-yaml.md` and `docs/world.schema.json` from the schema of `world.yaml`; `--check` only tells."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simmail.world.scenario import Scenario

ROOT = Path(__file__).resolve().parents[1]
PAGE, SCHEMA = ROOT / "docs/world-yaml.md", ROOT / "docs/world.schema.json"
HEAD = """\
# world.yaml, field by field

Generated from the schema by `python -m tools.world_reference`. The same schema for editors is
[world.schema.json](world.schema.json).

Lengths of time are numbers of seconds or texts like `20ms`, `90s`, `1h30m`, `2d`; moments are lengths of time since the
start, or times of day (`10:30`, `1d 9:00`); rates are texts like `2Mbit/s`.
A field without a default has to be there. What is not listed here is a mistake, and is told with its line.
"""


def schema() -> dict[str, Any]:
    """The JSON schema."""
    found: dict[str, Any] = Scenario.model_json_schema()
    return found


def page() -> str:
    """The reference page."""
    whole = schema()
    lines = [HEAD, "## The world", "", *_table(whole)]
    for name, part in sorted(whole["$defs"].items()):
        kind = part.get("properties", {}).get("kind", {}).get("const")
        title = f"Actor: `kind: {kind}`" if kind else name
        lines += ["", f"## {title}", "", " ".join(str(part.get("description", "")).split()), "", *_table(part)]
    return "\n".join(lines) + "\n"


def _table(part: dict[str, Any]) -> Iterator[str]:
    required = set(part.get("required", ()))
    yield "| field | value | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in part.get("properties", {}).items():
        default = "" if name in required else f"`{json.dumps(field.get('default'))}`" if "default" in field else "empty"
        meaning = str(field.get("description", "")).replace("|", "\\|")
        yield f"| `{name}` | {_type(field)} | {default} | {meaning} |"


def _type(field: dict[str, Any]) -> str:
    """What a field's value may be, in words."""
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    for key in ("anyOf", "oneOf"):
        if key in field:
            return " or ".join(_type(other) for other in field[key] if other.get("type") != "null")
    kind = field.get("type", "")
    if kind == ["number", "string"]:
        return str(field["title"])
    if kind == "array":
        items = field.get("prefixItems")
        return " and ".join(map(_type, items)) if items else f"list of {_type(field.get('items', {}))}"
    if kind == "object":
        return f"mapping to {_type(field.get('additionalProperties', {}))}"
    return {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(kind, kind)


def texts() -> dict[Path, str]:
    """What the files should hold."""
    return {PAGE: page(), SCHEMA: json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"}


def main() -> int:
    """Write what is out of date; the exit status."""
    stale = [path for path, text in texts().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" not in sys.argv:
            path.write_text(texts()[path], encoding="utf-8")
        print(("out of date: " if "--check" in sys.argv else "written: ") + path.name)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
