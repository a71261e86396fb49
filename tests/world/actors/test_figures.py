"""Each figure of the living world has a source, and the ladders come out as the software behaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.mail.errors import InputError
from simmail.world.actors import figures
from simmail.world.actors.figures import Figures, known
from simmail.world.actors.ladder import ladder, steps

GRADES = ("A", "B", "C", "D", "assumed")


def test_every_figure_has_a_grade_and_a_source() -> None:
    """Nothing is made up in silence."""
    assert known()
    assert [f.name for f in known().values() if f.grade not in GRADES or not f.source or not f.unit] == []


@pytest.mark.parametrize(
    ("software", "first"),
    [
        ("postfix", (300, 600, 1200, 2400, 4800, 8800)),
        ("exim", (900, 1800, 2700, 3600, 4500, 5400, 6300, 7200, 10800, 16200)),
        ("qmail", (400, 1600, 3600, 6400)),
        ("exchange", (60, 120, 180, 240, 540, 840)),
        ("never", ()),
    ],
)
def test_a_ladder_is_that_of_its_software(software: str, first: tuple[float, ...]) -> None:
    """The ages at which Postfix, Exim, qmail and Exchange try again are those of their manuals."""
    assert ladder(software)[: len(first)] == first


@pytest.mark.parametrize("name", [name for name in known() if name.startswith("ladder.")])
def test_ladders_rise(name: str) -> None:
    """No try comes before the one before it."""
    ages = steps(known()[name].value)
    assert ages == sorted(set(ages))


def test_a_world_says_otherwise() -> None:
    """A world's own figure counts there; one that does not exist is told with what was meant."""
    assert Figures({"bot.retry_s": 5})["bot.retry_s"] == 5
    with pytest.raises(InputError, match=r"bot\.retry_s"):
        Figures({"bot.retry": 5})
    with pytest.raises(InputError, match="is a table"):
        Figures({"bot.tries": 5})


def test_every_figure_is_read() -> None:
    """What no actor asks for has no place in the data file; ladders, pools and software are asked for by family."""
    package = Path(figures.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    families = ("ladder.", "pool.", "software.")
    assert [name for name in known() if not name.startswith(families) and f'"{name}"' not in code] == []
