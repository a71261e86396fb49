"""docs/conformance.md tells of every family of cases."""

from __future__ import annotations

from tools.conformance_page import CASES, PAGE, page, table


def test_every_family_is_listed() -> None:
    """The page has a row for each folder of cases, and writing its table again changes nothing else."""
    text = PAGE.read_text(encoding="utf-8")
    families = sorted(path.name for path in CASES.iterdir() if path.is_dir())
    assert [line.split()[1] for line in table().splitlines()[2:]] == [*families, "all"]
    assert all(f"| {family} |" in text for family in families)
    assert page(text).partition("| family |")[0] == text.partition("| family |")[0]
