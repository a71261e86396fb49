"""Where awk's records come from, and the fields of the one that it looks at."""

from __future__ import annotations

import re
from collections.abc import Callable

from simmail.files.file_errors import IS_DIRECTORY, FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.awk.patterns import Patterns
from simmail.userland.commands.awk.values import Seen, Value, octets
from simmail.userland.commands.options import Inputs
from simmail.userland.process import CommandError, Process

_PARAGRAPH_END = re.compile(r"\n\n+")
#: How many fields a record may be stretched to.
MOST_FIELDS = 100_000


class Source:
    """One file that is read record by record.

    Args:
        process: awk.
        name: the file.
    """

    def __init__(self, process: Process, name: str) -> None:
        self.inputs = Inputs(process, [name], self._unreadable)
        self.name = name
        self._text, self._position = "", 0

    def _unreadable(self, error: FileError) -> None:
        if error.reason == IS_DIRECTORY:
            raise CommandError("read error (Is a directory)", 2)
        raise CommandError(f"cannot open {error.path} ({error.reason})", 2)

    def record(self, separator: str, patterns: Patterns) -> Decision[str | None]:
        """The next record; None behind the last.

        Args:
            separator: RS.
            patterns: what finds it where it is a regular expression.
        """
        if separator == "\n" and self._position >= len(self._text):
            line = yield from self.inputs.line()
            return None if line is None else octets(line.removesuffix("\n"))
        rest: list[str] = []
        while (line := (yield from self.inputs.line())) is not None:
            rest.append(octets(line))
        if rest:
            self._text, self._position = self._text[self._position :] + "".join(rest), 0
        return self._cut(separator, patterns)

    def _cut(self, separator: str, patterns: Patterns) -> str | None:
        text, start = self._text, self._position
        if not separator:
            while text.startswith("\n", start):
                start += 1
        if start >= len(text):
            self._position = start
            return None
        if not separator:
            found = _PARAGRAPH_END.search(text, start)
            end, after = found.span() if found is not None else (len(text) - text.endswith("\n"), len(text))
        elif len(separator) == 1:
            end = text.find(separator, start)
            end, after = (end, end + 1) if end >= 0 else (len(text), len(text))
        else:
            match = patterns.get(separator).search(text, start)
            while match is not None and match.end == match.start < len(text):
                match = patterns.get(separator).search(text, match.end + 1)
            end, after = (match.start, match.end) if match is not None else (len(text), len(text))
        self._position = after
        return text[start:end]


class Record:
    """The record that awk looks at: `$0` and its fields.

    Args:
        patterns: what finds separators.
        settings: tells FS and OFS.
        text: how a value reads.
        spend: counts text that is made.
    """

    def __init__(
        self,
        patterns: Patterns,
        settings: Callable[[], tuple[str, str]],
        text: Callable[[Value], str],
        spend: Callable[[int], None],
    ) -> None:
        self.patterns, self.settings, self.as_text, self.spend = patterns, settings, text, spend
        self._text: str | None = ""
        self._value: Value = Seen("")
        self._fields: list[str] | None = []
        self._given: dict[int, Value] = {}
        self._separator = " "

    def set(self, value: Value) -> None:
        """Give it another text."""
        self._text = text = self.as_text(value)
        self._value = value
        self._fields = None
        if self._given:
            self._given.clear()
        self._separator, _ = self.settings()
        if len(text) > 1024:
            self.spend(len(text))

    @property
    def text(self) -> str:
        """`$0`, put together again where a field has changed."""
        if self._text is None:
            self._text = self.settings()[1].join(self.fields)
            self._value = Seen(self._text)
            self.spend(len(self._text))
        return self._text

    @property
    def value(self) -> Value:
        """The same as a value."""
        text = self.text
        return self._value if self._value is not None else Seen(text)

    @property
    def fields(self) -> list[str]:
        """All fields."""
        if self._fields is None:
            self._fields = self.patterns.parts(self._text or "", self._separator)
        return self._fields

    def get(self, number: int) -> Value:
        """A field."""
        if number == 0:
            return self.value
        if number in self._given:
            return self._given[number]
        fields = self.fields
        return Seen(fields[number - 1] if number <= len(fields) else "")

    def put(self, number: int, value: Value) -> None:
        """Change a field."""
        if number == 0:
            self.set(value)
            return
        if number > len(self.fields):
            self.resize(number)
        self.fields[number - 1] = self.as_text(value)
        self._given[number] = value
        self._text = None

    def resize(self, count: int) -> None:
        """Change how many fields there are."""
        if count > MOST_FIELDS:
            raise CommandError(f"run time error: maximum number of fields ({MOST_FIELDS}) exceeded", 2)
        fields = self.fields
        self.spend(count)
        self._fields = fields[:count] + [""] * (count - len(fields))
        self._given = {number: value for number, value in self._given.items() if number <= count}
        self._text = None
