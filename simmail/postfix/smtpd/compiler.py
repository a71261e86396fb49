"""NAME
    smtpd.compiler - lists of restrictions, from the words in main.cf

DESCRIPTION
    The words of a list, of a class and of an access table's right-hand side become rules, once.  A mistake becomes a
    rule, too, which says so whenever it is heard.

PARAMETERS
    smtpd_client_restrictions and its kin, smtpd_restriction_classes

DIAGNOSTICS
    unknown smtpd restriction: "NAME"
    restriction NAME: bad argument "WORD": need maptype:mapname
    restriction NAME must be followed by transport:server, ... by number
    restriction NAME requires domain name argument
    specify one of (check_client_access, ...) before TITLE restriction "TABLE"
    restriction `NAME' after `permit' is ignored

SEE ALSO
    smtpd.restrictions, SMTPD_ACCESS_README, RESTRICTION_CLASS_README
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.postfix.smtpd.dnsbl import DnsList
from simmail.postfix.smtpd.findings import SERVER_ERROR, Finding, Kind
from simmail.postfix.smtpd.opening import Missed, in_braces
from simmail.postfix.smtpd.places import places
from simmail.postfix.smtpd.policy_client import PolicyServer
from simmail.postfix.smtpd.restrictions import (
    RELAY_GUARDS,
    RESTRICTIONS,
    STATE,
    WARN_IF_REJECT,
    Argument,
    Restriction,
    Rule,
    current_name,
)
from simmail.postfix.tables import Maps

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd


class Nested(NamedTuple):
    """A restriction class in a list: its name, and what a bare table in it is taken for."""

    name: str
    implied: str


def undefined(rule: Rule) -> Finding:
    """A name that is no restriction's."""
    rule.smtpd.warn("warning", rule.argument)
    return SERVER_ERROR


def bare_table(rule: Rule, about: tuple[str, str]) -> Finding:
    """A table where nobody can tell what it is to be asked for."""
    names = ("client", "reverse_client_hostname", "helo", "sender", "recipient", "etrn")
    rule.smtpd.warn(
        "warning",
        f"specify one of ({', '.join(f'check_{name}_access' for name in names)}) "
        f'before {about[1]} restriction "{rule.name}"',
    )
    return SERVER_ERROR


def requires_domain(rule: Rule) -> None:
    """A DNS list without its domain."""
    rule.smtpd.warn("warning", rule.argument)


def class_of(rule: Rule) -> Finding:
    """The restrictions of a class."""
    return Finding(Kind.NESTED, value=rule.argument.name)


_UNDEFINED = Restriction((), undefined, remember=False)
_BARE_TABLE = Restriction(("about",), bare_table, remember=False)
_REQUIRES_DOMAIN = Restriction((), requires_domain, remember=False)
CLASS = Restriction((), class_of)


def _by_process(restriction: Restriction) -> Restriction:
    """The same where a table's answer depends on those that the process had before."""
    decide = restriction.decide

    def decided(rule: Rule, *facts: Any) -> Finding | None:
        *others, state = facts
        rule.buffer = state.process.values[rule.table]
        rule.smtpd.environment.unrepeatable += 1
        found: Finding | None = decide(rule, *others)
        return found

    return restriction._replace(reads=(*restriction.reads, STATE), decide=decided, remember=False)


# ---- what follows a restriction's name


def _table(smtpd: Smtpd, restriction: str, text: str) -> Maps:
    if text.startswith("{"):
        return Missed(restriction, text, smtpd.environment)
    return Maps.open(text, text, smtpd.environment)


#: How each kind of argument is read: by the program, for a restriction of that name, in lower case.
_READ: dict[Argument, Callable[[Smtpd, str, str], Any]] = {
    Argument.NONE: lambda smtpd, restriction, text: None,
    Argument.TABLE: _table,
    Argument.SEARCHED_TABLE: lambda smtpd, restriction, text: None,  # whose table is never looked into
    Argument.DNS_LIST: lambda smtpd, restriction, text: DnsList.parse(text),
    Argument.SERVICE: lambda smtpd, restriction, text: PolicyServer.parse(smtpd.config, text),
    Argument.NUMBER: lambda smtpd, restriction, text: int(text),
}


