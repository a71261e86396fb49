"""Random and mutated dialogues, and access tables: smtpd never fails, never loses its place, and always speaks SMTP."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmail.files.machine import Machine
from simmail.mail.answers import AnvilCounts, DnsAnswer, DnsRecord, PolicyAnswer
from simmail.mail.content import Content
from simmail.mail.driver import decide
from simmail.mail.questions import (
    Abandon,
    Anvil,
    Commit,
    Connect,
    Detach,
    Dns,
    FlushSite,
    Level,
    LookUps,
    NewQueueId,
    Note,
    Now,
    Policy,
    Sleep,
)  # fmt: skip
from simmail.mail.records import Record, line
from simmail.postfix.programs import PROGRAMS
from simmail.postfix.system import MailSystem
from simmail.smtp.commands import Chunk, Command, Data, Sent
from simmail.smtp.replies import Reply

MAIN_CF = """\
compatibility_level = 3.6
myhostname = mail.domain.ork
mydestination = domain.ork, mail.domain.ork
mynetworks = 192.168.0.0/16
local_recipient_maps = inline:{joe=1, ann=1}
smtpd_client_restrictions = check_client_access texthash:/etc/postfix/access
smtpd_helo_restrictions = check_helo_access texthash:/etc/postfix/access, reject_invalid_helo_hostname
smtpd_sender_restrictions = check_sender_access texthash:/etc/postfix/access, reject_unknown_sender_domain
smtpd_recipient_restrictions = check_recipient_access texthash:/etc/postfix/access, permit_mynetworks,
    reject_unauth_destination, reject_rbl_client bl.example
