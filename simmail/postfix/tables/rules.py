"""The files of rules that cidr:, pcre: and regexp: share: a file's name, or rules in braces in its place."""

from __future__ import annotations

import re

from simmail.files.file_errors import IS_DIRECTORY, FileError
from simmail.postfix.tables.split import SPACE, BraceError, inside_braces, split_outside_braces
from simmail.postfix.tables.table import TableEnvironment

#: What begins and ends rules that are asked on a condition.
CONDITION = re.compile(r"(if|endif)(?![0-9A-Za-z])", re.IGNORECASE | re.ASCII)


class NoRules(Exception):
    """A table whose rules cannot be had; its text is what Postfix says.  `directory`: the name is a directory's."""

    def __init__(self, text: str, directory: bool = False) -> None:
        self.directory = directory
        super().__init__(text)


def read_rules(type: str, name: str, environment: TableEnvironment) -> str:
    """The text of a table's rules.

    Args:
        type: the table's type, for the message.
        name: a file, or `{{rule}, {rule}}`.
        environment: where files are found.

    Raises:
        NoRules: where there is no such file, or the braces do not pair.
    """
    if name.startswith("{"):
        try:
            rules = [inside_braces(part).strip(SPACE) for part in split_outside_braces(inside_braces(name))]
        except BraceError as error:
            raise NoRules(f"{type} map: {error}") from None
        return "".join(rule + "\n" for rule in rules)
    try:
        return environment.text(name)
    except FileError as error:
        raise NoRules(f"open {name}: {error.reason}", error.reason == IS_DIRECTORY) from None
