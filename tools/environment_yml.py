"""Writes environment.yml, for conda, from the dependencies in pyproject.toml.

usage: python tools/environment_yml.py [--check]

pyproject.toml is the one list of what simmail needs; with ``--check`` nothing is written, and a stale environment.yml
is exit status 1.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "environment.yml"

PIP_ONLY = frozenset({"pcre2"})
"""Dependencies that conda-forge may not have under the same name: pip installs them into the environment."""

REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?P<versions>(?:[<>=!~]=?[0-9][0-9a-z.*]*,?)*)")


def environment(project: dict[str, Any]) -> str:
    """The text of environment.yml for a ``[project]`` table.

    Raises ValueError for a requirement with a marker, an extra or an address: conda would read it as something else.
    """
    conda = [f"python{project['requires-python']}"]
    pip = []
    for requirement in project["dependencies"]:
        match = REQUIREMENT.fullmatch(requirement)
        if match is None:
            raise ValueError(f"pyproject.toml: {requirement!r}: write NAME>=VERSION, which conda understands too")
        (pip if match["name"] in PIP_ONLY else conda).append(requirement)
    lines = [
        "# Generated from pyproject.toml by tools/environment_yml.py (make lock): change it there.",
        "# conda env create -f environment.yml && conda activate simmail",
        f"name: {project['name']}",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        *(f"  - {requirement}" for requirement in conda),
        "  - pip",
        "  - pip:",
        *(f"      - {requirement}" for requirement in pip),
        "      - -e .",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` say whether it is up to date; returns the exit status."""
    text = environment(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])
    if arguments == ["--check"]:
        if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        print("environment.yml is not what pyproject.toml says; bring it up to date with: make lock", file=sys.stderr)
        return 1
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
