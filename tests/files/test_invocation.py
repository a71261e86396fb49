"""A command's run."""

from __future__ import annotations

from simmail.files.invocation import Invocation
from simmail.files.machine import Machine
from simmail.userland.job import Job
from simmail.userland.process import Process
from simmail.userland.streams import Stream


def test_a_run_under_other_words_prints_to_the_same_place() -> None:
    """newaliases does its work as postalias: the words differ, the outputs are one; a process stays a process."""
    plain = Invocation(("newaliases",), Machine("mail"))
    process = Process(("newaliases",), plain, source=Stream("x"), commands={}, job=Job())
    for run in (plain, process):
        other = run.called("postalias", "hash:/etc/aliases")
        other.print(type(other).__name__)
        assert other.argv == ("postalias", "hash:/etc/aliases")
        assert run.argv == ("newaliases",)
    assert plain.out == ["Invocation\n", "Process\n"]
