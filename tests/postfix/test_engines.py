"""Patterns are run by their real engines, within limits; where those are missing, a stand-in says that it is one."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from simmail.files.machine import Machine
from simmail.postfix.tables import TableEnvironment
from simmail.postfix.tables.registry import open_table

#: Runs every lab with the engines away, then asks two tables of patterns.
WITHOUT_ENGINES = """\
import ctypes, sys
sys.modules["resource"] = sys.modules["pcre2"] = None

def blocked(*arguments, **settings):
    raise OSError("blocked")

ctypes.CDLL = blocked
import simmail

for name in sys.argv[1:]:
    world = simmail.load(name)
    world.run("10m")
    assert world.results.told()
host = next(host for host in world.hosts.values() if host.master is not None)
host.write("h", "/^(a+)+$/ many\\n/b(.)/ $1\\n")
print(host.sh("postconf -e 'header_checks = pcre:/etc/postfix/h, regexp:/etc/postfix/h'"), end="")
print(host.sh("postmap -q bx pcre:/etc/postfix/h; postmap -q by regexp:/etc/postfix/h"), end="")
print(world.results.told())
"""
#: Patterns that keep a careless engine busy for ever or eat its memory, and what they are asked.
BOMBS = {
    "/^(a+)+$/ x": "a" * 60 + "b",
    "/^(a|aa)+$/ x": "a" * 60 + "b",
    "/^(([a-z])+.)+[A-Z]([a-z])+$/ x": "a" * 60,
    "/(.*)*(.*)*(.*)*=/ x": "b" * 2000,
    "/(((a{1,255}){1,255}){1,255})/ x": "a" * 300,
    "/([a-z]+)*{255}{255}{255}{255}/ x": "a" * 300,
    "/a\\{99\\}\\{99\\}\\{99\\}\\{99\\}/x x": "a" * 300,
    "/(a*)*b\\1\\1/ x": "a" * 300,
    "/((((((((((a*)*)*)*)*)*)*)*)*)*)b/ x": "a" * 300,
    "/(.*)" + "$" * 1500 + "/ x": "ab",
    "/" + r"\b" * 60 + "a/ x": "ab",
    "/" + "($|a)*" * 30 + "/ x": "ab",
}
MEGABYTES = 200


def test_simmail_and_its_labs_run_without_the_engines(root: Path) -> None:
    """With `resource`, the C library and pcre2 away all labs run, and the output tells of the stand-ins."""
    labs = sorted(path.parent.name for path in (root / "labs").glob("*/world.yaml"))
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", WITHOUT_ENGINES, *labs],
        capture_output=True, text=True, cwd=root, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("x\ny")
    assert "matched by a stand-in for PCRE2" in done.stdout
    assert "matched by a stand-in for the C library" in done.stdout
    assert done.stderr.count("the package pcre2 is missing: patterns") == 1
    assert done.stderr.count("no C library that simmail knows") == 1


@pytest.mark.parametrize("type", ["pcre", "regexp"])
@pytest.mark.parametrize("rule", BOMBS)
def test_a_bomb_is_given_up(type: str, rule: str) -> None:
    """A pattern without end costs bounded time and memory, and matches, does not match, or is a mistake."""
    machine, said = Machine("mail"), []
    machine.files.write("/etc/postfix/bomb", rule + "\n/./ rest\n")
    before = resource.getrusage(resource.RUSAGE_SELF)
    environment = TableEnvironment(machine, lambda level, text: said.append(text))
    answer = open_table(f"{type}:/etc/postfix/bomb", environment).find(BOMBS[rule])
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert answer in ("x", "rest")
    assert after.ru_maxrss - before.ru_maxrss < MEGABYTES * 1024
    assert after.ru_utime - before.ru_utime < 5
