"""What cleanup(8) makes of a message by a glance at its header is what it makes of it line by line."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmail.mail.content import Content
from simmail.mail.driver import decide
from simmail.mail.message import Message, Recipient
from simmail.mail.questions import Commit
from simmail.postfix.cleanup_status import EXTERNAL, CleanupFlag
from simmail.postfix.memo import Memo
from tests.postfix.bench import Bench

RECEIVED = ("Received: from pc (unknown [192.0.2.1])", "\tby mail.domain.ork (Postfix) with ESMTP id Q1;", "\tnow")
CHECKS = {
    "/etc/postfix/header_checks": "/^Subject: +free/ REJECT\n/^X-Old:/ IGNORE\n/^X-New: (.*)/ REPLACE Subject: $1\n"
    "/^To: list/ PREPEND X-List: yes\n",
    "/etc/postfix/body_checks": "/^bad.word$/ REJECT\n/^secret (.*)/ REPLACE public $1\n",
    "/etc/postfix/mime_header_checks": '/name="x\\.exe"/ REJECT\n',
}
CHECKED = (
    "header_checks = pcre:/etc/postfix/header_checks\nbody_checks = pcre:/etc/postfix/body_checks\n"
    "mime_header_checks = pcre:/etc/postfix/mime_header_checks\n"
)
CONFIGURATIONS = [
    "",
    CHECKED,
    "message_drop_headers = bcc, x-old, subject\ndetect_8bit_encoding_header = yes\nhopcount_limit = 2\n",
    "header_size_limit = 120\nalways_add_missing_headers = yes\nundisclosed_recipients_header = To: nobody:;\n",
    "strict_8bitmime = yes\nstrict_mime_encoding_domain = yes\nremote_header_rewrite_domain = far.example\n",
    "disable_mime_input_processing = yes\nmasquerade_domains = domain.ork\n" + CHECKED,
    "strict_7bit_headers = yes\nline_length_limit = 512\n",
]
HEADERS = st.sampled_from(
    (
        "From: Joe <joe@pc.domain.ork>", "from:joe", "To: ann@x.example", "To : ann", "To: list", "Cc:", "Bcc: hidden",
        "Subject: hello", "Subject: free beer", "Subject: grün", "X-Old: 1", "X-New: 2", "X-Own : 3", "X-Own: \udcff",
        "Date: now", "Message-ID: <1@x>", "Message-ID:", "Received: from a", "Return-Path: <x>", "Content-Length: 3",
        "Resent-From: r@x.example", "Resent-Message-Id: <2@x>", "MIME-Version: 1.0", "Content-Type: text/plain",
        "Content-Type: multipart/mixed; boundary=b", "Content-Type: message/rfc822", "Content-Type:",
        "Content-Type: x/y",
        "Content-Transfer-Encoding: 8bit", 'Content-Type: text/plain; name="x.exe"', "X-Long: " + "word " * 12,
        "Content-Type: text/plain;", "X-Longer: " + "a" * 2100,
    )
)  # fmt: skip
OTHERS = st.sampled_from(
    (
        "", " more", "\tname=\"x.exe\"", "\x01: x", "no header", "To whom: it may", ": nothing", "--b", "--b--",
        "bad word",
        "secret plan", ".", "From x", "příliš", " \udce9: ", "w" * 600, "z" * 5000,
    )
)  # fmt: skip
MESSAGES = st.tuples(
    st.lists(HEADERS | HEADERS | HEADERS | OTHERS, max_size=9), st.lists(OTHERS | HEADERS, max_size=6)
).map(lambda parts: (*parts[0], "", *parts[1]))


@cache
def bench(main_cf: str, closely: bool) -> Bench:
    """A Postfix of that configuration; `closely`: its cleanup(8) looks at each line, and remembers nothing."""
    made = Bench(main_cf, files=CHECKS)
    if closely:
        made.system.memo = Memo(enabled=False)
        made.system.program("cleanup").rules.longest = -1
    return made


def cleaned(main_cf: str, closely: bool, lines: tuple[str, ...], context: str, flags: CleanupFlag) -> list[Any]:
    """All that comes of a message."""
    made = bench(main_cf, closely)
    made.log.clear()
    transaction = made.system.program("cleanup").open(Message(sender="joe@domain.ork"), context, flags)
    transaction.message.queue_id = "Q1"
    transaction.recipient(Recipient("ann@x.example"))
    outcome = decide(transaction.finish(Content(lines), RECEIVED), {**made.answers, Commit: lambda question: ""})
    message = transaction.message
    content = message.content
    return [outcome, made.lines(), content.lines, message.size, message.encoding, message.smtputf8, content.size]


@pytest.mark.parametrize("main_cf", CONFIGURATIONS)
@given(MESSAGES, st.sampled_from(("local", "remote")), st.sampled_from((EXTERNAL, EXTERNAL | CleanupFlag.AUTO_UTF8)))
@settings(max_examples=60)
def test_a_glance_at_a_header_finds_what_a_look_at_each_line_does(
    main_cf: str, lines: tuple[str, ...], context: str, flags: CleanupFlag
) -> None:
    """Headers that cleanup lets pass unread, and messages that no check can have an answer to, come out the same."""
    found = [cleaned(main_cf, closely, lines, context, flags) for closely in (False, True)]
    assert found[0] == found[1]


@given(
    st.lists(st.text("aü\udcff: ", max_size=150), max_size=5), st.lists(st.text("aü\udcff: \t", max_size=9), max_size=3)
)
def test_what_is_known_of_content_under_other_lines(lines: list[str], head: list[str]) -> None:
    """Lines put before a content add to what is known of it."""
    whole = Content(lines).under(tuple(head))
    fresh = Content((*head, *lines))
    assert whole == fresh
    assert [whole.size, whole.longest, whole.ascii, whole.stored, whole.outline] == [
        fresh.size, fresh.longest, fresh.ascii, fresh.stored, fresh.outline,
    ]  # fmt: skip
    octets = [len(line.encode("utf-8", "surrogateescape")) for line in (*head, *lines)]
    assert (whole.size, whole.longest) == (sum(octets) + len(octets), max(octets, default=0))


def test_content_from_disk_is_read_once_to_be_sent() -> None:
    """The lines of a message that has waited are read from the store when it is sent, and then stay at hand."""
    texts: list[str] = []
    read: list[int] = []

    class Store:
        def keep(self, text: str) -> int:
            texts.append(text)
            return len(texts) - 1

        def read(self, number: int) -> str:
            read.append(number)
            return texts[number]

    content = Content(("Subject: hello", "", "hello"))
    content.put_away(Store())
    sent = content.at_hand()
    assert (sent.lines, sent.size, sent.at_hand()) == (("Subject: hello", "", "hello"), content.size, sent)
    assert read == [0]
