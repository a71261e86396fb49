"""The reference of world.yaml is that of the schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.world_reference import schema, texts


@pytest.mark.parametrize(("path", "text"), list(texts().items()), ids=[path.name for path in texts()])
def test_the_page_is_current(path: Path, text: str) -> None:
    """`python -m tools.world_reference` would change nothing."""
    assert path.read_text(encoding="utf-8") == text


def test_every_field_says_what_it_is() -> None:
    """Each field of a part has a description, or a name that says it all."""
    plain = {
        "title",
        "about",
        "sites",
        "links",
        "hosts",
        "people",
        "faults",
        "kind",
        "subject",
        "text",
        "port",
        "writes",
    }
    parts = [schema(), *schema()["$defs"].values()]
    silent = {
        name
        for part in parts
        for name, field in part.get("properties", {}).items()
        if "description" not in field and name not in plain
    }
    assert silent <= {"at", "until"}
