"""A world as a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.batch.bundle import Bundle
from simmail.mail.errors import InputError


def test_a_world_survives_the_journey(world: Path, tmp_path: Path) -> None:
    """What is written elsewhere is the same world, octet by octet, and has the same hash."""
    (world / "hosts/mail.domain.ork/etc/latin").write_bytes(b"caf\xe9\n")
    bundle = Bundle.read(world)
    bundle.write(tmp_path / "there")
    there = Bundle.read(tmp_path / "there")
    assert (there.hash, there.files) == (bundle.hash, bundle.files)
    assert (tmp_path / "there/hosts/mail.domain.ork/etc/latin").read_bytes() == b"caf\xe9\n"


def test_the_hash_knows_each_file(world: Path) -> None:
    """Another octet in any file, or another name, is another world."""
    bundle = Bundle.read(world)
    hashes = {bundle.with_files({path: text + "#"}).hash for path, text in bundle.files.items()}
    assert len(hashes | {bundle.hash}) == len(bundle.files) + 1


def test_parameters_are_laid_over_all_policies(world: Path) -> None:
    """A parameter of main.cf is set under every policy, a world's parameter in world.yaml, figures too."""
    bundle = Bundle.read(world).with_parameter("mail.domain.ork", "smtpd_helo_required", True)
    changed = [path for path, text in bundle.files.items() if text.endswith("\nsmtpd_helo_required = yes\n")]
    assert len(changed) == 3
    text = bundle.with_world_parameter("actors.trojans.per_day", 7.5).files["world.yaml"]
    assert "per_day: 7.5" in text
    assert "bot.tries: 3" in bundle.with_world_parameter("figures.bot.tries", 3).files["world.yaml"]
    assert "[office, net]" in bundle.with_world_parameter("links.0.between.1", "net").files["world.yaml"].replace(
        '"', ""
    )


def test_a_parameter_takes_the_place_of_what_stands_there(world: Path) -> None:
    """Postfix warns of a parameter that stands twice; what a sweep varies stands once."""
    place = "hosts/mail.domain.ork/etc/postfix/main.cf"
    bundle = Bundle.read(world).with_files({place: "a = 1,\n  2\n# end\nb = 3"})
    assert bundle.with_parameter("mail.domain.ork", "a", 4).files[place] == "a = 4\n# end\nb = 3\n"
    assert bundle.with_parameter("mail.domain.ork", "c", 4).files[place] == "a = 1,\n  2\n# end\nb = 3\nc = 4\n"


def test_a_line_that_nobody_wrote_is_called_by_its_parameter(world: Path, tmp_path: Path) -> None:
    """What is said of a varied parameter names it; other lines are the user's, by the name of the world."""
    place = "hosts/mail.domain.ork/etc/postfix/main.cf"
    bundle = Bundle.read(world).with_files({place: "a = 1\nb = 3\n"}).with_parameter("mail.domain.ork", "c", 4)
    said = "; ".join(f"{tmp_path}/{place}:{number}: mail.domain.ork: bad" for number in (1, 3, 33))
    told = [f"{world}/{place}:1", "parameters.mail.domain.ork.c = 4", f"{world}/{place}:33"]
    assert bundle.as_known(said, tmp_path) == "; ".join(f"{place}: mail.domain.ork: bad" for place in told)


@pytest.mark.parametrize("path", ["actors.nobody.per_day", "links.7.latency", "title.x.y"])
def test_a_place_that_is_not_there(world: Path, path: str) -> None:
    """A path that leads nowhere is an error that says where it broke off."""
    with pytest.raises(InputError, match=path.replace(".", r"\.")):
        Bundle.read(world).with_world_parameter(path, 1)


@pytest.mark.parametrize(
    ("host", "name", "value"),
    [("elsewhere", "x", 1), ("mail.domain.ork", "x = y\nz", 1), ("mail.domain.ork", "x", "a\nb")],
)
def test_a_parameter_that_is_none(world: Path, host: str, name: str, value: object) -> None:
    """No line can be smuggled into a main.cf, and a host without one is told."""
    with pytest.raises(InputError):
        Bundle.read(world).with_parameter(host, name, value)
