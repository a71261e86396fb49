"""Reads a script into commands (POSIX.1, Shell Command Language, section 2.10); errors are in dash's words."""

from __future__ import annotations

import re

from simmail.userland.shell.lexer import NAME, REDIRECTIONS, Lexer, Token, with_tilde
from simmail.userland.shell.nodes import (
    AndOr,
    Background,
    Case,
    For,
    Function,
    If,
    Loop,
    Node,
    Not,
    Part,
    Pipeline,
    Redirected,
    Redirection,
    Script,
    ScriptError,
    Sequence,
    Simple,
    Subshell,
    Text,
    Word,
)

RESERVED = frozenset("if then else elif fi do done case esac while until for { } ! in".split())
#: Words and operators that end a list of commands.
ENDS_LIST = frozenset({"end", ")", ";;", "then", "else", "elif", "fi", "do", "done", "esac", "}"})
NAMES = {"end": "end of file", "newline": "newline", "word": "word", "number": "redirection"}
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")


def parse(text: str) -> Script:
    """A script as far as it can be read.

    Args:
        text: the script.
    """
    parser = Parser(text)
    commands: list[Node] = []
    try:
        while (command := parser.line()) is not None:
            commands.append(command)
    except ScriptError as error:
        return Script(tuple(commands), error)
    except RecursionError:
        return Script(tuple(commands), ScriptError(1, "nested too deeply"))
    return Script(tuple(commands))


