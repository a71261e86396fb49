"""What is taken for a file that was meant for another."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.lab.namesakes import misplaced, namesakes

MAIN_CF = "hosts/mail.domain.ork/etc/postfix/main.cf"


@pytest.mark.parametrize(
    ("name", "there", "meant"),
    [
        ("main.cf", ["Main.cf", "main.cf.txt", "main (1).cf", "main - copy.cf", "main.cf~", "MAIN.CF"], True),
        ("main.cf", ["master.cf", "domain.cf", "main", "main.conf", "mainframe.cf", "main.cfg", "aliases"], False),
        ("aliases", ["aliases.txt", "Aliases", "aliases (2)", "aliases~"], True),
        ("aliases", ["my-aliases", "aliases2"], False),
    ],
)
def test_what_looks_like_a_file(name: str, there: list[str], meant: bool) -> None:
    """Names that programs make of one, and no others."""
    paths = [f"some/where/{path}" for path in there]
    assert namesakes(name, paths) == (sorted(paths) if meant else [])


def test_where_a_file_belongs(tmp_path: Path) -> None:
    """The copy's own beginning is no slip, and neither is what lies deeper than anybody would look."""
    for path in ("main.cf", ".simmail/beginning/" + MAIN_CF, "d/" * 9 + "main.cf", "odd\x1b[2J/main.cf"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert misplaced(tmp_path, [MAIN_CF]) == (
        f"There is main.cf and odd?[2J/main.cf: main.cf belongs in {MAIN_CF.removesuffix('/main.cf')}."
    )
    assert misplaced(tmp_path, ["zones/domain.ork.zone"]) == ""
