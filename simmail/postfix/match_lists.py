"""NAME
    match_lists - lists of names, domains and addresses

DESCRIPTION
    A list holds patterns, separated by commas and white space, and the first that matches decides: a name; a domain;
    an address or a network; `type:table`; `/file/name`, in whose place the file's patterns stand; any of them after
    `!`, which turns the verdict.

    A `StringList` compares strings, a `DomainList` a domain and its parents, an `AddressList` a client's name
    (as a domain) and its address.

PARAMETERS
    parent_domain_matches_subdomains: the lists in which `example.com` stands for what is below it too.

DIAGNOSTICS
    PARAMETER: comment at end of line is not supported: # TEXT
        Said once, as the list is read; it ends before the comment.

    PARAMETER: hash:/etc/postfix/x: table lookup problem
    PARAMETER: non-null host address bits in "192.168.1.1/16", perhaps you should use ...
        Said at each look-up that comes as far as the pattern; the look-up fails, and in a list that may not fail
        it is fatal.

SEE ALSO
    match_list(3), postconf(5) mynetworks, relay_domains
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Self

from simmail.files.file_errors import FileError
from simmail.files.paths import normal
from simmail.mail.errors import Fatal
from simmail.postfix.tables.flags import DictFlag
from simmail.postfix.tables.fold import casefold
from simmail.postfix.tables.networks import BadNetwork, Network, parse_address
from simmail.postfix.tables.registry import open_table
from simmail.postfix.tables.split import spans_outside_braces, split_outside_braces
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import LookupFailure, Table, TableEnvironment

FLAGS = DictFlag.LOCK | DictFlag.UTF8_REQUEST
V4_CHARACTERS = frozenset("01234567890.")
V6_CHARACTERS = V4_CHARACTERS | frozenset("abcdefABCDEF:")
NETWORK_CHARACTERS = V6_CHARACTERS | frozenset("[]/")


class Pattern(NamedTuple):
    """One pattern of a list.

    Args:
        positive: False after `!`.
        text: the pattern, case folded.
        table: the table to ask, where it is one.
        network: the network it stands for, where it is more than one spelling of an address.
        mistake: what is wrong with a pattern that looks like a network.
    """

    positive: bool
    text: str
    table: Table | None = None
    network: Network | None = None
    mistake: str = ""


def parse_patterns(parameter: str, value: str, environment: TableEnvironment) -> tuple[Pattern, ...]:
    """The patterns of a list, files read and tables opened.

    Raises:
        Fatal: for a `!` with nothing behind it.
    """
    found: list[Pattern] = []
    _parse(parameter, value, environment, True, found, 0)
    return tuple(found)


#: How deep files may name files; Postfix has no limit, and ends when its memory does.
DEPTH_LIMIT = 50


def _parse(
    parameter: str, value: str, environment: TableEnvironment, positive: bool, found: list[Pattern], depth: int
) -> None:
    for item in split_outside_braces(_uncommented(parameter, value, environment, depth) if "#" in value else value):
        name = item.lstrip("!")
        verdict = positive is ((len(item) - len(name)) % 2 == 0)
        if not name:
            raise Fatal(f"{parameter}: no pattern after '!'")
        if name.startswith("/"):
            try:
                text = environment.text(normal(name))
            except FileError as error:
                found.append(Pattern(verdict, name, _missing(name, error.reason, environment)))
                continue
            if depth >= DEPTH_LIMIT:
                raise Fatal(f"{parameter}: file {name}: files name each other without end")
            for line in text.split("\n"):
                if not line.startswith("#"):
                    _parse(parameter, line, environment, verdict, found, depth + 1)
        elif is_table(name):
            found.append(Pattern(verdict, name, open_table(name, environment, FLAGS)))
        else:
            found.append(_plain(verdict, casefold(name, environment.utf8)))


def _missing(name: str, reason: str, environment: TableEnvironment) -> Table:
    """What stands for a file that cannot be read, in all lists that name it; it is told once."""
    key = f"non-existent:{name}"
    if key not in environment.tables:
        environment.tables[key] = Unavailable("non-existent", name, environment, f"open file {name}: {reason}", FLAGS)
    return environment.tables[key]


def _uncommented(parameter: str, value: str, environment: TableEnvironment, depth: int) -> str:
    """A value, or a line of a file, without what looks like a comment behind it, which is told."""
    for start, end in spans_outside_braces(value):
        if value[start] == "#":
            rest = value[end + 1 :]
            if rest and depth:
                rest += "?"  # the line's end
            shown = f"{value[start:end]} {rest}"
            environment.warn("warning", f"{parameter}: comment at end of line is not supported: {shown}")
            return value[:start]
    return value


def is_table(pattern: str) -> bool:
    """Whether a pattern is `type:name`; an address of IPv6 must stand in brackets."""
    return ":" in pattern and not pattern.startswith("[")


def wants_parsing(text: str) -> bool:
    """Whether a pattern is a network, or an address of many spellings; any other is compared as it stands."""
    return (":" in text or "/" in text) and NETWORK_CHARACTERS.issuperset(text)


def _plain(positive: bool, text: str) -> Pattern:
    if not wants_parsing(text):
        return Pattern(positive, text)
    try:
        return Pattern(positive, text, network=Network.parse(text))
    except BadNetwork as mistake:
        return Pattern(positive, text, mistake=str(mistake))


class _List:
    """What the three kinds of list share."""

    __slots__ = ("_known", "environment", "may_fail", "parameter", "parents", "patterns")

    def __init__(
        self, parameter: str, patterns: tuple[Pattern, ...], environment: TableEnvironment, parents: bool
    ) -> None:
        self.parameter, self.patterns, self.environment, self.parents = parameter, patterns, environment, parents
        #: Whether a look-up that fails is the caller's to deal with; otherwise the program ends of it.
        self.may_fail = True
        self._known: dict[object, bool] = {}

    @classmethod
    def open(cls, parameter: str, value: str, environment: TableEnvironment, parents: bool = False) -> Self:
        """Read the list that is a parameter's value; `parents`: whether a domain stands for what is below it too."""
        return cls(parameter, parse_patterns(parameter, value, environment), environment, parents)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def names(self) -> Iterator[str]:
        """What it lists by name, tables apart."""
        return (pattern.text for pattern in self.patterns if pattern.positive and pattern.table is None)

    def _fail(self, reason: str) -> LookupFailure:
        if not self.may_fail:
            raise Fatal(f"{self.parameter}: {reason}")
        self.environment.warn("warning", f"{self.parameter}: {reason}")
        return LookupFailure(f"{self.parameter}: {reason}")

    def _ask(self, table: Table, key: str) -> bool:
        try:
            return table.find(key) is not None
        except LookupFailure:
            raise self._fail(f"{table.spec}: table lookup problem") from None

    def _remembered(self, key: object, decide: Callable[[], bool]) -> bool:
        """The verdict for `key`; one that came with a warning, or by chance, is not remembered."""
        environment = self.environment
        before = environment.unrepeatable
        verdict = decide()
        if environment.unrepeatable == before:
            if len(self._known) > 50_000:
                self._known.clear()
            self._known[key] = verdict
        return verdict

    def _name_matches(self, name: str, pattern: Pattern) -> bool:
        """Whether a domain name, case folded, is what the pattern says, or below it."""
        table = pattern.table
        if table is not None:
            return self._domain_in_table(name, table)
        text = pattern.text
        if name == text:
            return True
        if self.parents:
            return name.endswith("." + text)
        return text.startswith(".") and len(name) > len(text) and name.endswith(text)

    def _domain_in_table(self, name: str, table: Table) -> bool:
        entry = name
        while entry:
            if (entry is name or not table.pattern) and self._ask(table, entry):
                return True
            dot = entry.find(".", 1)
            if dot < 0:
                return False
            entry = entry[dot + 1 :] if self.parents else entry[dot:]
        return False