class Parser:
    """Reads one text.

    Args:
        text: the script.
        position, depth, first_line: as for `Lexer`.
    """

    def __init__(self, text: str, position: int = 0, depth: int = 0, first_line: int = 1) -> None:
        self.lexer = Lexer(text, self, position, depth, first_line)
        self._ahead: Token | None = None

    # ---- for the lexer: commands within words

    def substitution(self, text: str, position: int, depth: int, first_line: int) -> tuple[Node | None, int]:
        """The commands from a position to their closing parenthesis, and where that is."""
        inner = Parser(text, position, depth, first_line)
        inner.skip_newlines()
        body = None if inner.peek().kind == ")" else inner.commands()
        inner.expect(")")
        return body, inner.lexer.position

    def whole(self, text: str, depth: int, first_line: int) -> Node | None:
        """All commands of a text: what stood in backquotes."""
        inner = Parser(text, 0, depth, first_line)
        commands: list[Node] = []
        while (command := inner.line()) is not None:
            commands.append(command)
        return _sequence(commands) if commands else None

    # ---- tokens

    def peek(self) -> Token:
        """The next token, which stays the next one."""
        if self._ahead is None:
            self._ahead = self.lexer.token()
        return self._ahead

    def take(self) -> Token:
        """The next token."""
        token = self.peek()
        self._ahead = None
        return token

    def skip_newlines(self) -> None:
        """Go past line ends."""
        while self.peek().kind == "newline":
            self._ahead = None

    def keyword(self) -> str:
        """The next token as it counts where a command may begin: an operator, a reserved word, or `word`."""
        token = self.peek()
        return token.text if token.kind == "word" and token.text in RESERVED else token.kind

    def unexpected(self, expecting: str = "", keyword: bool = True) -> ScriptError:
        """The error that the next token is."""
        token = self.peek()
        kind = self.keyword() if keyword else token.kind
        name = NAMES.get(kind) or ("redirection" if kind in REDIRECTIONS else f'"{kind}"')
        behind = f' (expecting "{expecting}")' if expecting else ""
        return ScriptError(token.line, f"{name} unexpected{behind}")

    def expect(self, keyword: str) -> None:
        """Take a reserved word or operator.  Raises ScriptError."""
        if self.keyword() != keyword:
            raise self.unexpected(keyword)
        self.take()

    # ---- lists

    def line(self) -> Node | None:
        """The commands of the next line that has any; None at the end."""
        self.skip_newlines()
        if self.peek().kind == "end":
            return None
        commands: list[Node] = []
        while True:
            commands.append(self.and_or())
            token = self.peek()
            if token.kind == "&":
                commands[-1] = Background(commands[-1])
            if token.kind in (";", "&"):
                self.take()
                token = self.peek()
                if token.kind not in ("newline", "end"):
                    continue
            if token.kind == "newline":
                self.take()
            elif token.kind != "end":
                raise self.unexpected()
            return _sequence(commands)

    def commands(self) -> Node:
        """A list of one command or more, up to what ends it."""
        commands: list[Node] = []
        self.skip_newlines()
        if self.peek().kind == "end":
            return Sequence(())
        while not commands or self.keyword() not in ENDS_LIST:
            commands.append(self.and_or())
            token = self.peek()
            if token.kind == "&":
                commands[-1] = Background(commands[-1])
            if token.kind not in (";", "&", "newline"):
                break
            self.take()
            self.skip_newlines()
        return _sequence(commands)

    def and_or(self) -> Node:
        """`a && b || c`."""
        node = self.pipeline()
        while self.peek().kind in ("&&", "||"):
            operator = self.take().kind
            self.skip_newlines()
            node = AndOr(node, operator, self.pipeline())
        return node

    def pipeline(self) -> Node:
        """`a | b`."""
        negated = self.keyword() == "!"
        if negated:
            self.take()
        commands = [self.command()]
        while self.peek().kind == "|":
            self.take()
            self.skip_newlines()
            commands.append(self.command())
        node = commands[0] if len(commands) == 1 else Pipeline(tuple(commands))
        return Not(node) if negated else node

    # ---- commands

    def command(self) -> Node:
        """One command with its redirections."""
        keyword = self.keyword()
        reader = COMPOUND.get(keyword)
        if reader is None:
            if keyword in ("word", "number") or keyword in REDIRECTIONS:
                return self.simple()
            raise self.unexpected()
        self.lexer.depth = self.lexer.deeper()
        line = self.take().line
        node = reader(self, line)
        self.lexer.depth -= 1
        redirections = self.redirections()
        if redirections:
            return Redirected(node, tuple(redirections))
        return node

    def group(self, line: int) -> Node:
        """`{ commands; }`, the brace taken."""
        body = self.commands()
        self.expect("}")
        return body

    def subshell(self, line: int) -> Node:
        """`( commands )`, the parenthesis taken."""
        body = self.commands()
        self.expect(")")
        return Subshell(body)

    def if_(self, line: int) -> Node:
        """`if ... fi`, or what follows `elif`."""
        condition = self.commands()
        self.expect("then")
        body = self.commands()
        otherwise: Node | None = None
        if self.keyword() == "elif":
            otherwise = self.if_(self.take().line)
            return If(condition, body, otherwise)
        if self.keyword() == "else":
            self.take()
            otherwise = self.commands()
        self.expect("fi")
        return If(condition, body, otherwise)

    def while_(self, line: int, until: bool = False) -> Node:
        """`while`, taken, and the rest."""
        condition = self.commands()
        return Loop(condition, self.do(), until)

    def until_(self, line: int) -> Node:
        """`until`, taken, and the rest."""
        return self.while_(line, True)

    def do(self) -> Node:
        """`do commands done`."""
        self.expect("do")
        body = self.commands()
        self.expect("done")
        return body

    def for_(self, line: int) -> Node:
        """`for`, taken, and the rest."""
        token = self.peek()
        if token.kind != "word" or not NAME.fullmatch(token.text):
            raise ScriptError(token.line, "Bad for loop variable")
        name = self.take().text
        self.skip_newlines()
        words: list[Word] | None = None
        if self.keyword() == "in":
            self.take()
            words = []
            while self.peek().kind == "word":
                words.append(self.take().word)
            if self.peek().kind not in ("newline", ";"):
                raise self.unexpected(keyword=False)
            self.take()
        elif self.peek().kind == ";":
            self.take()
        self.skip_newlines()
        return For(name, None if words is None else tuple(words), self.do())

    def case(self, line: int) -> Node:
        """`case`, taken, and the rest."""
        token = self.peek()
        if token.kind != "word":
            raise ScriptError(token.line, f"{self._plainly()} unexpected (expecting word)")
        word = self.take().word
        self.skip_newlines()
        self.expect("in")
        branches: list[tuple[tuple[Word, ...], Node | None]] = []
        self.skip_newlines()
        while self.keyword() != "esac":
            if self.peek().kind == "(":
                self.take()
            patterns = [self.pattern()]
            while self.peek().kind == "|":
                self.take()
                patterns.append(self.pattern())
            if self.peek().kind != ")":
                raise self.unexpected(")", keyword=False)
            self.take()
            self.skip_newlines()
            body = None if self.keyword() in ENDS_LIST else self.commands()
            branches.append((tuple(patterns), body))
            self.skip_newlines()
            if self.keyword() != "esac":
                self.expect(";;")
                self.skip_newlines()
        self.take()
        return Case(line, word, tuple(branches))

    def _plainly(self) -> str:
        kind = self.peek().kind
        return NAMES.get(kind) or f'"{kind}"'

    def pattern(self) -> Word:
        """One pattern of a branch."""
        token = self.take()
        if token.kind == "word":
            return token.word
        self._ahead = token
        raise ScriptError(token.line, f'{self._plainly()} unexpected (expecting ")")')

    # ---- simple commands

    def redirections(self) -> list[Redirection]:
        """All redirections that come next."""
        found = []
        while (kind := self.peek().kind) == "number" or kind in REDIRECTIONS:
            found.append(self.redirection())
        return found

    def redirection(self) -> Redirection:
        """One redirection."""
        token = self.take()
        number = -1
        if token.kind == "number":
            number = int(token.text[:9])
            token = self.take()
        if number < 0:
            number = 0 if token.kind.startswith("<") else 1
        if self.peek().kind != "word":
            raise self.unexpected(keyword=False)
        target = self.take()
        if token.kind in ("<<", "<<-"):
            redirection = Redirection(number, "<<", Word(()), token.line)
            self.lexer.await_document(redirection, target.word, token.kind == "<<-")
            return redirection
        if token.kind in ("<&", ">&") and target.text and not (target.text.isdecimal() or target.text == "-"):
            raise ScriptError(token.line, "Bad fd number")
        return Redirection(number, token.kind, target.word, token.line)

    def simple(self) -> Node:
        """Assignments, words and redirections; or the definition of a function."""
        line = self.peek().line
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            token = self.peek()
            if token.kind == "word":
                self.take()
                assigned = None if words else assignment(token.word)
                if assigned is None:
                    words.append(token.word)
                else:
                    assignments.append(assigned)
            elif token.kind == "number" or token.kind in REDIRECTIONS:
                redirections.append(self.redirection())
            elif token.kind == "(" and len(words) == 1 and not assignments and not redirections:
                return self.function(words[0], token.line)
            else:
                return Simple(line, tuple(assignments), tuple(words), tuple(redirections))

    def function(self, name: Word, line: int) -> Node:
        """`name` is read, `()` and the body come next."""
        self.take()
        if self.peek().kind != ")":
            raise self.unexpected(")", keyword=False)
        self.take()
        if not NAME.fullmatch(name.literal):
            raise ScriptError(line, "Bad function name")
        self.skip_newlines()
        return Function(name.literal, self.command())