smtpd_data_restrictions = check_sender_access texthash:/etc/postfix/access, reject_unauth_pipelining
smtpd_authorized_xclient_hosts = 203.0.113.0/24
smtpd_authorized_xforward_hosts = 203.0.113.0/24
smtpd_restriction_classes = strict
strict = reject_non_fqdn_sender, warn_if_reject reject
smtpd_junk_command_limit = 5
smtpd_hard_error_limit = 8
"""
MASTER_CF = """\
smtp      inet  n - n - - smtpd
25        inet  n - n - 1 postscreen
smtpd     pass  - - n - - smtpd
dnsblog   unix  - - n - 0 dnsblog
cleanup   unix  n - n - 0 cleanup
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
"""
CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
LINE = re.compile(r"[2-5]\d\d[- ].*")

VERBS = ("HELO", "EHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "VRFY", "ETRN", "XCLIENT", "XFORWARD",
         "STARTTLS", "AUTH", "quit", "Subject:", "GET", "", "héllo")  # fmt: skip
ARGUMENTS = (
    "a.example", "[192.0.2.7]", "FROM:<ann@elsewhere.example>", "FROM:<>", "TO:<joe@domain.ork>",
    "TO:<nobody@domain.ork>", "TO:<x@far.example>",
    "FROM:<a@b> SIZE=10 BODY=8BITMIME RET=FULL ENVID=x", "TO:<joe@domain.ork> NOTIFY=NEVER",
    "7 LAST", "0", "NAME=[UNAVAILABLE] ADDR=198.51.100.7", "ADDR=1.2.3.4 IDENT=x", "joe", "domain.ork",
    "FROM:<ü@x> SMTPUTF8",
)  # fmt: skip
#: Any character of a line, octets that are no UTF-8 among them.
TYPED = st.characters(exclude_characters="\r\n", codec="utf-8") | st.characters(
    min_codepoint=0xDC80, max_codepoint=0xDCFF
)
WORDS = st.text(alphabet='aZ09 <>@[]():;,."\\%!=+-_#\t\u00fc\udcff', max_size=30)
COMMANDS = st.builds(
    Command, st.sampled_from(VERBS) | st.text(TYPED, max_size=6), st.none() | st.sampled_from(ARGUMENTS) | WORDS
)
SENT = COMMANDS | st.builds(Chunk, st.sampled_from(("5", "5 LAST", "0 LAST", "x")), st.text(TYPED, max_size=9))
#: A session that goes well, to be spoilt.
GOOD: tuple[Sent, ...] = (
    Command("EHLO", "a.example"), Command("MAIL", "FROM:<ann@elsewhere.example>"),
    Command("RCPT", "TO:<joe@domain.ork>"), Command("RCPT", "TO:<ann@domain.ork>"), Command("DATA"), Command("RSET"),
    Command("QUIT"),
)  # fmt: skip
DIALOGUES = st.lists(SENT, max_size=25) | st.builds(
    lambda where, what: [*GOOD[: where % 8], *what, *GOOD[where % 8 :]], st.integers(0, 7), st.lists(SENT, max_size=4)
)
ACTIONS = st.sampled_from(
    ("OK", "REJECT", "450 4.7.1 later", "DEFER_IF_PERMIT", "DEFER_IF_REJECT no", "HOLD", "DISCARD", "FILTER smtp:[x]",
     "PREPEND X: y", "REDIRECT a@b", "BCC a@b", "INFO i", "WARN", "strict", "reject_unknown_client_hostname",
     "554", "5xx", "check_helo_access hash:/x", "HANGUP", "sleep 1", "permit, reject", "DUNNO")
)  # fmt: skip
TABLES = st.dictionaries(
    st.sampled_from(("203.0.113.9", "a.example", "example", "elsewhere.example", "ann@elsewhere.example", "<>",
                     "joe@domain.ork", "joe@", "domain.ork", "198.51.100")),
    ACTIONS | st.text(alphabet="aEJ45. :,\t@", max_size=12), max_size=6,
)  # fmt: skip


class Client:
    """A client that holds a session with a program of a host, and checks whatever it hears."""

    def __init__(
        self, table: dict[str, str], port: int = 25, main_cf: str = MAIN_CF, early: tuple[Sent, ...] = ()
    ) -> None:
        machine = Machine("mail", ("192.0.2.10", "127.0.0.1"))
        machine.files.write("/etc/postfix/main.cf", main_cf)
        machine.files.write("/etc/postfix/master.cf", MASTER_CF)
        machine.files.write("/etc/postfix/access", "".join(f"{key} {value}\n" for key, value in table.items()))
        system = MailSystem(machine, PROGRAMS, lambda level, text: None)
        self.now, self.ids = 0.0, count(1)
        self.transaction = self.recipients = self.chunks = False
        program = system.program("smtp" if port == 25 else "25", "inet")
        self.session = program.session("203.0.113.9", Connect("192.0.2.10", 25, early=early))
        self.over, self.early = False, bool(early)
        self.answers: dict[type, Any] = {
            Note: self._note, Sleep: self._sleep, Now: lambda q: self.now, Level: lambda q: self.now,
            Dns: lambda q: self._dns(q.name), LookUps: lambda q: tuple((self._dns(n), 0.1) for n in q.names),
            Anvil: lambda q: AnvilCounts(1, 1), NewQueueId: lambda q: f"{next(self.ids):06X}", Detach: lambda q: None,
            Commit: lambda q: None, Abandon: lambda q: None, FlushSite: lambda q: None,
            Policy: lambda q: PolicyAnswer("action=DUNNO\n\n"),
        }  # fmt: skip

    def _note(self, note: Note) -> None:
        text = line(Record(self.now, "mail", note.program, note.event, note.queue_id, note.fields))
        assert text is None or not CONTROL.search(text)

    def _sleep(self, sleep: Sleep) -> None:
        self.now += sleep.seconds

    def _dns(self, name: str) -> DnsAnswer:
        status = ("nxdomain", "nodata", "servfail", "timeout", "ok")[len(name) % 5]
        return DnsAnswer(status, (DnsRecord(name, "A", "127.0.0.2"),) if status == "ok" else ())

    def hear(self, decision: Any) -> Reply | None:
        """A reply, which has to be one."""
        reply: Reply | None = decide(decision, self.answers)
        if reply is not None and reply.code:
            wire = reply.wire()
            assert all(map(LINE.fullmatch, wire)), wire
            assert wire[-1][3] == " ", wire
            assert not CONTROL.search("".join(wire)), wire
            assert Reply.parse("\n".join(wire[len(reply.teaser) :])) == reply._replace(closes=False, teaser=())
        if reply is not None and reply.closes:
            self.over = True
        return reply

    def say(self, sent: Sent, more: tuple[Sent, ...] = ()) -> None:
        """Say something; what is answered has to fit what was said before."""
        reply = self.hear(self.session.handle(sent, more))
        if reply is None or not reply.code or self.early:
            return  # who spoke too early hears the answers late
        verb = sent.verb.upper() if isinstance(sent, Command) else "BDAT"
        if verb == "MAIL" and reply.kind == 2:
            assert not self.transaction
            self.transaction = True
        elif verb == "RCPT" and reply.kind == 2:
            assert self.transaction
            assert not self.chunks
            self.recipients = True
        elif reply.kind == 3:
            assert verb == "DATA"
            assert self.recipients
            assert not self.chunks
            done = self.hear(self.session.handle(Data(Content(["Subject: x", "", "x"])), ()))
            assert done is not None
            self.transaction = self.recipients = False
        elif verb == "BDAT":
            last = isinstance(sent, Chunk) and sent.argument.endswith("LAST")
            assert reply.kind != 2 or self.recipients or last
            self.chunks = not last
        if verb in ("RSET", "HELO", "EHLO", "XCLIENT") and reply.kind == 2:
            self.transaction = self.recipients = self.chunks = False
        if verb == "BDAT" and not self.chunks:
            self.transaction = self.recipients = False


def hold(client: Client, dialogue: list[Sent], pipelined: bool) -> None:
    """Hold a session to its end."""
    client.hear(client.session.greet())
    for number, sent in enumerate(dialogue):
        if client.over:
            break
        client.say(sent, tuple(dialogue[number + 1 : number + 3]) if pipelined else ())
    if not client.over:
        decide(client.session.lost("lost connection"), client.answers)


def smtpd_survives(dialogue: list[Sent], table: dict[str, str], pipelined: bool) -> None:
    """What the tests below try."""
    hold(Client(table), dialogue, pipelined)


def postscreen_survives(dialogue: list[Sent], early: bool) -> None:
    """The same for the dialogue engine of postscreen."""
    main_cf = MAIN_CF + "postscreen_pipelining_enable = yes\npostscreen_non_smtp_command_enable = yes\n"
    main_cf += "postscreen_greet_action = enforce\npostscreen_dnsbl_sites = bl.example\n"
    hold(Client({}, 10025, main_cf, tuple(dialogue[:2]) if early else ()), dialogue, early)


@settings(max_examples=60)
@given(DIALOGUES, TABLES, st.booleans())
def test_any_dialogue(dialogue: list[Sent], table: dict[str, str], pipelined: bool) -> None:
    """Whatever a client says and a table holds: each reply is one, in its place, and the log is printable."""
    smtpd_survives(dialogue, table, pipelined)


@settings(max_examples=60)
@given(DIALOGUES, st.booleans())
def test_any_dialogue_with_postscreen(dialogue: list[Sent], early: bool) -> None:
    """Whatever a client says to postscreen, in its turn or before."""
    postscreen_survives(dialogue, early)


@pytest.mark.long
@settings(max_examples=5000)
@given(DIALOGUES, TABLES, st.booleans())
def test_many_dialogues(dialogue: list[Sent], table: dict[str, str], pipelined: bool) -> None:
    """The same with many more."""
    smtpd_survives(dialogue, table, pipelined)


@pytest.mark.long
@settings(max_examples=3000)
@given(DIALOGUES, st.booleans())
def test_many_dialogues_with_postscreen(dialogue: list[Sent], early: bool) -> None:
    """The same with many more."""
    postscreen_survives(dialogue, early)