class StringList(_List):
    """A list of strings: exact, whatever the case."""

    __slots__ = ()

    def matches(self, string: str) -> bool:
        """Whether the list holds `string`.  Raises LookupFailure where a table cannot tell; that is logged."""
        known = self._known.get(string)
        return known if known is not None else self._remembered(string, lambda: self._matches(string))

    def _matches(self, string: str) -> bool:
        string = casefold(string, self.environment.utf8)
        for pattern in self.patterns:
            if pattern.table is None:
                if pattern.text == string:
                    return pattern.positive
            elif self._ask(pattern.table, string):
                return pattern.positive
        return False


PARENTS = "parent_domain_matches_subdomains"


def takes_parents(parameter: str, such: str, environment: TableEnvironment) -> bool:
    """Whether a domain in the list that is a parameter's value stands for what is below it too.

    Args:
        parameter: its name.
        such: parent_domain_matches_subdomains.
        environment: where tables find files.

    Raises:
        Fatal: where a table of `such` cannot tell.
    """
    listed = StringList.open(PARENTS, such, environment)
    listed.may_fail = False
    return listed.matches(parameter)


class DomainList(_List):
    """A list of domains; with `parents`, each stands for what is below it too, otherwise `.domain` does."""

    __slots__ = ()

    def matches(self, name: str) -> bool:
        """Whether the list holds the domain.  Raises LookupFailure where a table cannot tell; that is logged."""
        known = self._known.get(name)
        return known if known is not None else self._remembered(name, lambda: self._matches(name))

    def _matches(self, name: str) -> bool:
        name = casefold(name, self.environment.utf8)
        for pattern in self.patterns:
            if self._name_matches(name, pattern):
                return pattern.positive
        return False


class AddressList(_List):
    """A list of clients by name and address: mynetworks and its like."""

    __slots__ = ()

    def matches(self, name: str, address: str) -> bool:
        """Whether the list holds the client.

        Args:
            name: its host name; "" asks for the address only.
            address: IPv4 or IPv6, text.

        Raises:
            LookupFailure: where a table cannot tell, or a network is written wrongly; that is logged.
        """
        known = self._known.get((name, address))
        return known if known is not None else self._remembered((name, address), lambda: self._matches(name, address))

    def _matches(self, name: str, address: str) -> bool:
        utf8 = self.environment.utf8
        name, address = casefold(name, utf8), casefold(address, utf8)
        is_address = V6_CHARACTERS.issuperset(address)
        for pattern in self.patterns:
            if name and self._name_matches(name, pattern):
                return pattern.positive
            if is_address and self._address_matches(address, pattern):
                return pattern.positive
        return False

    def _address_matches(self, address: str, pattern: Pattern) -> bool:
        if pattern.table is not None:
            return self._ask(pattern.table, address)
        text = pattern.text
        if text == (f"[{address}]" if text.startswith("[") else address):
            return True
        if (":" in address) != (":" in text):
            return False
        if pattern.mistake:
            raise self._fail(pattern.mistake)
        if pattern.network is None:
            return False
        parsed = parse_address(address)
        return parsed is not None and pattern.network.matches(parsed)
