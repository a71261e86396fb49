"""What smtpd remembers of addresses, rules and lists makes no difference to what it says and asks."""

from __future__ import annotations

from itertools import count, product
from typing import Any

import pytest

from simmail.files.machine import Machine
from simmail.mail.answers import AnvilCounts, DnsAnswer, DnsRecord
from simmail.mail.driver import decide
from simmail.mail.questions import Abandon, Anvil, Connect, Dns, NewQueueId, Note, Now, Question, Sleep
from simmail.postfix.programs import PROGRAMS
from simmail.postfix.system import MailSystem
from simmail.smtp.commands import Command

MAIN_CF = """\
compatibility_level = 3.6
smtpd_junk_command_limit = 1000
myhostname = mail.domain.ork
mydestination = domain.ork, mail.domain.ork
mynetworks = 192.168.0.0/16
alias_maps =
local_recipient_maps = inline:{joe=1, ann=1}
recipient_delimiter = +
notify_classes =
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
smtpd_client_restrictions = check_client_access inline:{192.0.2.7=permit_mynetworks}, reject_rbl_client bl.example
smtpd_sender_restrictions = check_sender_access inline:{far.example=DUNNO, {x@far.example=reject_non_fqdn_sender}},
    reject_non_fqdn_sender, reject_unknown_sender_domain
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination
smtpd_recipient_restrictions = reject_non_fqdn_recipient, warn_if_reject reject_unknown_recipient_domain,
    reject_unlisted_sender, permit_auth_destination, permit_mynetworks, reject
"""
#: What may stand in main.cf as well.
MORE = (
    "", "compatibility_level = 0", "transport_maps = inline:{{joe@far.example=error:5.1.1 no}}",
    "relocated_maps = inline:{joe=there}", "sender_dependent_relayhost_maps = inline:{{joe@domain.ork=[y]}}",
    "sender_dependent_default_transport_maps = inline:{{joe@far.example=error:5.1.1 no}}",
    "relay_domains = domain.ork, relay.example", "smtpd_reject_unlisted_sender = yes", "smtpd_delay_reject = no",
    "relay_domains = relay.example\nrelay_recipient_maps = inline:{{joe@relay.example=1}}",
    "virtual_alias_domains = relay.example\nvirtual_alias_maps = inline:{{joe@relay.example=joe}}",
    "virtual_alias_maps = inline:{{joe@far.example=joe}}", "mydestination = hash:/etc/missing, domain.ork",
    "relay_domains = relay.example\nrelay_transport = error:5.1.2 gone", "mynetworks = 192.168.1.1/16",
    "strict_rfc821_envelopes = yes", "append_at_myorigin = no", "local_recipient_maps =",
    "smtpd_relay_restrictions = reject_unauth_destination", "default_transport = randmap:{error:x, smtp:y}",
    "local_header_rewrite_clients = inline:{192.168.0.5=x}, permit_mynetworks, hash:/etc/missing",
)  # fmt: skip
PLAIN = [f"{local}@{domain}" for domain in ("domain.ork", "Far.example", "far.example", "relay.example", "dot",
         "192.0.2.1", "no-such.example") for local in ("ann", "joe", "X")]  # fmt: skip
ADDRESSES = [*PLAIN, "", "joe", "@far.example", '"a b"@far.example', "x%y@domain.ork", "-x@far.example", "joe+x@dot"]


#: One writes to all, and all write to one.
COMMANDS = (
    Command("EHLO", "a.example"), Command("MAIL", "FROM:<ann@domain.ork>"),
    *(Command("RCPT", f"TO:<{address}>") for address in ADDRESSES),
    *(command for address in ADDRESSES for command in (
        Command("RSET"), Command("MAIL", f"FROM:<{address}>"), Command("RCPT", "TO:<ann@domain.ork>"),
        Command("VRFY", address),
    )),
    Command("QUIT"),
)  # fmt: skip


def dns(question: Dns) -> DnsAnswer:
    """Some names are there, some are not, and some nobody can tell of."""
    status = ("nxdomain", "ok", "servfail", "ok")[len(question.name) % 4]
    records = (DnsRecord(question.name, question.type, "192.0.2.9"),) if status == "ok" else ()
    return DnsAnswer(status, records)


def said_and_asked(more: str, remember: bool) -> list[object]:
    """All replies and questions of some sessions, in order."""
    machine = Machine("mail", ("192.0.2.10", "127.0.0.1"))
    machine.files.write("/etc/postfix/main.cf", f"{MAIN_CF}{more}\n")
    machine.files.write(
        "/etc/postfix/master.cf", "smtp inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\n"
        "rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\n",
    )  # fmt: skip
    system = MailSystem(machine, PROGRAMS, lambda level, text: None, remember)
    program, ids, out = system.program("smtp", "inet"), count(1), list[object]()

    def answered(answer: Any) -> Any:
        def note(question: Question) -> Any:
            out.append(repr(question))
            return answer(question)

        return note

    answers = {
        kind: answered(answer)
        for kind, answer in {
            Note: lambda q: None, Sleep: lambda q: None, Now: lambda q: 0.0, Dns: dns,
            Anvil: lambda q: AnvilCounts(1, 1), NewQueueId: lambda q: f"{next(ids):06X}", Abandon: lambda q: None,
        }.items()
    }  # fmt: skip
    for again, client in product((False, True), ("192.168.0.5", "203.0.113.9", "192.0.2.7")):
        session = program.session(client, Connect("192.0.2.10", 25))
        decide(session.greet(), answers)
        for number, command in enumerate(COMMANDS):
            out.append(decide(session.handle(command), answers))
            if again and number == len(ADDRESSES) // 2:  # in the middle of a transaction addresses lead elsewhere
                machine.files.write("/etc/postfix/main.cf", f"{MAIN_CF}relocated_maps = inline:{{X@far.example=x}}\n")
                system.replace_rewriter()
    return out


@pytest.mark.parametrize("more", MORE)
def test_a_remembered_envelope_is_a_fresh_one(more: str) -> None:
    """Whoever writes to whom, and whatever stands in main.cf: the same replies, log and questions in the same order."""
    assert said_and_asked(more, True) == said_and_asked(more, False)
