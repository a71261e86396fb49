"""What words become: parameters, substitutions, splitting, names of files (POSIX.1, Shell Command Language, 2.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.shell.arithmetic import Evaluation, NoValue
from simmail.userland.shell.control import ShellError
from simmail.userland.shell.nodes import Arithmetic, Parameter, Part, Substitution, Text, Tilde, Word, magic
from simmail.userland.shell.patterns import escaped, expand
from simmail.userland.shell.state import DEFAULT_IFS

if TYPE_CHECKING:
    from simmail.userland.shell.interpreter import Shell


class Fields:
    """Collects the fields that words expand to.

    Args:
        separators: the value of IFS.
    """

    __slots__ = ("_absorbs", "_blanks", "_current", "_others", "done", "is_open")

    def __init__(self, separators: str) -> None:
        self._blanks = frozenset(separators) & frozenset(DEFAULT_IFS)
        self._others = frozenset(separators) - self._blanks
        self._current: list[tuple[str, bool]] = []
        self.done: list[list[tuple[str, bool]]] = []
        self.is_open = self._absorbs = False

    def add(self, text: str, quoted: bool) -> None:
        """Add text to the present field."""
        if text or quoted:
            self._current.append((text, quoted))
            self.is_open, self._absorbs = True, False

    def end(self, force: bool = False) -> None:
        """End the present field; `force` makes one of nothing."""
        if self.is_open or force:
            self.done.append(self._current)
            self._current = []
            self.is_open = False

    def split(self, text: str) -> None:
        """Add text that separators cut into fields."""
        if self._blanks.isdisjoint(text) and self._others.isdisjoint(text):
            self.add(text, False)
            return
        start = 0
        for index, char in enumerate(text):
            if char not in self._blanks and char not in self._others:
                continue
            self.add(text[start:index], False)
            start = index + 1
            if char in self._blanks:
                self._absorbs = self._absorbs or self.is_open
                self.end()
            elif self._absorbs:
                self._absorbs = False
            else:
                self.end(force=True)
        self.add(text[start:], False)


class Expansion:
    """Expands the words of one shell.

    Args:
        shell: whose variables, files and commands they name.
    """

    __slots__ = ("shell",)

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    # ---- the three ways in which a word is used

    def fields(self, words: Iterable[Word]) -> Decision[list[str]]:
        """Words as a command's words: split, and patterns replaced by the names of files."""
        result: list[str] = []
        for word in words:
            if word.constant is not None:
                result.append(word.constant)
                continue
            fields = Fields(self.shell.separators)
            yield from self._parts(word.parts, fields, False)
            fields.end()
            for field in fields.done:
                result.extend(self._names(field))
        return result

    def text(self, word: Word) -> Decision[str]:
        """A word as one text: assignments, targets of redirections, here-documents."""
        if word.constant is not None:
            return word.constant
        fields = yield from self._unsplit(word)
        return self._count("".join(text for text, _ in fields))

    def pattern(self, word: Word) -> Decision[str]:
        """A word as a pattern: what is quoted in it means itself."""
        if word.pattern is not None:
            return word.pattern
        fields = yield from self._unsplit(word)
        return self._count("".join(escaped(text) if quoted else text for text, quoted in fields))

    def _unsplit(self, word: Word) -> Decision[list[tuple[str, bool]]]:
        fields = Fields("")
        yield from self._parts(word.parts, fields, False)
        fields.end()
        joined: list[tuple[str, bool]] = []
        for index, field in enumerate(fields.done):
            joined += [(" ", True), *field] if index else field
        return joined

    def _count(self, text: str) -> str:
        self.shell.process.job.spend(len(text))
        return text

    def _names(self, field: list[tuple[str, bool]]) -> list[str]:
        """A field, or the files that it matches."""
        text = self._count("".join(part for part, _ in field))
        if "f" in self.shell.options or not magic("".join(part for part, quoted in field if not quoted)):
            return [text]
        pattern = "".join(escaped(part) if quoted else part.replace("\\", "\\\\") for part, quoted in field)
        self.shell.process.job.settle()
        files = self.shell.process.files

        def listing(folder: str) -> list[str]:
            self.shell.process.job.step()
            try:
                return files.listing(folder)
            except FileError:
                return []

        return expand(pattern, listing, files.exists) or [text]

    # ---- parts of words

    def _parts(self, parts: Iterable[Part], fields: Fields, split: bool) -> Decision[None]:
        """Expand the parts of a word; `split`: also literal text is split, since an expansion brought it."""
        for part in parts:
            if isinstance(part, Text):
                if split and not part.quoted:
                    fields.split(part.text)
                else:
                    fields.add(part.text, part.quoted)
            elif isinstance(part, Parameter):
                yield from self._parameter(part, fields)
            elif isinstance(part, Tilde):
                fields.add(self._home(part.user), True)
            elif isinstance(part, Substitution):
                output = yield from self.shell.substitute(part.body)
                self._result(output, part.quoted, fields)
            else:
                value = yield from self._arithmetic(part)
                self._result(value, part.quoted, fields)

    def _result(self, text: str, quoted: bool, fields: Fields) -> None:
        if quoted:
            fields.add(text, True)
        else:
            fields.split(text)

    def _home(self, user: str) -> str:
        shell = self.shell
        if not user:
            return shell.get("HOME") or "~"
        account = shell.process.machine.accounts.get(user)
        return account.home if account is not None else "~" + user

    def _arithmetic(self, part: Arithmetic) -> Decision[str]:
        expression = yield from self.text(part.expression)
        shell = self.shell
        if len(expression) > 10_000:
            raise ShellError("arithmetic expression: too long")
        try:
            return str(Evaluation(expression, shell.get, shell.put).value())
        except NoValue as error:
            raise ShellError(str(error)) from None

    # ---- parameters

    def _value(self, name: str) -> str | None:
        """A parameter's value, `@` and `*` apart; None where it is not set."""
        shell = self.shell
        if name.isdecimal():
            index = int(name[:9])
            if index == 0:
                return shell.name
            return shell.parameters[index - 1] if index <= len(shell.parameters) else None
        if name in "?#$!-":
            return {
                "?": str(shell.status),
                "#": str(len(shell.parameters)),
                "$": str(shell.pid),
                "!": str(shell.last_background) if shell.last_background else None,
                "-": "".join(sorted(shell.options)),
            }[name]
        return shell.get(name)

    def _all(self, part: Parameter, fields: Fields, values: list[str]) -> None:
        """`$@` and `$*`."""
        if part.quoted and part.name == "*":
            fields.add(self.shell.separators[:1].join(values), True)
            return
        for index, value in enumerate(values):
            if index:
                fields.end(force=part.quoted)
            self._result(value, part.quoted, fields)

    def _parameter(self, part: Parameter, fields: Fields) -> Decision[None]:
        shell, name, operator = self.shell, part.name, part.operator
        if operator == "bad":
            raise ShellError("Bad substitution")
        several = name in ("@", "*")
        value = self._value(name) if not several else " ".join(shell.parameters) if shell.parameters else None
        if not operator:
            if several:
                self._all(part, fields, shell.parameters)
            else:
                self._plain(part, value, fields)
            return
        if operator == "length":
            if value is None and "u" in shell.options and not several:
                raise ShellError(f"{name}: parameter not set")
            text = (value or "").encode("utf-8", "surrogateescape")
            self._result(str(len(text)), part.quoted, fields)
            return
        word = part.word or Word(())
        if operator[0] in "#%":
            yield from self._trimmed(part, word, value, fields)
            return
        missing = value is None or (part.colon and not value)
        if operator == "+":
            if not missing:
                yield from self._parts(word.parts, fields, not part.quoted)
        elif not missing:
            if several:
                self._all(part, fields, shell.parameters)
            else:
                self._result(value or "", part.quoted, fields)
        elif operator == "-":
            yield from self._parts(word.parts, fields, not part.quoted)
        else:
            yield from self._assigned_or_not(part, word, fields)

    def _plain(self, part: Parameter, value: str | None, fields: Fields) -> None:
        if value is None:
            if "u" in self.shell.options:
                raise ShellError(f"{part.name}: parameter not set")
            value = ""
        self._result(value, part.quoted, fields)

    def _assigned_or_not(self, part: Parameter, word: Word, fields: Fields) -> Decision[None]:
        """`${name=word}` and `${name?word}` where the name has no value."""
        text = yield from self.text(word)
        if part.operator == "?":
            default = "parameter not set or null" if part.colon else "parameter not set"
            raise ShellError(f"{part.name}: {text or default}")
        if not (part.name[0].isalpha() or part.name[0] == "_"):
            raise ShellError(f"{part.name}: bad variable name")
        self.shell.put(part.name, text)
        self._result(text, part.quoted, fields)

    def _trimmed(self, part: Parameter, word: Word, value: str | None, fields: Fields) -> Decision[None]:
        """`${name#pattern}` and its kin."""
        if value is None and "u" in self.shell.options:
            raise ShellError(f"{part.name}: parameter not set")
        text = value or ""
        glob = self.shell.glob((yield from self.pattern(word)))
        longest = len(part.operator) == 2
        if part.operator[0] == "#":
            length = glob.prefix(text, longest)
            text = text[max(length, 0) :]
        else:
            length = glob.suffix(text, longest)
            text = text[: len(text) - max(length, 0)]
        self._result(text, part.quoted, fields)
