"""An exercise: a task, a world, files to begin with, and checks of what a learner made of them.

    exercises/03-close-the-relay/
      exercise.yaml   title, the lab it belongs to, minutes, what may be edited, variants
      task.md         the task: the source of its notebook
      world/          a world's folder
      start/          files laid over it: what the learner begins with
      faults/NAME/    files laid over that, one folder of which each learner gets (may be absent)
      checks.py       what is checked, and said (simmail.lab.checks)
      hidden/         checks.py of the instructor's, for grading alone
      solution/       files that solve it, laid over the start
      right/NAME/     files that solve it in another way (may be absent)
      wrong/NAME/     files that do not, laid over the start; `refused.txt` says which checks must refuse them

A learner's copy (`simmail start`) holds its variant of world and start, the notebook, and the checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from simmail.lab import variants
from simmail.lab.notebook import build
from simmail.mail.errors import InputError
from simmail.world import folder as folders
from simmail.world.schema import Part

SPEC, TASK, CHECKS = folders.EXERCISE, "task.md", "checks.py"
WORLD, START, FAULTS, HIDDEN = "world", "start", "faults", "hidden"
SOLUTION, RIGHT, WRONG = "solution", "right", "wrong"
#: Files of a learner that are looked at, at most, and the octets of all of them.
MANY, MUCH = 500, 20_000_000


class Spec(Part):
    """What `exercise.yaml` says."""

    title: str
    lab: str = Field(description="the number of the lab it belongs to: 03")
    minutes: int = Field(ge=1, description="how long it takes")
    edits: list[str] = Field(min_length=1, description="folders or files of the world that the learner may change")
    names: dict[str, list[str]] = Field(
        default_factory=dict, description="what variants replace: the text as it stands -> the texts to choose from"
    )


class Exercise(NamedTuple):
    """One exercise.

    Args:
        folder: where it lies.
        spec: what `exercise.yaml` says.
    """

    folder: Path
    spec: Spec

    @property
    def name(self) -> str:
        """Its name: the folder's."""
        return self.folder.name

    @property
    def faults(self) -> list[str]:
        """The planted faults, one of which each learner gets."""
        return sorted(path.name for path in (self.folder / FAULTS).glob("*") if path.is_dir())

    def variant(self, student: str = "", key: bytes = b"") -> variants.Variant:
        """A student's variant; without student or secret the first one."""
        names = {name: list(dict.fromkeys((name, *others))) for name, others in self.spec.names.items()}
        return variants.choose(self.name, student, key, names, self.faults)

    def files(self, variant: variants.Variant, *layers: str) -> dict[str, str]:
        """The world's files as a learner begins, path -> text.

        Args:
            variant: whose.
            layers: further folders of the exercise laid over them: `solution`, `right/NAME`, `wrong/NAME`.
        """
        found: dict[str, str] = {}
        fault = [f"{FAULTS}/{variant.fault}"] if variant.fault else []
        for layer in (WORLD, START, *fault, *layers):
            for path, text in folders.files_below(self.folder / layer):
                if path != REFUSED:
                    found[variant.told(path)] = variant.told(text)
        return found

    def to_change(self, variant: variants.Variant) -> list[str]:
        """The files that a learner may change and finds at the beginning, in order."""
        edits = [variant.told(path) for path in self.spec.edits]
        return sorted(path for path in self.files(variant) if within(path, edits))

    def notebook(self, variant: variants.Variant) -> str:
        """The task's notebook."""
        source = (self.folder / TASK).read_text(encoding="utf-8")
        return build(variant.told(source), self.name, f"exercises/{self.name}/{TASK}")

    def checks(self, variant: variants.Variant, hidden: bool = False) -> dict[str, str]:
        """The texts of the checks, by file name.

        Args:
            variant: whose.
            hidden: whether those of the instructor's come too.
        """
        parts = [("checks.py", self.folder / CHECKS)]
        if hidden and (self.folder / HIDDEN / CHECKS).is_file():
            parts.append(("hidden_checks.py", self.folder / HIDDEN / CHECKS))
        return {name: variant.told(path.read_text(encoding="utf-8")) for name, path in parts}


#: In a wrong answer's folder: the names of the checks that must refuse it.
REFUSED = "refused.txt"


def find(name: str | Path, start: Path | None = None) -> Exercise | None:
    """The exercise of that name, path or beginning of a name; None where there is none.

    Raises:
        InputError: where the beginning fits several, or `exercise.yaml` cannot be used.
    """
    given = Path(name)
    if (given / SPEC).is_file():
        return read(given.resolve())
    for known in _shelves(start):
        fitting = [p for p in known if p.name == str(name)] or [p for p in known if p.name.startswith(str(name))]
        if len(fitting) > 1:
            names = " or ".join(path.name for path in fitting)
            raise InputError(f"exercise {str(name)!r}", f"could be {names}", "write more of its name")
        if fitting:
            return read(fitting[0])
    return None


def known() -> list[str]:
    """The names of all exercises at hand."""
    return list(dict.fromkeys(path.name for shelf in _shelves() for path in shelf))


def _shelves(start: Path | None = None) -> Iterator[list[Path]]:
    """The exercises beside and above a folder, the present one by default, and those of simmail itself."""
    here = (start or Path.cwd()).resolve()
    for folder in dict.fromkeys((here, *here.parents, Path(__file__).resolve().parents[2])):
        yield sorted(path.parent for path in (folder / "exercises").glob(f"*/{SPEC}"))


def read(folder: Path) -> Exercise:
    """An exercise's folder.  Raises InputError for an `exercise.yaml` that cannot be used."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    where = str(folder / SPEC)
    try:
        return Exercise(folder, Spec.model_validate(YAML(typ="safe").load((folder / SPEC).read_text("utf-8"))))
    except YAMLError as error:
        raise InputError(where, f"is no YAML: {error}") from None
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InputError(where, told) from None


def within(path: str, edits: Iterable[str]) -> bool:
    """Whether a file is one that the learner may change."""
    return any(path == edit or path.startswith(edit.rstrip("/") + "/") for edit in edits)


def handed_in(folder: Path, edits: Iterable[str]) -> Mapping[str, str]:
    """The files of a learner's folder that count, path -> text; nothing else there is looked at.

    Raises:
        InputError: for a link that leads elsewhere, too many files, or too much in them.
    """
    found: dict[str, str] = {}
    size = 0
    for path, text in _counting(folder, edits):
        found[path] = text
        size += len(text)
        if len(found) > MANY or size > MUCH:
            raise InputError(str(folder), f"has more than {MANY} files or {MUCH:,} octets", "hand in the copy alone")
    return found


def _counting(folder: Path, edits: Iterable[str]) -> Iterator[tuple[str, str]]:
    for edit in edits:
        place = folder / edit
        if not place.resolve().is_relative_to(folder.resolve()):
            raise InputError(str(place), "is a link that leads out of the world's folder", "put a copy there")
        if place.is_file():
            yield folders.file_of(folder, edit)
            continue
        for path, text in folders.files_below(place):
            yield f"{edit.rstrip('/')}/{path}", text
