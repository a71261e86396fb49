"""Small messages that go before big ones: who, when, and at what price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmail.mail.content import Content
from simmail.mail.message import Message
from simmail.postfix.delivery import Dsn, Status
from simmail.postfix.qmgr.entry import Flush, Job
from simmail.postfix.qmgr.feedback import Feedback
from simmail.postfix.qmgr.part import Part, Price
from simmail.postfix.qmgr.transport import Limits, Transport
from tests.postfix.bench import MASTER_CF, Bench

DOWN = Dsn("4.4.1", "", "connect to mx.example[198.51.100.5]:25: Connection refused")
ONE_BY_ONE = "qmgr_clog_warn_time=0\nsmtp_destination_concurrency_limit=1\nsmtp_destination_recipient_limit=2\n"


def order(settings: str, *sizes: int, master_cf: str = "", sites: int = 1) -> str:
    """The order of tries to one site, a letter for each message: A has the first number of tries, B the second, ...

    Args:
        settings: main.cf.
        sizes: how many tries there are of each message.
        master_cf: the services.
        sites: over how many sites the recipients are spread.
    """
    made = Bench(ONE_BY_ONE + settings, master_cf=master_cf)
    made.agents["smtp"] = lambda request, now: (0.1, Status.SENT, None)
    made.start()
    for number, size in enumerate(sizes):
        letter = chr(ord("A") + number)
        made.send("", *[f"{letter}{i}@{i // 2 % sites}.example" for i in range(2 * size)])
    made.run(600)
    return "".join(recipients[0][0] for _, _, _, recipients in made.tries)


@pytest.mark.parametrize(
    ("settings", "sizes", "expected"),
    [
        ("", (20, 1, 1), "AB AAAAA C AAAAAAAAAAAAAA"),
        ("", (14, 1, 1), "AAAAAAAAAAAAAA B C"),
        ("", (15, 1, 1), "AB AAAAA C AAAAAAAAA"),
        ("", (30, 1, 3, 2), "AB AAAAA DD AAAAAAAAAA CCC AAAAAAAAAAAAAA"),
        ("", (30, 4), "A BBBB AAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("", (40, 7), "AAAAA BBBBBBB AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("", (30, 7), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA BBBBBBB"),
        ("smtp_delivery_slot_cost=1\n", (20, 1), "AAAAAAAAAAAAAAAAAAAA B"),
        ("default_delivery_slot_cost=0\n", (20, 1), "AAAAAAAAAAAAAAAAAAAA B"),
        ("smtp_delivery_slot_cost=3\n", (12, 1, 1), "AB AAA C AAAAAAAA"),
        ("smtp_delivery_slot_loan=0\n", (20, 1), "AAAAA B AAAAAAAAAAAAAAA"),
        ("smtp_delivery_slot_loan=0\nsmtp_delivery_slot_discount=0\n", (20, 2), "AAAAAAAAAA BB AAAAAAAAAA"),
        ("smtp_minimum_delivery_slots=5\n", (24, 1), "AAAAAAAAAAAAAAAAAAAAAAAA B"),
        ("smtp_minimum_delivery_slots=5\n", (25, 1), "AB AAAAAAAAAAAAAAAAAAAAAAAA"),
    ],
)
def test_who_goes_before_whom(settings: str, sizes: tuple[int, ...], expected: str) -> None:
    """The order of tries, with what they cost; the numbers are those of delivery slots (SCHEDULER_README)."""
    assert order(settings, *sizes) == expected.replace(" ", "")


def test_one_that_overtook_is_overtaken() -> None:
    """At a cost of 2 a message of eight tries goes before one of forty, and lets those first that come meanwhile."""
    made = Bench(ONE_BY_ONE + "default_delivery_slot_cost=2\n")
    made.agents["smtp"] = lambda request, now: (1.0, Status.SENT, None)
    made.start()
    for letter, tries in (("A", 40), ("B", 8)):
        made.send("", *[f"{letter}{number}@0.example" for number in range(2 * tries)])
    made.run(3.5)
    for letter in "CDE":
        made.send("", f"{letter}@0.example")
    made.run(600)
    found = "".join(recipients[0][0] for _, _, _, recipients in made.tries)
    assert found == "AABB" + "C" + "BD" + "BBE" + "BBB" + "A" * 38


def test_all_is_delivered_whoever_goes_first() -> None:
    """Each try is made once, whatever the sizes, over several sites and with few processes."""
    sizes = (40, 1, 7, 16, 2, 1, 30, 3, 1, 1, 18)
    master_cf = MASTER_CF.replace("smtp      unix  - - n - -", "smtp      unix  - - n - 2")
    for cost in (2, 3, 5):
        found = order(f"default_delivery_slot_cost={cost}\n", *sizes, master_cf=master_cf, sites=3)
        assert [found.count(chr(ord("A") + number)) for number in range(len(sizes))] == list(sizes)


def test_what_a_dead_site_leaves() -> None:
    """A site that is found dead in the middle takes the rest of a big message and the small ones with it."""
    made = Bench(ONE_BY_ONE)
    tries: list[str] = []

    def agent(request: object, now: float) -> tuple[float, Status, Dsn | None]:
        tries.append("")
        return (0.1, Status.DEFERRED, DOWN) if len(tries) == 4 else (0.1, Status.SENT, None)

    made.agents["smtp"] = agent
    made.start()
    made.send("", *[f"a{number}@0.example" for number in range(40)])
    made.send("", "b@0.example")
    made.send("", "c@0.example")
    made.run(60)
    assert len(tries) == 4
    suspended = [line for line in made.lines("error") if "delivery temporarily suspended" in line]
    assert len(suspended) == 40 - 2 * 3 + 1
    assert not made.spool.active
    made.run(4000)
    assert not made.spool.deferred


NO_LIMITS = Limits(5, 20, 50, Feedback(), Feedback(), 1, 0.0, 0.0, 100, Price(), 20000)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=80))
def test_parts_stand_in_the_order_of_their_messages(steps: list[tuple[int, bool]]) -> None:
    """In whatever order parts come into line and leave it, those of older messages stand before those of newer ones."""
    transport = Transport("smtp", NO_LIMITS)
    line: list[Part] = []
    for number, leaves in steps:
        if leaves and line:
            transport._take_out(line.pop(number % len(line)))
        else:
            message = Message(f"{number}", 0.0, "", [], Content(()), 0)
            line.append(transport.part(Job(message, number, 0.0, Flush.NONE)))
            line.sort(key=lambda part: part.rank)  # of one message, whose part came first
        found, part = [], transport._last
        while part is not None:
            found.append(part)
            part = part.before
        assert found == line[::-1]
