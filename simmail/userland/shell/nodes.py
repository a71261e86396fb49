"""What a script consists of (POSIX.1, Shell Command Language, section 2.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simmail.userland.shell.patterns import escaped

# ---- words


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text; quoted text is neither split nor taken for a pattern."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Tilde:
    """`~` or `~user`: a home."""

    user: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name` and all that braces can do.

    Args:
        name: the variable, a number, or one of `@ * # ? $ ! -`.
        operator: "", `-`, `=`, `?`, `+`, `#`, `##`, `%`, `%%`, `length`; `bad` where the braces hold no such thing.
        colon: whether an empty value counts as none (`:-`).
        word: what follows the operator.
        quoted: whether it stands in double quotes.
    """

    name: str
    operator: str = ""
    colon: bool = False
    word: Word | None = None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(commands)`, or the same in backquotes."""

    body: Node | None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`$((expression))`."""

    expression: Word
    quoted: bool = False


Part = Text | Tilde | Parameter | Substitution | Arithmetic
_MAGIC = re.compile(r"[*?]|\[.*\]", re.DOTALL)


def magic(text: str) -> bool:
    """Whether a text may be a pattern for the names of files."""
    return _MAGIC.search(text) is not None


@dataclass(frozen=True, slots=True)
class Word:
    """One word as written.

    Attributes:
        pattern: what it always is as a pattern, if nothing in it is to be expanded.
        constant: what it always is as a text, if it is no pattern either.
    """

    parts: tuple[Part, ...]
    pattern: str | None = field(init=False, default=None)
    constant: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        texts = [part for part in self.parts if isinstance(part, Text)]
        if len(texts) < len(self.parts):
            return
        pattern = "".join(escaped(part.text) if part.quoted else part.text for part in texts)
        object.__setattr__(self, "pattern", pattern)
        if not magic("".join(part.text for part in texts if not part.quoted)):
            object.__setattr__(self, "constant", "".join(part.text for part in texts))

    @property
    def literal(self) -> str:
        """The word where it is written without any quotes and expansions; "" otherwise."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Text) and not self.parts[0].quoted:
            return self.parts[0].text
        return ""


# ---- commands


@dataclass(slots=True)
class Redirection:
    """`2>file`.

    Args:
        descriptor: the number before it, or what the operator stands for.
        operator: `<`, `>`, `>>`, `>|`, `<>`, `<&`, `>&`, `<<`.
        target: the word behind it; of `<<`, the text.
        line: where it stands.
    """

    descriptor: int
    operator: str
    target: Word
    line: int


@dataclass(slots=True)
class Simple:
    """Assignments, words, redirections."""

    line: int
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]


@dataclass(slots=True)
class Pipeline:
    """Commands, each reading what the one before prints."""

    commands: tuple[Node, ...]


@dataclass(slots=True)
class Not:
    """`! command`."""

    command: Node


@dataclass(slots=True)
class AndOr:
    """`first && second`, `first || second`."""

    first: Node
    operator: str
    second: Node


@dataclass(slots=True)
class Sequence:
    """One command after the other."""

    commands: tuple[Node, ...]


@dataclass(slots=True)
class Background:
    """`command &`."""

    command: Node


@dataclass(slots=True)
class Subshell:
    """`( commands )`."""

    body: Node


@dataclass(slots=True)
class If:
    """`if`, `elif` (an If as `otherwise`), `else`."""

    condition: Node
    body: Node
    otherwise: Node | None


@dataclass(slots=True)
class Loop:
    """`while`, `until`."""

    condition: Node
    body: Node
    until: bool


@dataclass(slots=True)
class For:
    """`for name in words`; None: the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: Node


@dataclass(slots=True)
class Case:
    """`case word in pattern) commands ;; esac`."""

    line: int
    word: Word
    branches: tuple[tuple[tuple[Word, ...], Node | None], ...]


@dataclass(slots=True)
class Function:
    """`name() command`."""

    name: str
    body: Node


@dataclass(slots=True)
class Redirected:
    """A compound command with redirections; `{ commands; }` is only that."""

    command: Node
    redirections: tuple[Redirection, ...]


Node = (
    Simple | Pipeline | Not | AndOr | Sequence | Background | Subshell | If | Loop | For | Case | Function | Redirected
)


class ScriptError(Exception):
    """A script that cannot be read.

    Args:
        line: where.
        text: what dash says of it, behind `Syntax error: `.
    """

    def __init__(self, line: int, text: str) -> None:
        self.line, self.text = line, text
        super().__init__(f"{line}: {text}")


@dataclass(frozen=True, slots=True)
class Script:
    """A script as read: commands line by line, and the error that ends it, if there is one.

    The shell reads a script as it goes, so what stands before an error is run.
    """

    commands: tuple[Node, ...]
    error: ScriptError | None = None
