"""Thirty messages are sorted by ten recipe files as Debian's procmail sorts them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.userland.procmail.sorting import RECIPES, by_debian, by_ours, letters, recorded

NAMES = [path.name for path in RECIPES]


def test_there_are_ten_recipe_files_and_thirty_messages() -> None:
    """The comparison is as large as it says."""
    assert (len(NAMES), len(letters())) == (10, 30)


@pytest.mark.parametrize("rcfile", NAMES)
def test_sorts_as_recorded(rcfile: str) -> None:
    """Each folder has the messages, to the octet, that the recording has, and the log tells the same."""
    record = json.loads(recorded(rcfile).read_text(encoding="utf-8"))
    assert by_ours(rcfile) == record
    assert len(record["folders"]) > 2


@pytest.mark.long
@pytest.mark.parametrize("rcfile", NAMES)
def test_recording_is_what_debian_does(rcfile: str) -> None:
    """The procmail that is installed sorts as it did when it was recorded."""
    program = shutil.which("procmail")
    if program is None or not Path("/etc/debian_version").exists():
        pytest.skip("Debian's procmail is not installed (apt-get install procmail)")
    assert by_debian(rcfile) == json.loads(recorded(rcfile).read_text(encoding="utf-8"))