COMPOUND = {
    "{": Parser.group,
    "(": Parser.subshell,
    "if": Parser.if_,
    "while": Parser.while_,
    "until": Parser.until_,
    "for": Parser.for_,
    "case": Parser.case,
}


def _sequence(commands: list[Node]) -> Node:
    return commands[0] if len(commands) == 1 else Sequence(tuple(commands))


def assignment(word: Word) -> tuple[str, Word] | None:
    """The name and value of `name=value`; None for another word."""
    first = word.parts[0] if word.parts else None
    if not isinstance(first, Text) or first.quoted:
        return None
    found = _ASSIGNMENT.match(first.text)
    if found is None:
        return None
    rest = first.text[found.end() :]
    value = [*([Text(rest)] if rest else []), *word.parts[1:]]
    return found.group(1), Word(tuple(_with_tildes(value)))


def _with_tildes(value: list[Part]) -> list[Part]:
    """The parts of an assigned value, each tilde at its begin or behind a colon taken for a home."""
    parts: list[Part] = []
    for part in value:
        if not isinstance(part, Text) or part.quoted or "~" not in part.text:
            parts.append(part)
            continue
        pieces = part.text.split(":")
        for index, piece in enumerate(pieces):
            parts += [Text(":")] if index else []
            begins = index > 0 or part is value[0]
            ends = index < len(pieces) - 1 or part is value[-1]
            parts += with_tilde([Text(piece)]) if begins and ends else [Text(piece)]
    return parts
