"""pyproject.toml is the one list of what simmail needs; everything made from it agrees, and names no host."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import simmail
from tools.environment_yml import environment

GIVEN = ["jupyterlab", "simpy", "networkx", "matplotlib"]
"""The libraries that the course names; a learner finds them in environment.yml under these names."""

LOCKS = {"requirements.lock": ("test", "build"), "requirements-all.lock": ("test", "build", "bench", "browser", "dask")}
"""Lock file -> the extras that it covers, beside the core."""

REGISTRIES = ("pypi", "pythonhosted", "npmjs", "anaconda")
REGISTRY = re.compile(rf"\b({'|'.join(REGISTRIES)})\.(org|com|io)\b", re.IGNORECASE)

LEFT_OUT = {".git", ".venv", "results", "build", "dist", "node_modules", "__pycache__"}


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    """The ``[project]`` table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def pins(text: str) -> Iterator[Requirement]:
    """The requirements of a lock file, without their hashes."""
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            yield Requirement(line.removesuffix("\\"))


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """The project's text files."""
    for path in sorted(folder.iterdir()):
        if path.name in LEFT_OUT or path.name.endswith("_cache") or path.is_symlink():
            continue
        if path.is_dir():
            yield from texts(path)
        else:
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_core_dependencies_are_plain(project: dict[str, Any]) -> None:
    """The four libraries of the course come first; none has a marker or an extra, which conda would misread."""
    requirements = [Requirement(text) for text in project["dependencies"]]
    assert [requirement.name for requirement in requirements][: len(GIVEN)] == GIVEN
    assert not [requirement for requirement in requirements if requirement.marker or requirement.extras]


def test_environment_yml_is_up_to_date(project: dict[str, Any], root: Path) -> None:
    """environment.yml is what tools/environment_yml.py makes of pyproject.toml, with every dependency in it."""
    text = (root / "environment.yml").read_text(encoding="utf-8")
    assert text == environment(project)
    entries = {line.strip().removeprefix("- ") for line in text.splitlines()}
    assert set(project["dependencies"]) < entries


@pytest.mark.parametrize("requirement", ["simpy ; python_version<'3.12'", "simpy[x]", "simpy @ file:///tmp/simpy"])
def test_environment_yml_refuses_what_conda_misreads(requirement: str, project: dict[str, Any]) -> None:
    """A requirement in pip's own notation is refused with its text, not passed on."""
    with pytest.raises(ValueError, match="simpy"):
        environment({**project, "dependencies": [requirement]})


@pytest.mark.parametrize("name", LOCKS)
def test_lock_covers_what_is_needed(name: str, project: dict[str, Any], root: Path) -> None:
    """Each direct dependency is pinned in the lock, at a version that pyproject.toml allows."""
    pinned: dict[str, list[Requirement]] = {}
    for pin in pins((root / name).read_text(encoding="utf-8")):
        pinned.setdefault(canonicalize_name(pin.name), []).append(pin)
    wanted = [*project["dependencies"], *(text for e in LOCKS[name] for text in project["optional-dependencies"][e])]
    for requirement in map(Requirement, wanted):
        for pin in pinned[canonicalize_name(requirement.name)]:
            (version,) = (specifier.version for specifier in pin.specifier)
            assert requirement.specifier.contains(version), requirement


@pytest.mark.parametrize("version", ["3.11.2", "3.12.1", "3.13.0", "3.14.0"])
@pytest.mark.parametrize("name", LOCKS)
def test_lock_has_one_version_for_each_python(name: str, version: str, root: Path) -> None:
    """For each supported Python the lock's markers choose each package once."""
    environment = {"python_full_version": version, "python_version": version.rpartition(".")[0]}
    chosen = [
        pin.name
        for pin in pins((root / name).read_text(encoding="utf-8"))
        if pin.marker is None or Marker(str(pin.marker)).evaluate(environment)
    ]
    assert len(chosen) == len(set(chosen)) > len(GIVEN)


def test_locks_agree(root: Path) -> None:
    """What both lock files pin they pin alike, so that one can be installed over the other."""
    small, large = (
        {(pin.name, str(pin.specifier)) for pin in pins((root / name).read_text(encoding="utf-8"))} for name in LOCKS
    )
    assert small < large


@pytest.mark.parametrize("name", [*LOCKS, "environment.yml", "Makefile", ".ci/run", "tools/setup.sh"])
def test_no_addresses(name: str, root: Path) -> None:
    """What installs simmail names no address: packages come from wherever the installing machine gets them."""
    text = (root / name).read_text(encoding="utf-8")
    assert text
    assert not re.search(r"://|--index|--extra-index|--find-links", text)


def test_no_registry_is_named(root: Path) -> None:
    """No file of the project names the host of a package registry."""
    found = [
        str(path.relative_to(root))
        for path, text in texts(root)
        if any(map(text.lower().__contains__, REGISTRIES)) and REGISTRY.search(text)
    ]
    assert not found


def test_version_is_said_once(project: dict[str, Any], root: Path) -> None:
    """The package, the metadata, the citation and the change log speak of one version."""
    assert simmail.__version__ == project["version"]
    assert f"\nversion: {project['version']}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## [{project['version']}]" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_wheel_holds_what_an_installed_simmail_needs(root: Path, tmp_path: Path) -> None:
    """A wheel has every module and data file of the package, and quiets JupyterLab at a student's first start."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        (settings,) = (name for name in names if name.endswith("/overrides.d/simmail.json"))
        quiet = json.loads(wheel.read(settings))["@jupyterlab/apputils-extension:notification"]
    assert quiet == {"fetchNews": "false", "checkForUpdates": False}
    package = root / "simmail"
    files = {str(f.relative_to(root)) for f in package.rglob("*") if f.is_file() and "__pycache__" not in f.parts}
    assert files <= names