def _wrong(kind: Argument, name: str, text: str) -> str:
    """What is wrong with the word behind a restriction's name, at first sight; "" for nothing."""
    lowered = name.lower()
    if kind in (Argument.TABLE, Argument.SEARCHED_TABLE) and ":" not in text:
        return f'restriction {lowered}: bad argument "{text or name}": need maptype:mapname'
    if kind is Argument.SEARCHED_TABLE and text.startswith("{") and in_braces(text)[1]:
        return f"See earlier parsing error messages for '{text}"
    if kind is Argument.DNS_LIST and not text:
        return f"restriction {name} requires domain name argument"
    if kind is Argument.SERVICE and not text:
        return f"restriction {lowered} must be followed by transport:server"
    if kind is Argument.NUMBER and not text.isdigit():
        return f"restriction {lowered} must be followed by number"
    return ""


class Compiler:
    """Turns the words of a list into rules.

    Args:
        smtpd: the program.
        parameter: the list's name, or that of the class, for the record.
        implied: what a bare table is taken for; "" where there is no such thing.
    """

    def __init__(self, smtpd: Smtpd, parameter: str, implied: str) -> None:
        self.smtpd, self.parameter, self.implied = smtpd, parameter, implied
        self._place = ""

    def compile(self, words: tuple[str, ...], place: str | None = None) -> tuple[Rule, ...]:
        """The rules of a list.

        Args:
            words: its words.
            place: where they stand; None for where the parameter is set.
        """
        start = self.smtpd.config.where(self.parameter)
        lines = places(self.smtpd.system.machine, start, words) if place is None else [place] * len(words)
        return tuple(self._rules(words, lines))

    def _rules(self, words: tuple[str, ...], lines: list[str]) -> Iterator[Rule]:
        at, trial = 0, False
        while at < len(words):
            word, self._place = words[at], lines[at]
            behind = words[at + 1] if at + 1 < len(words) else ""
            at += 1
            if word.lower() == WARN_IF_REJECT:
                trial = True
                continue
            known = RESTRICTIONS.get(current_name(word))
            if ":" in word:
                yield self._bare_table(word, trial)
            elif known is None:
                yield self._class_or_mistake(word, trial)
            elif known.argument is Argument.NONE:
                yield self._rule(word, "", trial, behind if known.final else "")
            else:
                yield self._rule(word, behind, trial)
                at += 1
            trial = False

    def _bare_table(self, word: str, trial: bool) -> Rule:
        """A table that stands by itself."""
        return self._rule(self.implied, word, trial) if self.implied else self._made(word, _BARE_TABLE, None, trial)

    def _class_or_mistake(self, word: str, trial: bool) -> Rule:
        """A word that is no restriction's name."""
        if word in self.smtpd.classes:
            return self._made(word, CLASS, Nested(word, self.implied), trial)
        return self._made(word, _UNDEFINED, f'unknown smtpd restriction: "{word}"', trial)

    def _rule(self, name: str, text: str, trial: bool, following: str = "") -> Rule:
        """A restriction and the word that is its argument."""
        restriction = RESTRICTIONS[current_name(name)]
        kind = restriction.argument
        wrong = _wrong(kind, name, text)
        if wrong:
            return self._made(name, _REQUIRES_DOMAIN if kind is Argument.DNS_LIST else _UNDEFINED, wrong, trial)
        argument = _READ[kind](self.smtpd, name.lower(), text)
        if kind is Argument.TABLE and not restriction.asks and any(table.bare_status for table in argument.tables):
            restriction = _by_process(restriction)
        return self._made(name, restriction, argument, trial, text, following)

    def _made(
        self, name: str, restriction: Restriction, argument: Any, trial: bool, text: str = "", following: str = ""
    ) -> Rule:
        words = f"{name} {text}" if text else name
        rule = Rule(self.smtpd, name, restriction, argument, words, trial, self.parameter, self._place, following)
        rule.implied = self.implied
        return rule


# ---- relaying


def guards(words: tuple[str, ...], classes: dict[str, tuple[str, ...]], warn: Callable[[str], None]) -> bool:
    """Whether a list of restrictions keeps strangers from relaying.

    Args:
        words: the list.
        classes: restriction classes by name.
        warn: hears of what stands behind `permit`.
    """
    return _guards(words, classes, warn, frozenset())


def _guards(
    words: tuple[str, ...], classes: dict[str, tuple[str, ...]], warn: Callable[[str], None], seen: frozenset[str]
) -> bool:
    skip = False
    for number, word in enumerate(words):
        if skip:
            skip = False
            continue
        behind, lowered = words[number + 1] if number + 1 < len(words) else "", word.lower()
        if lowered == WARN_IF_REJECT and behind:
            skip = True
            continue
        if lowered == "permit":
            if behind:
                warn(f"restriction `{behind}' after `{word}' is ignored")
            return False
        if lowered in RELAY_GUARDS:
            return True
        if word in classes and word not in seen and _guards(classes[word], classes, warn, seen | {word}):
            return True
    return False
