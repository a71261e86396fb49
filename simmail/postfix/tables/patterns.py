"""NAME
    patterns - what pcre: and regexp: tables have in common

DESCRIPTION
    A file of rules `/pattern/flags result`, read in order when a program starts; the first that matches decides.  The
    delimiter is the first character, and a backslash keeps it.  `!` before a pattern turns it round; `if /pattern/` ...
    `endif` makes the rules between them count only where the pattern matches.  `$1`, `${1}`, `$(1)` in a result stand
    for what a group matched, `$$` for a dollar sign.  A rule with a mistake is skipped, with a warning.

    Patterns are run by an engine, octet by octet, and only as far as its limits: one that is at its wits' end is taken
    not to match, with a warning.

DIAGNOSTICS
    pcre map /etc/postfix/header_checks, line 4: no closing regexp delimiter "/": ignoring this rule
    pcre map /etc/postfix/header_checks, line 9: match limit exceeded

SEE ALSO
    pcre_table(5), regexp_table(5)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from simmail.mail.errors import Location
from simmail.postfix.maincf import logical_lines
from simmail.postfix.tables import literal
from simmail.postfix.tables.base64files import BadFile, encoded_files
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.results import parse_result
from simmail.postfix.tables.rules import CONDITION, NoRules, read_rules
from simmail.postfix.tables.split import SPACE
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import Table, TableEnvironment

#: What an engine tells of a match: the text of group 0, 1, 2, ...; None for a group that had no part in it.
Groups = Sequence[bytes | None]
#: How many answers a table remembers, and the longest key it does so for.
REMEMBERED, LONGEST = 4096, 1024


class BadPattern(ValueError):
    """A pattern that does not compile; its text is the engine's."""


class MatchFailed(Exception):
    """A match that was given up; its text is the engine's."""


class Compiled(Protocol):
    """A pattern ready for use.  `groups`: how many it has."""

    groups: int

    def search(self, subject: bytes, captures: bool) -> Groups | None:
        """The first match in `subject`; with `captures`, what the groups hold.  Raises MatchFailed."""
        ...


#: Compiles a pattern, given the letters behind it and whether its groups will be asked for.  Raises BadPattern.
Engine = Callable[[bytes, frozenset[str], bool], Compiled]


class Dialect(NamedTuple):
    """What sets the two types apart.

    Args:
        type: `pcre` or `regexp`.
        letters: the options there are.
        obsolete: options that are warned of and otherwise ignored.
        unclosed: what is done with a pattern without its second delimiter.
        range: how `$0` is complained of.
        second: whether `/pattern/!/pattern/` is known.
    """

    type: str
    letters: str
    obsolete: str
    unclosed: str
    range: str
    second: bool


class Test(NamedTuple):
    """One pattern with its sign.

    Args:
        compiled: the pattern.
        positive: False where it must not match.
        needed: a text, in lower case, without which it does not hold; "" for none.
    """

    compiled: Compiled
    positive: bool
    needed: str = ""


class Rule(NamedTuple):
    """One rule.

    Args:
        tests: the patterns, all of which have to hold.
        value: its result where that is constant; None for `if`, and for a result with `$number`.
        parts: the result's parts where it is not constant: texts, and the numbers of groups.
        line: where it begins.
        end: for `if`, the number of the first rule behind its block.
    """

    tests: tuple[Test, ...]
    value: str | None
    parts: tuple[str | int, ...]
    line: int
    end: int = 0


class Skip(Exception):
    """A rule to be left out; its text is the warning, complete but for the place ("" where it has been said)."""


class Answer(NamedTuple):
    """What a table said about a key, and the line that decided."""

    value: str | None
    line: int


NO_ANSWER = Answer(None, 0)
NEVER = 1 << 30


