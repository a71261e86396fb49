"""Cuts a script into words and operators, with all that quotes and `$` mean."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import NamedTuple, Protocol

from simmail.userland.shell.nodes import (
    Arithmetic,
    Node,
    Parameter,
    Part,
    Redirection,
    ScriptError,
    Substitution,
    Text,
    Tilde,
    Word,
)

DEEPEST = 40
OPERATORS = ("&&", "||", ";;", "<<-", "<<", "<&", ">&", ">>", "<>", ">|", "&", "|", ";", "(", ")", "<", ">")
REDIRECTIONS = frozenset({"<<-", "<<", "<&", ">&", ">>", "<>", ">|", "<", ">"})
BLANKS = " \t"
ENDS_WORD = frozenset(" \t\n&|;()<>")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SPECIAL = frozenset("@*#?$!-")
_PLAIN = re.compile(r"[^ \t\n&|;()<>'\"\\$`]+")
_PLAIN_QUOTED = re.compile(r"[^\"\\$`]+")
_NUMBER = re.compile(r"[0-9]+(?=[<>])")
_TILDE = re.compile(r"~([A-Za-z0-9_.-]*)(?=[/:]|\Z)")


class Token(NamedTuple):
    """A piece of a script.

    Args:
        kind: `word`, `newline`, `end`, `number` (before a redirection), or the operator itself.
        line: where it begins.
        text: a word's letters where it has neither quotes nor expansions, else "".
        word: the word.
    """

    kind: str
    line: int
    text: str = ""
    word: Word = Word(())


class Reader(Protocol):
    """Reads the commands in `$( )`."""

    def substitution(self, text: str, position: int, depth: int, first_line: int) -> tuple[Node | None, int]:
        """The commands from a position to their closing parenthesis, and where that is."""

    def whole(self, text: str, depth: int, first_line: int) -> Node | None:
        """All commands of a text: what stood in backquotes."""


class HereDocument(NamedTuple):
    """A here-document whose text is still to come."""

    redirection: Redirection
    delimiter: str
    quoted: bool
    strip: bool


class Lexer:
    """Cuts one script.

    Args:
        text: the script.
        reader: reads commands within words.
        position: where to begin.
        depth: how deep in other words this stands.
        first_line: the number of the text's first line.
    """

    def __init__(self, text: str, reader: Reader, position: int = 0, depth: int = 0, first_line: int = 1) -> None:
        self.text, self.reader, self.position, self.depth = text, reader, position, depth
        self.first_line = first_line
        self._newlines = [found.start() for found in re.finditer("\n", text)]
        self.awaited: list[HereDocument] = []

    def line(self, position: int | None = None) -> int:
        """The line of a place; of where it is now, where none is given."""
        return self.first_line + bisect_left(self._newlines, self.position if position is None else position)

    def error(self, text: str, line: int | None = None) -> ScriptError:
        """An error to raise."""
        return ScriptError(self.line() if line is None else line, text)

    def deeper(self) -> int:
        """The depth of what stands inside.  Raises ScriptError where that is too deep."""
        if self.depth >= DEEPEST:
            raise self.error("nested too deeply")
        return self.depth + 1

    # ---- tokens

    def token(self) -> Token:
        """The next token.  Raises ScriptError."""
        self._skip()
        text, start, line = self.text, self.position, self.line()
        if start >= len(text):
            self._here_documents()
            return Token("end", line)
        if text[start] == "\n":
            self.position += 1
            self._here_documents()
            return Token("newline", line + 1)
        number = _NUMBER.match(text, start)
        if number is not None:
            self.position = number.end()
            return Token("number", line, number.group())
        for operator in OPERATORS:
            if text.startswith(operator, start):
                self.position += len(operator)
                return Token(operator, line)
        word = self.word()
        return Token("word", line, word.literal, word)

    def _skip(self) -> None:
        """Go past blanks, comments and joined lines."""
        text = self.text
        while self.position < len(text):
            char = text[self.position]
            if char in BLANKS:
                self.position += 1
            elif text.startswith("\\\n", self.position):
                self.position += 2
            elif char == "#":
                end = text.find("\n", self.position)
                self.position = len(text) if end < 0 else end
            else:
                return

    # ---- words

    def word(self) -> Word:
        """The word that begins here."""
        parts: list[Part] = []
        text = self.text
        while self.position < len(text):
            char = text[self.position]
            if char in ENDS_WORD:
                break
            plain = _PLAIN.match(text, self.position)
            if plain is not None:
                self._add(parts, plain.group(), False)
                self.position = plain.end()
            elif text.startswith("\\\n", self.position):
                self.position += 2
            else:
                self._quoted_or_expanded(parts, char)
        return Word(tuple(with_tilde(parts)))

    def _quoted_or_expanded(self, parts: list[Part], char: str) -> None:
        """What begins with a quote, a backslash, `$` or a backquote, outside double quotes."""
        if char == "'":
            end = self.text.find("'", self.position + 1)
            if end < 0:
                self.position = len(self.text)
                raise self.error("Unterminated quoted string")
            self._add(parts, self.text[self.position + 1 : end], True)
            self.position = end + 1
        elif char == '"':
            self.position += 1
            parts.extend(self.double_quoted() or [Text("", True)])
        elif char == "\\":
            following = self.text[self.position + 1 : self.position + 2]
            self._add(parts, following or "\\", True)
            self.position += 2
        else:
            parts.append(self.expansion(quoted=False))

    @staticmethod
    def _add(parts: list[Part], text: str, quoted: bool) -> None:
        """Add literal text to the parts."""
        if parts and isinstance(parts[-1], Text) and parts[-1].quoted is quoted:
            text = parts.pop().text + text  # type: ignore[union-attr]
        parts.append(Text(text, quoted))

    def double_quoted(self, closing: str = '"') -> list[Part]:
        """The parts up to the closing quote, behind the opening one; "" closes at the end of the text."""
        parts: list[Part] = []
        text = self.text
        while self.position < len(text):
            char = text[self.position]
            if char == closing:
                self.position += 1
                return parts
            plain = _PLAIN_QUOTED.match(text, self.position)
            if plain is not None:
                self._add(parts, plain.group(), True)
                self.position = plain.end()
            elif char == "\\":
                self._backslash_in_quotes(parts, '$`\\\n"' if closing else "$`\\\n")
            elif char == '"':
                self._add(parts, char, True)
                self.position += 1
            else:
                parts.append(self.expansion(quoted=True))
        if closing:
            raise self.error("Unterminated quoted string")
        return parts

    def _backslash_in_quotes(self, parts: list[Part], special: str) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        if following and following in special:
            if following != "\n":
                self._add(parts, following, True)
            self.position += 2
        else:
            self._add(parts, "\\", True)
            self.position += 1

    # ---- what `$` and backquotes begin

    def expansion(self, quoted: bool) -> Part:
        """The expansion that begins here, or a `$` that means itself."""
        text, start = self.text, self.position
        if text[start] == "`":
            return self._backquoted(quoted)
        following = text[start + 1 : start + 2]
        if text.startswith("((", start + 1):
            self.position += 3
            return Arithmetic(self._arithmetic(), quoted)
        if following == "(":
            body, self.position = self.reader.substitution(text, start + 2, self.deeper(), self.first_line)
            return Substitution(body, quoted)
        if following == "{":
            self.position += 2
            return self._braced(quoted)
        name = NAME.match(text, start + 1)
        if name is not None:
            self.position = name.end()
            return Parameter(name.group(), quoted=quoted)
        if following and (following in SPECIAL or (following.isdecimal() and following.isascii())):
            self.position += 2
            return Parameter(following, quoted=quoted)
        self.position += 1
        return Text("$", quoted)

    def _backquoted(self, quoted: bool) -> Part:
        line = self.line()
        inside: list[str] = []
        position = self.position + 1
        special = '$`\\"' if quoted else "$`\\"
        while True:
            char = self.text[position : position + 1]
            if not char:
                self.position = position
                raise self.error("EOF in backquote substitution")
            if char == "`":
                break
            following = self.text[position + 1 : position + 2]
            if char == "\\" and following and following in special:
                char = following
                position += 1
            elif char == "\\" and following == "\n":
                char = ""
                position += 1
            inside.append(char)
            position += 1
        self.position = position + 1
        return Substitution(self.reader.whole("".join(inside), self.deeper(), line), quoted)

    def _arithmetic(self) -> Word:
        """The expression up to its two closing parentheses."""
        parts: list[Part] = []
        open_parentheses = 0
        text = self.text
        while self.position < len(text):
            char = text[self.position]
            if char == ")" and not open_parentheses:
                if not text.startswith("))", self.position):
                    raise self.error("Missing '))'")
                self.position += 2
                return Word(tuple(parts))
            if char in "$`":
                parts.append(self.expansion(quoted=True))
                continue
            if char == "\\":
                self._backslash_in_quotes(parts, '$`\\\n"')
                continue
            open_parentheses += {"(": 1, ")": -1}.get(char, 0)
            if char != '"':
                self._add(parts, char, True)
            self.position += 1
        raise self.error("Missing '))'")

    def _braced(self, quoted: bool) -> Part:
        """What follows `${`."""
        text = self.text
        length = False
        if text.startswith("#", self.position) and text[self.position + 1 : self.position + 2] not in ("}", ""):
            length = True
            self.position += 1
        found = NAME.match(text, self.position) or re.compile("[0-9]+").match(text, self.position)
        name = found.group() if found is not None else text[self.position : self.position + 1]
        if found is None and name not in SPECIAL:
            return self._bad(quoted)
        self.position += len(name)
        if text.startswith("}", self.position):
            self.position += 1
            return Parameter(name, "length" if length else "", quoted=quoted)
        if length:
            return self._bad(quoted)
        colon = text.startswith(":", self.position)
        self.position += colon
        operator = text[self.position : self.position + 1]
        if not operator or operator not in ("-=?+" if colon else "-=?+#%"):
            return self._bad(quoted)
        self.position += 1
        if operator in "#%" and text.startswith(operator, self.position):
            operator *= 2
            self.position += 1
        return Parameter(name, operator, colon, self._braced_word(quoted, operator[0] in "#%"), quoted)

    def _bad(self, quoted: bool) -> Part:
        """Braces that hold no expansion: an error when they are expanded, and not before."""
        self._braced_word(quoted, False)
        return Parameter("", "bad", quoted=quoted)

    def _braced_word(self, quoted: bool, is_pattern: bool) -> Word:
        """The word up to the closing brace.  In double quotes single ones mean nothing, but in patterns they do."""
        self.depth = self.deeper()
        parts: list[Part] = []
        text = self.text
        while True:
            if self.position >= len(text):
                raise self.error("Missing '}'")
            char = text[self.position]
            if char == "}":
                self.position += 1
                self.depth -= 1
                return Word(tuple(parts if quoted and not is_pattern else with_tilde(parts)))
            if quoted and not is_pattern and char in "'\\":
                if char == "\\":
                    self._backslash_in_quotes(parts, '$`\\\n"}')
                else:
                    self._add(parts, char, True)
                    self.position += 1
            elif text.startswith("\\\n", self.position):
                self.position += 2
            elif char in "'\"\\$`":
                if char in "$`":
                    parts.append(self.expansion(quoted and not is_pattern))
                else:
                    self._quoted_or_expanded(parts, char)
            else:
                self._add(parts, char, quoted and not is_pattern)
                self.position += 1

    # ---- here-documents

    def await_document(self, redirection: Redirection, delimiter: Word, strip: bool) -> None:
        """Remember that behind this line the text of a here-document stands."""
        quoted = any(not isinstance(part, Text) or part.quoted for part in delimiter.parts)
        text = "".join(part.text for part in delimiter.parts if isinstance(part, Text))
        self.awaited.append(HereDocument(redirection, text, quoted, strip))

    def _here_documents(self) -> None:
        """Read the texts that were waited for, at the beginning of a line."""
        awaited, self.awaited = self.awaited, []
        for document in awaited:
            lines: list[str] = []
            while self.position < len(self.text):
                end = self.text.find("\n", self.position) + 1 or len(self.text)
                line = self.text[self.position : end]
                line = line.lstrip("\t") if document.strip else line
                self.position = end
                if line.removesuffix("\n") == document.delimiter:
                    break
                lines.append(line)
            text = "".join(lines)
            if document.quoted:
                document.redirection.target = Word((Text(text, True),))
            else:
                inside = Lexer(text, self.reader, 0, self.deeper(), self.line())
                document.redirection.target = Word(tuple(inside.double_quoted("")))


def with_tilde(parts: list[Part]) -> list[Part]:
    """The parts of a word, its tilde taken for a home."""
    if not parts or not isinstance(parts[0], Text) or parts[0].quoted or not parts[0].text.startswith("~"):
        return parts
    first = parts[0].text
    found = _TILDE.match(first)
    if found is None or (found.end() == len(first) and len(parts) > 1):
        return parts
    rest = first[found.end() :]
    return [Tilde(found.group(1)), *([Text(rest)] if rest else []), *parts[1:]]
