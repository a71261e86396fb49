"""Delivered mail that is kept elsewhere reads as if it were at hand."""

from __future__ import annotations

from simmail.files.machine import Machine
from simmail.files.mailbox import deposit
from simmail.mail.content import Content
from simmail.mail.message import Message
from simmail.mail.questions import Deposit
from simmail.world.spill import Texts


def filled(machine: Machine) -> str:
    """The mailbox after two deliveries, an administrator's own line, and a third."""
    for number, line in enumerate(("From here", "na\u00efve \udcff", "last")):
        message = Message(f"Q{number}", 0.0, "", [], Content(("Subject: x", "", line)))
        question = Deposit("/var/mail/ann", message, ("From a@b  Mon", "Return-Path: <a@b>"), "ann", 10_000)
        assert deposit(machine.files, question, 1.0, 1.0, "mail") == ""
        if number == 1:
            machine.files.write("/var/mail/ann", machine.files.read("/var/mail/ann") + "# a line\n", owner="ann")
    return machine.files.read("/var/mail/ann")


def test_a_mailbox_reads_the_same_wherever_its_mail_is_kept() -> None:
    """What a store keeps of a mailbox is what memory would keep, whatever was written in between."""
    near, far = Machine("a"), Machine("b")
    far.files.store = Texts()
    assert filled(near) == filled(far)
    assert "\n>From here\n" in filled(near)
