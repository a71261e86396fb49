"""The possible answers to a question that nobody can answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from simmail.mail.answers import TIMED_OUT, DnsAnswer, DnsRecord, PolicyAnswer
from simmail.mail.questions import Commit, Dns, Policy
from simmail.postfix.delivery import Dsn, Result, Status
from simmail.postfix.smtpd.dnsbl import DnsList
from simmail.postfix.smtpd.restrictions import Argument, Rule

#: Names that stand for those of a client about whom nothing is known: the first leads back to it.
OWN_NAME, OTHER_NAME = "name-of-client.example", "name-of-another.example"
#: An address that stands for any (RFC 2544).
SOME_ADDRESS, SOME_ADDRESS6 = "198.18.0.1", "2001:2::1"


class Choice(NamedTuple):
    """One possible answer, in words and as a value."""

    label: str
    answer: Any


NO_NAME = Choice("no such name", DnsAnswer("nxdomain"))
NO_RECORD = Choice("a name without such records", DnsAnswer("nodata"))
TROUBLE = Choice("no answer in time, or SERVFAIL", DnsAnswer("servfail"))

#: Answers that hold for all types of record of a name.
FOR_ALL_TYPES = (NO_NAME, TROUBLE)
#: What any other answer says of a name's other types: that there may be some.
EXISTS = Choice("it exists", None)


def choices(question: Commit | Dns | Policy, rule: Rule | None) -> list[Choice]:
    """The answers that a question may get, the likeliest first.

    Args:
        question: a look-up, a request to a policy server, or a probe of address verification.
        rule: which rule asks it; None for none.
    """
    if isinstance(question, Policy):
        return list(_POLICY)
    if isinstance(question, Commit):
        return list(_probes(question))
    listed = rule is not None and rule.restriction.argument is Argument.DNS_LIST
    if question.type == "PTR":
        return list(_names(question))
    if listed and question.type == "A":
        return list(_listings(question, rule))
    return list(_records(question))


def _probes(question: Commit) -> Iterator[Choice]:
    """What a probe may find; the value is what its agents report, nothing where none has."""
    for label, status, dsn in _PROBED:
        yield Choice(label, [Result(recipient, status, dsn) for recipient in question.message.recipients])
    yield Choice("it is still under way", [])


def _found(question: Dns, data: str) -> DnsAnswer:
    return DnsAnswer("ok", (DnsRecord(question.name, question.type, data, preference=10),), question.name)


def _names(question: Dns) -> Iterator[Choice]:
    yield Choice("no name", DnsAnswer("nxdomain"))
    yield Choice("a name that leads back to the address", _found(question, OWN_NAME))
    yield Choice("a name that does not lead back", _found(question, OTHER_NAME))
    yield TROUBLE


def _listings(question: Dns, rule: Rule | None) -> Iterator[Choice]:
    """Listed or not; where the restriction filters answers, also listed with an answer that does not count."""
    yield Choice("not listed", DnsAnswer("nxdomain"))
    wanted = rule.argument if rule is not None else None
    if isinstance(wanted, DnsList) and wanted.filter is not None:
        candidates = [f"127.0.{third}.{last}" for third in (0, 1) for last in range(2, 256)]
        fits = next((address for address in candidates if wanted.filter.matches(address)), None)
        if fits is not None:
            yield Choice(f"listed as {fits}", _found(question, fits))
        other = next(address for address in (*candidates, "127.1.1.1") if not wanted.filter.matches(address))
        yield Choice(f"listed as {other}", _found(question, other))
    else:
        yield Choice("listed", _found(question, "127.0.0.2"))
    yield TROUBLE


def _records(question: Dns) -> Iterator[Choice]:
    if question.type == "TXT":
        yield Choice("a text", _found(question, "(what the list says)"))
        return
    data = {"A": SOME_ADDRESS, "AAAA": SOME_ADDRESS6, "MX": f"mx.{question.name}", "NS": f"ns.{question.name}"}
    yield Choice("found", _found(question, data.get(question.type, question.name)))
    yield NO_RECORD
    yield NO_NAME
    yield TROUBLE
    if question.type == "MX":
        yield Choice("a null MX", _found(question, ""))


_PROBED = (
    ("the address takes mail", Status.DELIVERABLE, Dsn("2.1.5", "", "250 2.1.5 Ok")),
    ("there is no such address", Status.UNDELIVERABLE, Dsn("5.1.1", "", "(what its server says)")),
    ("its server cannot tell", Status.UNDELIVERABLE, Dsn("4.4.1", "", "(why it cannot be reached)")),
)
_POLICY = (
    Choice("DUNNO", PolicyAnswer("action=DUNNO\n\n")),
    Choice("OK", PolicyAnswer("action=OK\n\n")),
    Choice("REJECT", PolicyAnswer("action=REJECT\n\n")),
    Choice("DEFER_IF_PERMIT", PolicyAnswer("action=DEFER_IF_PERMIT\n\n")),
    Choice("no answer", PolicyAnswer(error=TIMED_OUT)),
)
