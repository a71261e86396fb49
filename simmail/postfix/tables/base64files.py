"""Values that name files (`postmap -F`): the files' contents in base 64 stand in the value's place."""

from __future__ import annotations

import base64

from simmail.files.file_errors import FileError
from simmail.postfix.tables.table import TableEnvironment


class BadFile(Exception):
    """A value that names no file, or one that cannot be read."""


def encoded_files(value: str, environment: TableEnvironment) -> str:
    """The contents of the files that `value` lists, a newline between them, in base 64.  Raises BadFile."""
    names = value.replace(",", " ").split()
    if not names:
        raise BadFile(f"empty pathname list: >>{value}<<'")
    texts: list[str] = []
    for name in names:
        try:
            texts.append(environment.text(name))
        except FileError as error:
            raise BadFile(f"open {name}: {error.reason}") from None
    return base64.b64encode("\n".join(texts).encode("utf-8", "surrogateescape")).decode()


def decoded(value: str) -> str:
    """The text behind a value in base 64.  Raises BadFile."""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "surrogateescape")
    except ValueError:
        raise BadFile(f"malformed BASE64 value: {value[:30]}") from None
