"""YAML files that people write: read, and what is wrong with them told with file and line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simmail.mail.errors import InputError, Location
from simmail.world.saved import NOT_PLAIN, form


def tree(path: Path, missing: str, beginning: str) -> dict[Any, Any]:
    """What a file says, its places remembered.

    Args:
        path: the file.
        missing: what would do where there is none.
        beginning: how such a file begins.

    Raises:
        InputError: with file and line, for what is no mapping in YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    name = str(path)
    if path.exists() and not path.is_file():
        raise InputError(name, "is no file", missing)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(name, "there is no such file", missing) from None
    except UnicodeDecodeError as error:
        _check_form(name, error.object.decode("utf-8", "surrogateescape"))
        at = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(Location(name, at), f"is no UTF-8 text: {error}", "save it as UTF-8") from None
    _check_form(name, text)
    try:
        said = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        at = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InputError(Location(name, at), f"is no YAML: {error.problem}", "mind indentation and colons") from None
    except (YAMLError, ValueError, TypeError) as error:  # of the last two: a 30th of February, a list as a key
        raise InputError(name, f"is no YAML: {error}", "mind dates, and brackets in front of colons") from None
    except RecursionError:
        raise InputError(name, "holds brackets in brackets without end", "close those that are open") from None
    if not isinstance(said, dict):
        raise InputError(Location(name, 1), "is no mapping", f"begin with `{beginning}`")
    for where, text in _texts(said, ()):
        if not text.isascii() and (half := _HALF.search(text)):
            what = f"has half a character, \\u{ord(half[0]):04x}"
            raise InputError(Location(name, line(said, where)), what, "write the character itself")
    return said


def _check_form(name: str, text: str) -> None:
    """Raises InputError for a text that has been saved so that YAML cannot read it."""
    wrong = form(text)
    if wrong is not None and wrong.code == NOT_PLAIN:
        raise InputError(Location(name, 1), f"the file {wrong.what}", wrong.instead) from None


#: How much two words have in common of which one is taken for the other, from 0 to 1.
ALIKE = 0.65
#: Halves of what UTF-16 has for one character: Python and YAML let them stand alone, no text may.
_HALF = re.compile(r"[\ud800-\udfff]")


def _texts(value: Any, where: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """All texts of a file, keys too, and the ways that lead to them."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key, (*where, key))
            yield from _texts(item, (*where, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*where, number))


def plain(value: Any) -> Any:
    """The same in plain dicts and lists, every key a text."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def line(tree: Any, path: Sequence[Any]) -> int:
    """The line (from 1) of the item that `path` leads to, or of what is nearest to it."""
    found = 1
    for step in path:
        try:
            if isinstance(tree, dict):
                found = tree.lc.key(step)[0] + 1  # type: ignore[attr-defined]
            else:
                found = tree.lc.item(step)[0] + 1
            tree = tree[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return found


def located(
    error: ValidationError,
    tree: Any,
    name: str,
    fields: Sequence[str],
    place: Callable[[tuple[Any, ...]], tuple[Any, ...]] = tuple,
) -> InputError:
    """The complaints as one error, the first one's place in front.

    Args:
        error: what pydantic says.
        tree: the file, as `tree` read it.
        name: the file's.
        fields: all that there are, for a suggestion.
        place: from pydantic's path to the file's.
    """
    told = [(line(tree, path), f"{'.'.join(map(str, path))}: {text}") for path, text in _of_no_kind(error, place)]
    for problem in error.errors():
        path = place(problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        field = ".".join(map(str, path))
        if problem["type"] in _KINDS:
            continue
        if problem["type"] == "extra_forbidden":
            message = "there is no such field" + meant(str(path[-1]), fields)
        elif problem["type"] == "missing":
            message = "this field is missing"
        elif problem["type"].startswith(("datetime", "date")):
            message = f"{problem['input']!r} is no moment; write 2026-03-02 09:00"
        elif problem["type"] == "union_tag_invalid":
            word, known = problem["ctx"]["tag"], problem["ctx"]["expected_tags"].replace("'", "")
            message = f"there is no kind {word!r}{meant(word, known.split(', '))}; there are: {known}"
        told.append((line(tree, path), f"{field}: {message}"))
    told.sort()
    number, first = told[0]
    others = "".join(f"\n{Location(name, other)}: {text}" for other, text in told[1:])
    return InputError(Location(name, number), first + others)


#: How pydantic calls the kinds that something may be of, where it may be of several.
_ALTERNATIVES = frozenset({"str", "int", "float", "bool", "list[str]", "list[int]", "list[float]"})
#: Its complaints about a kind, and the kind.
_KINDS = {
    "string_type": "text", "int_type": "whole number", "int_parsing": "whole number",
    "int_from_float": "whole number", "float_type": "number", "float_parsing": "number", "list_type": "list",
    "dict_type": "mapping of names to values, as in {name: value}",
}  # fmt: skip


def _of_no_kind(error: ValidationError, place: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Iterator[Any]:
    """The values of a wrong kind: where, and what is said of it, once for all the kinds that would do."""
    found: dict[tuple[Any, ...], tuple[Any, list[str]]] = {}
    for problem in error.errors():
        if problem["type"] in _KINDS:
            path = tuple(step for step in place(problem["loc"]) if step not in _ALTERNATIVES)
            found.setdefault(path, (problem["input"], []))[1].append(_KINDS[problem["type"]])
    for path, (value, kinds) in found.items():
        if any(other[: len(path)] == path for other in found if other != path):
            continue  # something in it is wrong
        what = repr(value) if isinstance(value, (str, int, float)) else "this"
        hint = "; put it in quotation marks" if "text" in kinds and isinstance(value, (int, float)) else ""
        yield path, f"{what} is no {' and no '.join(dict.fromkeys(kinds))}{hint}"


def meant(word: str, known: Sequence[str]) -> str:
    """A suggestion, for a word that is nearly one of those known."""
    close = difflib.get_close_matches(word, known, 1, ALIKE)
    return f"; was {close[0]!r} meant?" if close else ""