class PatternTable(Table):
    """A table of patterns."""

    pattern = True

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, rules: list[Rule], flags: DictFlag = USUAL
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.rules = rules
        #: For each rule the texts without which it does not hold.
        self.needed = [tuple(test.needed for test in rule.tests if test.needed) for rule in rules]
        self.known: dict[str, Answer] = {}
        self.fold = False

    def find(self, key: str) -> str | None:
        """The result of the first rule that matches."""
        answer = self.known.get(key)
        return answer.value if answer is not None else self._asked(key).value

    def where(self, key: str) -> Location:
        """The rule's line."""
        return Location(self.name, (self.known.get(key) or self._asked(key)).line)

    def _asked(self, key: str) -> Answer:
        before = self.environment.unrepeatable
        if not key.isascii() and self.folded(key) is None:
            return Answer(None, 0)
        answer = self._search(key)
        if answer.value is not None:
            self.checked(key, answer.value)
        if self.environment.unrepeatable == before and len(key) <= LONGEST:
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            self.known[key] = answer
        return answer

    @property
    def needs(self) -> tuple[tuple[str, ...], ...] | None:
        """For each rule with a result the texts without which it does not hold."""
        needs = tuple(n for rule, n in zip(self.rules, self.needed, strict=True) if not rule.end)
        return needs if all(needs) else None

    def _possible(self, text: str | None, number: int) -> int:
        """The number of the first rule from there on that may hold; that behind the last one where none may.

        Args:
            text: the key in lower case; None for one that must be looked at by all rules.
            number: where to begin.
        """
        if text is not None:
            needed, count = self.needed, len(self.rules)
            while number < count:
                for one in needed[number]:
                    if one not in text:
                        number = self.rules[number].end or number + 1
                        break
                else:
                    return number
        return number

    def _search(self, key: str) -> Answer:
        """The answer of the first rule that matches."""
        rules = self.rules
        count = len(rules)
        text = key.lower() if len(key) <= literal.LONGEST and key.isascii() else None
        number = self._possible(text, 0)
        if number >= count:
            return NO_ANSWER
        subject = key.encode("utf-8", "surrogateescape")
        while number < count:
            rule = rules[number]
            found = self._holds(rule, subject)
            if found is not None and not rule.end:
                value = rule.value
                return Answer(_expanded(rule.parts, found) if value is None else value, rule.line)
            number = self._possible(text, number + 1 if found is not None or not rule.end else rule.end)
        return NO_ANSWER

    def _holds(self, rule: Rule, subject: bytes) -> Groups | None:
        """What the rule's groups hold where all its patterns agree; a pattern that gives up agrees to nothing."""
        groups: Groups = ()
        captures = bool(rule.parts)
        for compiled, positive, _ in rule.tests:
            try:
                found = compiled.search(subject, captures)
            except MatchFailed as failure:
                self.environment.warn("warning", f"{self.type} map {self.name}, line {rule.line}: {failure}")
                return None
            if (found is not None) is not positive:
                return None
            if captures and found is not None:
                groups = found
                captures = False
        return groups


def _expanded(parts: tuple[str | int, ...], groups: Groups) -> str:
    return "".join(
        part if isinstance(part, str) else (groups[part] or b"").decode("utf-8", "surrogateescape") for part in parts
    )


# ---- rules


