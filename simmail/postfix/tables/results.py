"""NAME
    results - what stands behind a pattern

DESCRIPTION
    `$1`, `${1}`, `$(1)` in a result stand for what a group matched, `$$` for a dollar sign.

DIAGNOSTICS
    truncated macro reference: "TEXT", empty macro name: "TEXT", non-numeric replacement index "NAME"

SEE ALSO
    pcre_table(5), regexp_table(5)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator


def parse_result(
    text: str, complain: Callable[[str], None], placed: Callable[[str], None], out_of_range: str
) -> tuple[str | int, ...] | None:
    """The parts of a result: texts, and the numbers of groups; None where it has a mistake.

    Args:
        text: the result.
        complain: hears of mistakes in the syntax.
        placed: hears of mistakes that are told with the rule's place.
        out_of_range: how `$0` is complained of.
    """
    parts: list[str | int] = []
    good = True
    for name, bracketed in _references(text, parts, complain):
        if name is None:
            good = False
        elif bracketed and not good:  # none such is looked at behind a mistake, nor what comes after it
            break
        elif not (name.isascii() and name.isdigit()):
            placed(f'non-numeric replacement index "{name}"')
            good = False
        elif _index(name) < 1:
            placed(f'{out_of_range} replacement index "{name}"')
            good = False
        else:
            parts.append(_index(name))
    return tuple(parts) if good else None


def _index(digits: str) -> int:
    """A number as atoi(3) reads it, which wraps round."""
    return (int(digits[-4000:]) + (1 << 31)) % (1 << 32) - (1 << 31)


def _references(
    text: str, parts: list[str | int], complain: Callable[[str], None]
) -> Iterator[tuple[str | None, bool]]:
    """Each reference's name in turn, literal text added to `parts` before it; None where the syntax ends it all.

    With it comes whether it stands in brackets.
    """
    literal: list[str] = []
    position = 0
    while position < len(text):
        if text[position] != "$":
            end = text.find("$", position)
            end = len(text) if end < 0 else end
            literal.append(text[position:end])
            position = end
            continue
        if text.startswith("$", position + 1):
            literal.append("$")
            position += 2
            continue
        if literal:
            parts.append("".join(literal))
            literal = []
        bracketed = text.startswith(("{", "("), position + 1)
        name, position = _name(text, position + 1)
        if name is None:
            complain(f'truncated macro reference: "{text}"')
        elif not name:
            complain(f'empty macro name: "{text}"')
        yield name or None, bracketed
        if not name:
            return
    if literal:
        parts.append("".join(literal))


_PLAIN_NAME = re.compile(r"[0-9A-Za-z_]*", re.ASCII)


def _name(text: str, position: int) -> tuple[str | None, int]:
    """The name behind a `$`, and where it ends; None where its parenthesis is never closed."""
    opening = text[position : position + 1]
    if opening not in ("(", "{") or not opening:
        match = _PLAIN_NAME.match(text, position)
        assert match is not None
        return match.group(), match.end()
    closing = ")" if opening == "(" else "}"
    depth = 1
    for end in range(position + 1, len(text)):
        if text[end] == opening:
            depth += 1
        elif text[end] == closing:
            depth -= 1
            if not depth:
                return text[position + 1 : end], end + 1
    return None, len(text)
