"""awk ends whatever its program does, and says what it has not got."""

from __future__ import annotations

import pytest

from simmail.files.invocation import Invocation
from simmail.files.machine import Machine
from simmail.mail.driver import decide
from simmail.userland.commands import COMMANDS
from simmail.userland.job import Job
from simmail.userland.shell import run


def awk(program: str) -> tuple[str, str, int]:
    """What it prints, what it complains of, and its status, within narrow bounds."""
    invocation = Invocation(("sh",), Machine("mail"), environment={"PATH": "/usr/bin"})
    bounds = Job(steps=5000, octets=8 * 1024 * 1024)
    status = decide(run(f"awk '{program}'", invocation, COMMANDS, bounds), {})
    return "".join(invocation.out), "".join(invocation.err), status


@pytest.mark.parametrize(
    ("program", "bound"),
    [
        ("BEGIN {while (1) x++}", "too many steps"),
        ('BEGIN {for (;;) print > "/dev/null"}', "too many steps"),
        ('BEGIN {s = "x"; while (1) s = s s}', "too much text"),
        ('BEGIN {while (1) s = sprintf("%100000s", s)}', "too much text"),
        ("BEGIN {while (1) a[n++] = n}", "too much text"),
        ("function f(n) {return f(n + 1)} BEGIN {f(1)}", "nested too deeply"),
        ("BEGIN {x = " + "(" * 3000 + "1}", "nested too deeply"),
    ],
)
def test_a_program_without_end_is_stopped(program: str, bound: str) -> None:
    """Loops, texts, arrays and calls all have their bounds."""
    _, complaint, status = awk(program)
    assert bound in complaint
    assert status in (2, 137)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ('BEGIN {system("id")}', "awk: line 1: system() is not there on a simulated host\n"),
        (
            'BEGIN {"id" | getline x}',
            "awk: line 1: no command can be read from on a simulated host; let the shell's pipe bring its output\n",
        ),
    ],
)
def test_it_starts_no_programs_on_its_way(program: str, said: str) -> None:
    """It says so before it begins."""
    assert awk(program) == ("", said, 2)


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        ('BEGIN {y = 2 ^ 9999; printf "%d %x %s\\n", y, y, y; print int(y)}', "2147483647 ffffffff inf\ninf\n"),
        ('BEGIN {print "0x' + "f" * 900 + '" + 0 > "/dev/null"; printf "%' + "9" * 6000 + 'd", 1}', None),
        ("BEGIN {NF = log(-1); $0 = 1; $(2 ^ 9999) = 1}", ""),
        ("BEGIN {exit 2 ^ 9999}", ""),
    ],
)
def test_no_number_is_too_large_for_it(program: str, printed: str | None) -> None:
    """Infinity, what is no number, and digits without end are values like others."""
    out, _, status = awk(program)
    assert status in (0, 2, 255)
    if printed is not None:
        assert out == printed
