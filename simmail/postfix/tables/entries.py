"""The text that postmap compiles and texthash: reads: a key, white space, a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simmail.postfix.maincf import logical_lines
from simmail.postfix.tables.base64files import BadFile, encoded_files
from simmail.postfix.tables.fold import is_utf8
from simmail.postfix.tables.split import SPACE, key_end
from simmail.postfix.tables.table import TableEnvironment


class Entry(NamedTuple):
    """An entry of a table.

    Args:
        key: its key; not yet folded where it comes from a source.
        value: its value.
        line: the line it begins on; 0 where it comes from no file.
        bare: whether it is stored without the null byte behind key and value.
    """

    key: str
    value: str
    line: int
    bare: bool = False


def read_entries(
    text: str, name: str, environment: TableEnvironment, *, utf8: bool, files: bool, last: bool = True
) -> Iterator[Entry]:
    """The entries of a table's source; lines that are none are warned of and left out.

    Args:
        text: the source.
        name: its name, for warnings.
        environment: who hears them.
        utf8: whether a line has to be UTF-8.
        files: whether values name files (`postmap -F`).
        last: whether warnings end with `-- ignoring this line` where postmap's do not.
    """
    ignoring = " -- ignoring this line" if last else ""
    for line in logical_lines(text, name, environment.warn):
        place = f"{name}, line {line.first}"
        if utf8 and not is_utf8(line.text):
            environment.warn("warning", f'{place}: non-UTF-8 input "{line.text}" -- ignoring this line')
            continue
        end = key_end(line.text)
        if end is None:
            environment.warn("warning", f"{place}: unbalanced '\"' in '{line.text}' -- ignoring this line")
            continue
        key, value = line.text[:end], line.text[end:].strip(SPACE)
        if not key or not value:
            environment.warn("warning", f"{place}: expected format: key whitespace value{ignoring}")
            continue
        if key.endswith(":"):
            environment.warn("warning", f'{place}: record is in "key: value" format; is this an alias file?')
        if files:
            try:
                value = encoded_files(value, environment)
            except BadFile as error:
                environment.warn("warning", f"{place}: {error}: skipping this entry")
                continue
        yield Entry(key, value, line.first)
