"""What happened while a server made up its mind: list by list, rule by rule, question by question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simmail.postfix.smtpd.check import Verdict
from simmail.postfix.smtpd.findings import Finding, Reason, Subject
from simmail.postfix.smtpd.listening import Listener
from simmail.postfix.smtpd.restrictions import Rule
from simmail.postfix.tables.table import Table


def refusal(finding: Finding) -> str:
    """A refusal as it was meant, before soft_bounce and the like."""
    return f"{finding.code} {finding.code // 100}{finding.dsn[1:]} {finding.text}"


@dataclass(slots=True)
class Asked:
    """A question and its answer.

    Args:
        question: in words, `DNS: A of mail.example`.
        answer: in words.
        place: the line of the file that answered; "" where none did.
        open: whether nobody could answer, so that the answer is one of several possible ones.
    """

    question: str
    answer: str
    place: str = ""
    open: bool = False


@dataclass(slots=True)
class RuleHeard:
    """A rule that was asked.

    Args:
        rule: it.
        reason: its parameter, place and words.
        asked: what it asked.
        warnings: what the log would have said meanwhile.
        finding: what it found; None for undecided.
        verdict: what the list had come to after it; None where it was not told.
        nested: the lists that were heard in its place.
    """

    rule: Rule
    reason: Reason
    asked: list[Asked] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    finding: Finding | None = None
    verdict: Verdict | None = None
    nested: list[ListHeard] = field(default_factory=list)


@dataclass(slots=True)
class ListHeard:
    """A list that was heard.

    Args:
        parameter: its name, or a restriction class's.
        subject: what it was about.
        stage: the command at which it was heard.
        all: its rules.
        rules: those that were asked.
    """

    parameter: str
    subject: Subject
    stage: str
    all: tuple[Rule, ...]
    rules: list[RuleHeard] = field(default_factory=list)

    @property
    def unreached(self) -> tuple[Rule, ...]:
        """Its rules that were not asked."""
        return self.all[len(self.rules) :]


@dataclass(slots=True)
class Check:
    """A check that stands in no list: whether an address exists, what a line of the content holds.

    Args:
        reason: its parameter, place and value.
        verdict: in words.
        refuses: whether it refuses the mail.
        asked: what it asked.
    """

    reason: Reason
    verdict: str
    refuses: bool
    asked: list[Asked]


class Trace(Listener):
    """Writes down what it hears.

    Args:
        stage: tells the command that the session is at.
        name: how the user knows a file of the host.

    Attributes:
        heard: lists and checks, in order; lists inside of others hang on their rules.
        before: what was asked outside of any rule.
    """

    def __init__(self, stage: Callable[[], str], name: Callable[[str], str]) -> None:
        self.stage, self.name = stage, name
        self.heard: list[ListHeard | Check] = []
        self.before: list[Asked] = []
        self.warnings: list[str] = []
        self._frames: list[ListHeard] = []
        self._loose: list[Asked] = []

    @property
    def rule(self) -> RuleHeard | None:
        """The rule that is being asked; None outside of any."""
        frame = self._frames[-1] if self._frames else None
        return frame.rules[-1] if frame is not None and frame.rules and frame.rules[-1].verdict is None else None

    def lists(self) -> list[ListHeard]:
        """The lists that were heard, those inside of others left out."""
        return [item for item in self.heard if isinstance(item, ListHeard)]

    # ---- what the checker tells

    def enter(self, rules: tuple[Rule, ...], subject: Subject, depth: int) -> None:
        """A list is heard."""
        inside = self._frames[depth - 2].rules[-1] if depth > 1 else None
        del self._frames[depth - 1 :]
        heard = ListHeard(rules[0].parameter if rules else "", subject, self.stage(), rules)
        if inside is None:
            self.heard.append(heard)
        else:
            inside.nested.append(heard)
        self._frames.append(heard)

    def ask(self, rule: Rule) -> None:
        """A rule is asked."""
        self._frames[-1].rules.append(RuleHeard(rule, rule.reason))

    def found(self, rule: Rule, finding: Finding | None, verdict: Verdict) -> None:
        """A rule has found something, or nothing."""
        while self._frames[-1].rules[-1].rule is not rule:
            self._frames.pop()
        heard = self._frames[-1].rules[-1]
        heard.finding, heard.verdict = finding, verdict
        if len(self._frames) == 1 and (verdict is not Verdict.UNDECIDED or not self._frames[0].unreached):
            self._frames.clear()

    def checked(self, reason: Reason, finding: Finding | None) -> None:
        """A check outside of the lists."""
        self._frames.clear()
        said = f"refuses: {refusal(finding)}" if finding is not None else "nothing to object"
        self.heard.append(Check(reason, said, finding is not None, self._loose))
        self._loose = []

    def content(self, reason: Reason, line: str, action: str, refuses: bool) -> None:
        """A line of the content matched a table of header_checks and its kin."""
        self._frames.clear()
        self.heard.append(Check(reason, action, refuses, [Asked("line", line)]))

    # ---- what questions were asked

    def asked(self, asked: Asked) -> None:
        """A question was asked and answered."""
        rule = self.rule
        if rule is not None:
            if asked not in rule.asked:
                rule.asked.append(asked)
        elif self.heard:
            self._loose.append(asked)
        else:
            self.before.append(asked)

    def table(self, table: Table, key: str, value: str | None) -> None:
        """A table was asked."""
        rule = self.rule
        if rule is None and not self.heard:
            return
        place = "" if value is None else self.place(table.where(key))
        answer = "nothing" if value is None else value
        self.asked(Asked(f"table {table.spec}: {key}", answer, place))

    def warned(self, text: str) -> None:
        """Something was said to the log; what was said a moment ago is not told again."""
        rule = self.rule
        said = self.warnings if rule is None else rule.warnings
        if text not in said[-2:]:
            said.append(text)

    def place(self, where: Any) -> str:
        """A place as the user knows it; "" for none."""
        file, _, line = str(where).rpartition(":")
        if not file or not line.isdigit():
            return ""
        return f"{self.name(file)}:{line}"
