"""What every lookup table is: a name, options, and a question with one answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from simmail.files.machine import Machine
from simmail.mail.errors import Location
from simmail.postfix.tables.flags import USUAL, DictFlag


class LookupFailure(Exception):
    """A table cannot answer now; a later try may succeed.  `text` names the table."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class TableEnvironment:
    """Where one program's tables find files, and where they say what they have to say.

    Args:
        machine: the computer.
        warn: hears (level, text), level `warning`, `error` or `text`.
        utf8: smtputf8_enable: keys are UTF-8, and fold as such.
        surrogates: True in daemons, where a table that cannot be opened fails at each look-up; False raises Fatal.

    Attributes:
        tables: `type:name(0,flags)` -> the table opened under that name, shared by all who ask for it.
        unrepeatable: grows with each warning and each draw of chance, so that who remembers an answer can tell
            whether asking again would have said the same.
    """

    def __init__(
        self, machine: Machine, warn: Callable[[str, str], None], *, utf8: bool = True, surrogates: bool = True
    ) -> None:
        self.machine, self.utf8, self.surrogates = machine, utf8, surrogates
        self._warn = warn
        self.unrepeatable = 0
        self.tables: dict[str, Table] = {}

    def warn(self, level: str, text: str) -> None:
        """Say something: level `warning`, `error` or `text`."""
        self.unrepeatable += 1
        self._warn(level, text)

    def changed(self) -> str | None:
        """The registered name of a table whose file is another one now; None where there is none.

        Daemons then log `table NAME has changed -- restarting` and end after the client they serve.
        """
        return next((name for name, table in self.tables.items() if table.changed()), None)


class Table:
    """One lookup table, `type:name`.

    Args:
        type: the dictionary type, `hash`.
        name: what follows the first colon.
        flags: the options it is opened with.
        environment: the program's.

    Attributes:
        pattern: whether its keys are patterns: it is asked with the full key only.
    """

    pattern: ClassVar[bool] = False

    def __init__(self, type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> None:
        self.type, self.name, self.environment, self.flags = type, name, environment, flags

    @property
    def spec(self) -> str:
        """The name as it stands in main.cf."""
        return f"{self.type}:{self.name}"

    def find(self, key: str) -> str | None:
        """The value for `key`, or None.  Raises LookupFailure where the table cannot tell."""
        raise NotImplementedError

    def where(self, key: str) -> Location:
        """The place that decided about `key`, which `find` has an answer for."""
        return Location(self.spec)

    def changed(self) -> bool:
        """Whether the file it was opened from is another one now (only types that Postfix watches)."""
        return False
