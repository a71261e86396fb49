"""Who was kept by something does the next thing late, and never in the past."""

from __future__ import annotations

import pytest

from simmail.mail.questions import Level, Now, Sleep
from simmail.world.actors.rhythm import until


@pytest.mark.parametrize(("now", "seconds"), [(3.0, 2.0), (5.0, 0.0), (10.0, 0.0)])
def test_a_moment_that_has_passed_is_not_waited_for(now: float, seconds: float) -> None:
    """The wait is what is left, and nothing where that is less."""
    waiting = until(5.0)
    assert isinstance(next(waiting), Now)
    sleep = waiting.send(now)
    assert isinstance(sleep, Sleep)
    assert sleep.seconds == seconds
    assert isinstance(next(waiting), Level)
