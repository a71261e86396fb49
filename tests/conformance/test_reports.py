"""Every notice that Postfix sends in the cases is a delivery status notification that other programs can read."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from email.message import Message as Parsed
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from simmail.conformance.player import play
from simmail.postfix.bounce_report import Report

CASES = sorted((Path(__file__).parent / "cases").rglob("*.yaml"))
#: Those in whose record a notice is to be seen, or a program says that it sent one.
TELLING = [
    path
    for path in CASES
    if re.search(r"multipart/report| notification: QID", path.with_suffix(".real.json").read_text(encoding="utf-8"))
]

ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}
#: What `sendmail -bv` reports beyond RFC 3464's actions.
PROBES = {"deliverable", "undeliverable"}
ORIGINALS = {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}


def typed(text: str) -> bool:
    """Whether a value is `type; text` (RFC 3464 section 2.1.2)."""
    return re.fullmatch(r"[A-Za-z0-9-]+;\s*\S[\s\S]*", text) is not None


def a_date(text: str) -> bool:
    """Whether a value is a date."""
    return parsedate_to_datetime(text).tzinfo is not None


def one_of(values: set[str]) -> Callable[[str], bool]:
    """Whether a value is one of these."""
    return lambda text: text in values


def a_status(text: str) -> bool:
    """Whether a value is an enhanced status code (RFC 3463)."""
    return re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", text) is not None


#: The fields of the message, and of a recipient: what each has to be, and whether it has to be there.
OF_MESSAGE: dict[str, tuple[Callable[[str], bool], bool]] = {
    "Reporting-MTA": (typed, True), "Original-Envelope-Id": (bool, False), "Arrival-Date": (a_date, False),
    "X-Postfix-Queue-ID": (bool, False), "X-Postfix-Sender": (typed, False),
}  # fmt: skip
OF_RECIPIENT: dict[str, tuple[Callable[[str], bool], bool]] = {
    "Final-Recipient": (typed, True), "Action": (one_of(ACTIONS | PROBES), True), "Status": (a_status, True),
    "Original-Recipient": (typed, False), "Remote-MTA": (typed, False), "Diagnostic-Code": (typed, False),
    "Will-Retry-Until": (a_date, False),
}  # fmt: skip


def check(block: Parsed, fields: dict[str, tuple[Callable[[str], bool], bool]]) -> None:
    """The block has the fields that it must have, none twice and none unknown, each with a value that fits."""
    assert not block.defects
    names = [re.sub(r"^X-.+-(Queue-ID|Sender)$", r"X-Postfix-\1", name) for name in block]
    assert len(names) == len(set(names)), names
    assert set(names) <= set(fields), names
    assert {name for name, (_, needed) in fields.items() if needed} <= set(names), names
    for name, value in zip(names, block.values(), strict=True):
        assert fields[name][0](str(value)), f"{name}: {value}"


def blocks(part: Parsed) -> list[Parsed]:
    """The blocks of a delivery status; Python's `email` knows those of message/delivery-status by itself."""
    payload = part.get_payload()
    if isinstance(payload, list) and part.get_content_type() == "message/delivery-status":
        return [block for block in payload if isinstance(block, Parsed)]
    text = part.as_string().partition("\n\n")[2].strip("\n")
    return [email.message_from_string(block, policy=email.policy.default) for block in text.split("\n\n")]


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The lines of each notice that is written."""
    written: list[list[str]] = []
    plain = Report.lines

    def lines(self: Report, *args: Any, **named: Any) -> list[str]:
        written.append(plain(self, *args, **named))
        return written[-1]

    monkeypatch.setattr(Report, "lines", lines)
    return written


@pytest.mark.parametrize("path", TELLING, ids=[f"{p.parent.name}/{p.stem}" for p in TELLING])
def test_every_notice_is_a_valid_report(path: Path, notices: list[list[str]]) -> None:
    """It is a multipart/report of words, a delivery status whose fields are RFC 3464's, and the message or its head."""
    assert "unplayed" not in play(path)

    assert notices
    for lines in notices:
        notice = email.message_from_string("\n".join(lines) + "\n", policy=email.policy.default)
        assert notice.get_content_type() == "multipart/report"
        assert notice.get_param("report-type") == "delivery-status"
        assert notice.is_multipart()
        assert not notice.defects
        words, status, original = notice.get_payload()
        assert isinstance(words, Parsed)
        assert isinstance(status, Parsed)
        assert isinstance(original, Parsed)
        assert words.get_content_type() == "text/plain"
        assert str(words.get_payload()).strip()
        assert status.get_content_type() in ("message/delivery-status", "message/global-delivery-status")
        assert original.get_content_type() in ORIGINALS
        of_message, *of_recipients = blocks(status)
        check(of_message, OF_MESSAGE)
        for block in of_recipients:
            check(block, OF_RECIPIENT)
            assert f"<{str(block['Final-Recipient']).partition(';')[2].strip()}>" in str(words.get_payload())


def test_all_kinds_of_failure_are_told() -> None:
    """Among the cases are notices of failure, delay and success, at every stage of a conversation."""
    records = "".join(path.with_suffix(".real.json").read_text(encoding="utf-8") for path in TELLING)
    text = re.sub(r"\\n +", " ", records)
    causes = ("refused to talk to me", "loops back to myself", "User has moved to", "unknown user", "Host not found")
    stages = ("MAIL FROM command", "RCPT TO command", "DATA command", "end of DATA command")
    for word in (*ACTIONS - {"relayed"}, *PROBES):
        assert f"Action: {word}" in text, word
    for words in (*causes, *stages):
        assert words in text, words
