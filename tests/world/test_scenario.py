"""world.yaml is checked, and each mistake is told with its line."""

from pathlib import Path

import pytest

from simmail.mail.errors import InputError
from simmail.world import scenario
from simmail.world.folder import find
from simmail.world.loader import load

GOOD = """\
title: Two hosts
start: 2026-03-02 09:00
sites: [town]
hosts:
  a.example:
    site: town
    address: 192.0.2.1
  b.example:
    site: town
    address: 192.0.2.2
people:
  ann:
    address: ann@a.example
    computer: b.example
    submits_to: a.example
"""


def read(tmp_path: Path, text: str) -> scenario.Scenario:
    """The scenario that a text says."""
    path = tmp_path / "world.yaml"
    path.write_text(text)
    return scenario.read(path)


def test_a_good_one_is_read(tmp_path: Path) -> None:
    """A scenario without mistakes becomes values, times in seconds."""
    found = read(tmp_path, GOOD + "length: 2h\n")

    assert 7200.0 == found.length
    assert "192.0.2.2" == found.hosts["b.example"].address


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("site: town", "sight: town", 6, "hosts.a.example.sight: there is no such field; was 'site' meant"),
        (
            "    address: 192.0.2.2",
            "    speed: {mailbox: soon}\n    address: 192.0.2.2",
            10,
            "'soon' is no length of time",
        ),
        ("    site: town\n    address: 192.0.2.2", "    site: twon\n    address: 192.0.2.2", 9, "was 'town' meant"),
        ("submits_to: a.example", "submits_to: c.example", 15, "there is no host 'c.example'"),
        ("title: Two hosts\n", "", 1, "title: this field is missing"),
        ("sites: [town]", "sites: [town", 4, "is no YAML"),
        ("  a.example:", "  ../a.example:", 5, "'../a.example' is no host's name"),
        ("  a.example:", "  /:", 5, "'/' is no host's name"),
        ("start: 2026-03-02 09:00", "start: 2.3.2026", 2, "'2.3.2026' is no moment; write 2026-03-02 09:00"),
        ("people:\n", "actors:\n  shop: {kind: programme}\npeople:\n", 12, "no kind 'programme'; was 'program' meant?"),
        ("title: Two hosts", 'title: "Two \\udce9 hosts"', 1, r"has half a character, \udce9"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    """Each planted mistake is found where it stands."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))

    assert f"{tmp_path / 'world.yaml'}:{line}: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(("old", "new"), [("title: Two hosts", "start: 2026-02-30"), ("  a.example:", "  [[]]:")])
def test_what_no_yaml_reader_makes_sense_of_is_no_yaml(tmp_path: Path, old: str, new: str) -> None:
    """A day that is in no calendar, and a list for a name, are told with the file."""
    with pytest.raises(InputError, match=r"world\.yaml: is no YAML: "):
        read(tmp_path, GOOD.replace(old, new, 1))


def test_a_world_that_is_nowhere_is_told_with_those_at_hand(tmp_path: Path) -> None:
    """The labs and what lies in the present folder are named; what lies beside its parents is nobody's business."""
    for place in ("mine", "../stranger"):
        (tmp_path / "here" / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / "here" / place / "world.yaml").write_text("title: x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"there are: .*01-the-first-message.*mine") as told:
        find("nowhere", tmp_path / "here")
    assert "stranger" not in str(told.value)


def test_a_site_without_a_link_is_told(tmp_path: Path) -> None:
    """It is most likely a line forgotten; a world of one site needs none."""
    places = tmp_path / "world.yaml"
    places.write_text(GOOD, encoding="utf-8")
    assert load(tmp_path).notices == []
    places.write_text(GOOD.replace("[town]", "[town, village]"), encoding="utf-8")
    assert [told for told in load(tmp_path).notices if ":3: no link leads to village" in told]