def _octets(text: str) -> str:
    """A text with a character for each octet: rules are read octet by octet, and so are patterns."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def _characters(octets: str) -> str:
    """The way back."""
    return octets if octets.isascii() else octets.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


class RuleParser:
    """Reads the rules of one table."""

    def __init__(
        self, dialect: Dialect, engine: Engine, name: str, environment: TableEnvironment, flags: DictFlag
    ) -> None:
        self.dialect, self.engine, self.name = dialect, engine, name
        self.environment, self.flags = environment, flags
        self.rules: list[Rule] = []
        self.blocks: list[int] = []
        self.line = 0

    def parse(self, text: str) -> list[Rule]:
        """All rules of a text."""
        for line in logical_lines(text, self.name, self.environment.warn):
            self.line = line.first
            try:
                self._rule(_octets(line.text.rstrip(SPACE)))
            except Skip as reason:
                if str(reason):
                    self._warn(str(reason))
        for number in reversed(self.blocks):
            self.line = self.rules[number].line
            self._warn("IF has no matching ENDIF")
            self.rules[number] = self.rules[number]._replace(end=NEVER)
        return self.rules

    def _warn(self, text: str) -> None:
        place = f"{self.dialect.type} map {self.name}, line {self.line}"
        self.environment.warn("warning", f"{place}: {_characters(text)}")

    def _complain(self, text: str) -> None:
        self.environment.warn("warning", _characters(text))

    def _rule(self, text: str) -> None:
        if not text:
            return
        if not (text[0].isascii() and text[0].isalnum()):
            self._match_rule(text)
            return
        word = CONDITION.match(text)
        if word is None:
            raise Skip("ignoring unrecognized request")
        rest = text[word.end() :]
        if word.group().lower() == "if":
            self._if(rest.lstrip(SPACE))
        else:
            self._endif(rest.lstrip(SPACE))

    def _match_rule(self, text: str) -> None:
        sources = [self._source(text)]
        text = sources[0].rest
        if self.dialect.second and text.startswith("!"):
            sources.append(self._source(text))
            text = sources[1].rest
        result = text.lstrip(SPACE)
        if not result:
            self._warn("no replacement text: using empty string")
        if DictFlag.SRC_RHS_IS_FILE in self.flags:
            try:
                result = encoded_files(_characters(result), self.environment)
            except BadFile as error:
                raise Skip(f"{_octets(str(error))}: skipping this rule") from None
        parts = parse_result(result, self._complain, self._warn, self.dialect.range)
        if parts is None:
            raise Skip("bad replacement syntax: skipping this rule")
        highest = max((part for part in parts if isinstance(part, int)), default=0)
        if highest and not sources[0].positive:
            raise Skip("$number found in negative match replacement text: skipping this rule")
        if highest and DictFlag.NO_REGSUB in self.flags:
            raise Skip("regular expression substitution is not allowed: skipping this rule")
        first = self._compile(sources[0], bool(highest))
        if highest > first.groups:
            raise Skip(f'out of range replacement index "{highest}": skipping this rule')
        tests = [Test(first, sources[0].positive, sources[0].needed())]
        tests += [Test(self._compile(source, False), source.positive, source.needed()) for source in sources[1:]]
        shown = tuple(_characters(part) if isinstance(part, str) else part for part in parts)
        constant = None if highest else "".join(map(str, shown))
        self.rules.append(Rule(tuple(tests), constant, shown if highest else (), self.line))

    def _if(self, text: str) -> None:
        source = self._source(text)
        extra = source.rest.lstrip(SPACE)
        if extra:
            self._warn(f'ignoring extra text after IF statement: "{extra}"')
            self._warn("do not prepend whitespace to statements between IF and ENDIF")
        compiled = self._compile(source, False)
        self.blocks.append(len(self.rules))
        test = Test(compiled, source.positive, source.needed())
        self.rules.append(Rule((test,), None, (), self.line, NEVER))

    def _endif(self, extra: str) -> None:
        if not self.blocks:
            raise Skip("ignoring ENDIF without matching IF")
        if extra:
            self._warn("ignoring extra text after ENDIF")
        number = self.blocks.pop()
        self.rules[number] = self.rules[number]._replace(end=len(self.rules))

    def _source(self, text: str) -> _Source:
        """The pattern that `text` begins with."""
        rest = text.lstrip("!")
        positive = (len(text) - len(rest)) % 2 == 0
        rest = rest.lstrip(SPACE)
        if not rest:
            raise Skip("no regexp: skipping this rule")
        delimiter, rest = rest[0], rest[1:]
        end = self._closing(delimiter, rest)
        options: set[str] = set()
        position = end + 1
        while position < len(rest) and rest[position] not in SPACE:
            letter = rest[position]
            if letter == "!" and self.dialect.second:
                break
            if letter in self.dialect.obsolete:
                self._warn(f'ignoring obsolete regexp option "{letter}"')
            elif letter in self.dialect.letters:
                options ^= {letter}
            else:
                raise Skip(f'unknown regexp option "{letter}": skipping this rule')
            position += 1
        return _Source(rest[:end], frozenset(options), positive, rest[position:])

    def _closing(self, delimiter: str, text: str) -> int:
        """Where the second delimiter stands."""
        position = 0
        while position < len(text):
            if text[position] == "\\":
                if self.dialect.second and position + 1 == len(text):
                    return position  # a backslash at the very end closes a POSIX pattern
                position += 1
            elif text[position] == delimiter:
                return position
            position += 1
        raise Skip(f'no closing regexp delimiter "{delimiter}": {self.dialect.unclosed} this rule')

    def _compile(self, source: _Source, captures: bool) -> Compiled:
        try:
            return self.engine(source.pattern.encode("latin-1"), source.options, captures)
        except BadPattern as error:
            raise Skip(str(error)) from None


class _Source(NamedTuple):
    """A pattern as it stands in a rule, and what stands behind it."""

    pattern: str
    options: frozenset[str]
    positive: bool
    rest: str

    def needed(self) -> str:
        """A text, in lower case, without which it does not hold; "" for none."""
        return literal.needed(self.pattern, self.options) if self.positive else ""


def open_patterns(
    dialect: Dialect, engine: Engine, name: str, environment: TableEnvironment, flags: DictFlag = USUAL
) -> Table:
    """Open a table of patterns: a file, or rules in braces."""
    try:
        text = read_rules(dialect.type, name, environment)
    except NoRules as reason:
        if not reason.directory:
            return Unavailable(dialect.type, name, environment, str(reason), flags)
        text = ""
    rules = RuleParser(dialect, engine, name, environment, flags).parse(text)
    return PatternTable(dialect.type, name, environment, rules, flags)
