"""NAME
    cidr - tables of networks

DESCRIPTION
    `cidr:/file` holds rules `pattern result`, read in order when a program starts; the first whose network holds the
    address decides.  `!` before a pattern turns it round within its family; `if pattern` ... `endif` makes the rules
    between them count for that network only.  A rule with a mistake is skipped.

DIAGNOSTICS
    cidr map /etc/postfix/nets.cidr, line 1: non-null host address bits in "192.168.0.1/16", perhaps you should use
    "192.168.0.0/16" instead: skipping this rule

SEE ALSO
    cidr_table(5)
"""

from __future__ import annotations

import re
from typing import NamedTuple

from simmail.mail.errors import Fatal, Location
from simmail.postfix.maincf import logical_lines
from simmail.postfix.tables.base64files import BadFile, encoded_files
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.networks import Address, BadNetwork, Network, parse_address
from simmail.postfix.tables.rules import CONDITION, NoRules, read_rules
from simmail.postfix.tables.split import SPACE
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import Table, TableEnvironment

_PATTERN = re.compile(rf"!*[{SPACE}]*[^{SPACE}]*")
_NEVER = 1 << 30


class Rule(NamedTuple):
    """One rule.

    Args:
        network: what it matches.
        value: its answer; None for `if`.
        line: where it begins.
        end: for `if`, the number of the first rule behind its block.
    """

    network: Network
    value: str | None
    line: int
    end: int = 0


class BadRule(ValueError):
    """A rule to be skipped, and why."""


class Cidr(Table):
    """A table of networks."""

    pattern = True

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, rules: list[Rule], flags: DictFlag = USUAL
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.rules = rules
        self.known: dict[str, Rule | None] = {}

    def find(self, key: str) -> str | None:
        """The answer for an address; None for what is no address."""
        rule = self.known.get(key)
        if rule is None:
            if key in self.known:
                return None
            if not key.isascii() and self.folded(key) is None:
                return None
            rule = self._rule(key)
            if len(self.known) > 50_000:
                self.known.clear()
            self.known[key] = rule
            if rule is None:
                return None
        assert rule.value is not None
        return rule.value if rule.value.isascii() else self.checked(key, rule.value)

    def _rule(self, key: str) -> Rule | None:
        address = parse_address(key)
        return None if address is None else self._first(address)

    def _first(self, address: Address) -> Rule | None:
        number = 0
        while number < len(self.rules):
            rule = self.rules[number]
            if rule.network.matches(address):
                if rule.value is not None:
                    return rule
            elif rule.value is None:
                number = rule.end
                continue
            number += 1
        return None

    def where(self, key: str) -> Location:
        """The rule's line."""
        rule = self.known.get(key)
        return Location(self.name, rule.line if rule else 0)


def open_cidr(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `cidr:/file` or `cidr:{{rule}, {rule}}`."""
    try:
        text = read_rules("cidr", name, environment)
    except NoRules as reason:
        if reason.directory:
            raise Fatal(f"cidr map {name}: read error: Is a directory") from None
        return Unavailable(type, name, environment, str(reason), flags)
    rules: list[Rule] = []
    blocks: list[int] = []
    for line in logical_lines(text, name, environment.warn):
        try:
            rule = _parse(line.text.rstrip(SPACE), line.first, blocks, rules, environment, flags)
        except (BadRule, BadNetwork, BadFile) as reason:
            environment.warn("warning", f"cidr map {name}, line {line.first}: {reason}: skipping this rule")
            continue
        if rule is not None:
            rules.append(rule)
    for number in reversed(blocks):
        environment.warn("warning", f"cidr map {name}, line {rules[number].line}: IF has no matching ENDIF")
        rules[number] = rules[number]._replace(end=_NEVER)
    return Cidr(type, name, environment, rules, flags)


def _parse(
    text: str, line: int, blocks: list[int], rules: list[Rule], environment: TableEnvironment, flags: DictFlag
) -> Rule | None:
    """One line: the rule to add, or None for an `endif`, which closes the block that `blocks` has last."""
    word = CONDITION.match(text)
    if word is None:
        match = _PATTERN.match(text)
        assert match is not None
        pattern, value = match.group(), text[match.end() :].strip(SPACE)
        network = Network.parse(pattern)
        if not value:
            raise BadRule("no lookup result")
        if DictFlag.SRC_RHS_IS_FILE in flags:
            value = encoded_files(value, environment)
        return Rule(network, value, line)
    rest = text[word.end() :].strip(SPACE)
    if word.group().lower() == "if":
        rule = Rule(Network.parse(rest), None, line)
        if DictFlag.SRC_RHS_IS_FILE in flags:  # asked for the files of rules that have none
            encoded_files("", environment)
        blocks.append(len(rules))
        return rule
    if rest:
        raise BadRule("garbage after ENDIF")
    if not blocks:
        raise BadRule("ENDIF without IF")
    number = blocks.pop()
    rules[number] = rules[number]._replace(end=len(rules))
    return None
