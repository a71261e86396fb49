"""A world as a value: its files as text, which travel with a task and are known by their hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from simmail.mail.errors import InputError
from simmail.postfix.edit_files import How, edit_main
from simmail.world import folder as folders

#: The word by which a world without any policy is called; a folder of that name cannot be one.
NONE = "none"
FIGURES = "figures"
MAIN_CF = "etc/postfix/main.cf"
_PARAMETER = re.compile(r"[A-Za-z0-9_]+")


class Bundle:
    """The files of a world.

    Args:
        name: what it is called, for messages.
        files: path below the world's folder -> text, octets that are no UTF-8 as surrogate escapes.
        given: path of a main.cf -> the parameters that it was given, which its writer knows nothing of.
    """

    def __init__(self, name: str, files: Mapping[str, str], given: Mapping[str, Sequence[str]] | None = None) -> None:
        self.name, self.files, self.given = name, dict(sorted(files.items())), dict(given or {})

    @staticmethod
    def read(name: str | Path) -> Bundle:
        """The files of a world's folder; what a learner's copy keeps about itself stays behind.

        Raises:
            InputError: where there is no such world, or a link leads out of it.
        """
        folder = folders.find(name)
        strays: list[str] = []
        files = dict(folders.files_below(folder, strays))
        return Bundle(str(name), {path: text for path, text in files.items() if not path.startswith(folders.OWN + "/")})

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Path -> SHA-256 of the file."""
        return {path: hashlib.sha256(_octets(text)).hexdigest() for path, text in self.files.items()}

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all of them."""
        lines = "".join(f"{digest} {path}\n" for path, digest in self.hashes.items())
        return hashlib.sha256(_octets(lines)).hexdigest()

    @property
    def policies(self) -> list[str]:
        """The policies it has, by name."""
        return sorted(
            {path.split("/")[1] for path in self.files if path.startswith("policies/") and path.count("/") > 1}
        )

    def write(self, folder: Path) -> None:
        """Write the files below a folder."""
        for path, text in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_octets(text))

    def as_known(self, text: str, folder: Path) -> str:
        """What is said of files in a folder that they were written to, as whoever named the world knows them.

        A line of main.cf that sets a parameter which the file was given is called by that: no file of theirs has it.
        """
        text = text.replace(str(folder), self.name)
        for path, names in self.given.items():
            host = path.removesuffix(f"/{MAIN_CF}").rpartition("/")[2]
            for number, line in enumerate(self.files[path].split("\n"), 1):
                if line.partition("=")[0].strip() in names:
                    place = rf"{re.escape(f'{self.name}/{path}:{number}')}\b"
                    text = re.sub(place, f"parameters.{host}.{line}".replace("\\", r"\\"), text)
        return text

    def check_policies(self, names: list[str]) -> None:
        """Raises InputError for a policy that is not there."""
        for name in names:
            if name != NONE and name not in self.policies:
                known = ", ".join([*self.policies, f"{NONE} (the world as it is)"])
                raise InputError(f"policy {name!r}", f"is not in {self.name}", f"there are: {known}")

    def with_files(self, files: Mapping[str, str]) -> Bundle:
        """The same world with some files more, or others in their places."""
        return Bundle(self.name, {**self.files, **files}, self.given)

    def with_parameter(self, host: str, name: str, value: Any) -> Bundle:
        """The same world with another setting in a host's main.cf, under each policy, as `postconf -e` writes it.

        Raises:
            InputError: where the host has no main.cf, or that is no name or value of a parameter.
        """
        if not _PARAMETER.fullmatch(name):
            raise InputError(f"parameters.{name}", "is no name of a parameter of main.cf")
        text = _as_in_main_cf(value)
        if "\n" in text or "\r" in text:
            raise InputError(f"parameters.{name}", "a value is one line")
        places = [
            path for path in self.files
            if path == f"hosts/{host}/{MAIN_CF}" or re.fullmatch(rf"policies/[^/]+/{re.escape(host)}/{MAIN_CF}", path)
        ]  # fmt: skip
        if not places:
            raise InputError(f"host {host!r}", f"has no {MAIN_CF} in {self.name}")
        changed = {
            path: edit_main(f"{self.files[path].rstrip()}\n", [f"{name}={text}"], How.SET, path, lambda _: None)
            for path in places
        }
        given = {path: (*self.given.get(path, ()), name) for path in places}
        return Bundle(self.name, {**self.files, **changed}, {**self.given, **given})

    def with_world_parameter(self, path: str, value: Any) -> Bundle:
        """The same world with another value in its world.yaml.

        Args:
            path: the steps to it, with dots between: `actors.trojans.per_day`, `links.0.latency`; `figures.NAME` is a
                figure of the living world.
            value: what it becomes.

        Raises:
            InputError: where nothing is at the steps before the last.
        """
        import io

        from ruamel.yaml import YAML

        yaml = YAML(typ="rt")
        tree = yaml.load(self.files[folders.WORLD])
        *steps, last = [FIGURES, path.partition(".")[2]] if path.startswith(FIGURES + ".") else path.split(".")
        if steps == [FIGURES]:
            tree.setdefault(FIGURES, {})
        at = tree
        for step in steps:
            at = _inner(at, step, path)
        if isinstance(at, list):
            _inner(at, last, path)
            at[int(last)] = value
        elif isinstance(at, dict):
            at[last] = value
        else:
            raise _nowhere(path, last)
        out = io.StringIO()
        yaml.dump(tree, out)
        return self.with_files({folders.WORLD: out.getvalue()})


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _as_in_main_cf(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _inner(at: Any, step: str, path: str) -> Any:
    try:
        return at[int(step)] if isinstance(at, list) else at[step]
    except (KeyError, IndexError, ValueError, TypeError):
        raise _nowhere(path, step) from None


def _nowhere(path: str, step: str) -> InputError:
    return InputError(f"world_parameters.{path}", f"world.yaml has no {step!r} there", "name what world.yaml says")
