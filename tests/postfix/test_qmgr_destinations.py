"""Destinations and transports: concurrency, feedback, dead sites, delays, process limits, turns."""

from __future__ import annotations

import pytest

from simmail.postfix.delivery import Dsn, Request, Status
from simmail.postfix.qmgr.feedback import Divisor, Feedback
from simmail.postfix.qmgr.verp import verp_sender
from tests.postfix.bench import MASTER_CF, Bench, Outcome, Script

DOWN = Dsn("4.4.1", "", "connect to mx.example[198.51.100.5]:25: Connection refused")

ONE = "smtp_destination_concurrency_limit=1\n"


def bench(main_cf: str, agent: Script, master_cf: str = "") -> Bench:
    """A started Postfix whose smtp transport follows a script; nobody complains of a clogged queue."""
    made = Bench("qmgr_clog_warn_time=0\n" + main_cf, master_cf=master_cf)
    made.agents["smtp"] = agent
    return made.start()


def constant(seconds: float, status: Status, hop: Dsn | None = None) -> Script:
    """An agent that ends every request the same way."""
    return lambda request, now: (seconds, status, hop)


def started(made: Bench, transport: str = "smtp") -> list[float]:
    """When requests were handed to a transport."""
    return [when for when, name, _, _ in made.tries if name == transport]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Feedback(1.0)),
        ("0.5", Feedback(0.5)),
        ("1/8", Feedback(0.125)),
        ("1/concurrency", Feedback(1.0, Divisor.CONCURRENCY)),
        ("1 / sqrt_concurrency", Feedback(1.0, Divisor.SQUARE_ROOT)),
        ("2", None),
        ("-1", None),
        ("2/4", None),
        ("1/nothing", None),
        ("often", None),
    ],
)
def test_feedback_forms(text: str, expected: Feedback | None) -> None:
    """A feedback is a number from 0 to 1, perhaps divided by a number, the concurrency or its root."""
    assert Feedback.parse(text) == expected


def test_feedback_values() -> None:
    """The divisor is the concurrency at the time, or its square root."""
    assert Feedback(1.0, Divisor.CONCURRENCY).at(4) == 0.25
    assert Feedback(1.0, Divisor.SQUARE_ROOT).at(4) == 0.5
    assert Feedback(0.5).at(4) == 0.5


def test_bad_feedback_is_named() -> None:
    """A feedback out of bounds is ignored with a warning, the default taken."""
    made = bench("smtp_destination_concurrency_positive_feedback = 7\n", constant(0.1, Status.SENT))
    made.send("", "joe@a.example")
    assert [line for line in made.lines("qmgr") if "warning" in line] == [
        "qmgr: warning: smtp_destination_concurrency_positive_feedback: ignoring malformed or unreasonable feedback: 7"
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", [5, 10, 10]),
        ("initial_destination_concurrency=2\n", [2, 4, 8, 11]),
        ("smtp_initial_destination_concurrency=3\n", [3, 6, 12, 4]),
        ("default_destination_concurrency_limit=4\n", [4, 4, 4, 4, 4, 4, 1]),
        ("smtp_destination_concurrency_limit=1\n", [1] * 25),
        ("default_destination_concurrency_positive_feedback=0\n", [5, 5, 5, 5, 5]),
        ("default_destination_concurrency_positive_feedback=1/concurrency\n", [5, 6, 7, 7]),
    ],
)
def test_the_window_opens_with_success(settings: str, expected: list[int]) -> None:
    """Each round of deliveries to a healthy site is as wide as the successes of the one before allow."""
    made = bench(settings, constant(1.0, Status.SENT))
    for _ in range(25):
        made.send("", "joe@a.example")
    made.run(60)
    rounds = [started(made).count(when) for when in sorted(set(started(made)))]
    assert rounds == expected


@pytest.mark.parametrize(
    ("settings", "tried"),
    [
        ("", 5),
        ("initial_destination_concurrency=1\n", 1),
        ("default_destination_concurrency_failed_cohort_limit=3\ninitial_destination_concurrency=1\n", 3),
        ("smtp_destination_concurrency_failed_cohort_limit=0\n", 12),
    ],
)
def test_a_site_that_fails_is_dead(settings: str, tried: int) -> None:
    """After as many failures as its window is wide, times the cohort limit, a destination is not tried any more."""
    made = bench(settings, constant(1.0, Status.DEFERRED, DOWN))
    for _ in range(12):
        made.send("", "joe@a.example")
    made.run(60)
    assert len(started(made)) == tried
    suspended = [line for line in made.lines("error") if "delivery temporarily suspended: connect to mx" in line]
    assert len(suspended) == 12 - tried


@pytest.mark.parametrize(
    ("settings", "times", "expected"),
    [
        ("smtp_destination_concurrency_limit=1\n", [0.1] * 4, "NONE KEEP KEEP KEEP"),
        ("smtp_destination_concurrency_limit=1\n", [3.0] * 3, "NONE KEEP KEEP"),
        ("smtp_destination_rate_delay=1s\n", [0.1] * 3, "NONE KEEP KEEP"),
        ("smtp_destination_rate_delay=3s\n", [0.1] * 3, "NONE NONE NONE"),
        ("", [9.0] * 5 + [1.0], "NONE NONE NONE NONE NONE KEEP"),
        ("smtp_destination_concurrency_limit=3\n", [1.0, 1.0, 9.0, 0.1, 0.1], "NONE NONE NONE KEEP KEEP"),
    ],
)
def test_connections_are_kept_while_deliveries_follow_each_other(
    settings: str, times: list[float], expected: str
) -> None:
    """A delivery that begins within a second after another to its destination ended may keep its connection."""
    asked: list[str] = []

    def agent(request: Request, now: float) -> Outcome:
        asked.append(request.caching.name)
        return times[len(asked) - 1], Status.SENT, None

    made = bench(settings, agent)
    for _ in times:
        made.send("", "joe@a.example")
    made.run(60)
    assert " ".join(asked) == expected


def test_what_is_kept_is_used_after_a_pause() -> None:
    """One process and two destinations: after three seconds a kept connection may be used, and others are not kept."""
    asked: list[tuple[str, str]] = []

    def agent(request: Request, now: float) -> Outcome:
        asked.append((request.nexthop, request.caching.name))
        return 3.0 if len(asked) == 4 else 0.1, Status.SENT, None

    made = bench(ONE, agent, MASTER_CF.replace("smtp      unix  - - n - -", "smtp      unix  - - n - 1"))
    for number in range(3):
        made.send("", f"{number}@a.example", f"{number}@b.example")
    made.run(60)
    assert asked == [
        ("a.example", "NONE"), ("b.example", "NONE"), ("a.example", "KEEP"), ("b.example", "KEEP"),
        ("a.example", "FETCH"), ("b.example", "KEEP"),
    ]  # fmt: skip


def test_a_refused_message_does_not_make_a_site_dead() -> None:
    """Deferrals that are about a message, not the site, leave the destination alone."""
    made = bench("initial_destination_concurrency=1\n", constant(0.1, Status.DEFERRED))
    for _ in range(3):
        made.send("", "joe@a.example")
        made.run(1)
    assert len(started(made)) == 3


def test_a_dead_site_comes_back_by_itself() -> None:
    """After minimal_backoff_time a dead destination is tried again, with one probe at a time."""
    made = bench(
        "initial_destination_concurrency=1\nminimal_backoff_time=10s\nqueue_run_delay=1000s\n",
        constant(0.1, Status.DEFERRED, DOWN),
    )
    for _ in range(8):
        made.send("", "joe@a.example")
        made.run(2)
    assert [round(when) for when in started(made)] == [0, 12]


def test_a_destination_is_forgotten_when_it_is_empty() -> None:
    """The window of a destination lives only as long as there is mail for it."""
    made = bench("", constant(0.1, Status.SENT))
    for _ in range(3):
        made.send("", "joe@a.example")
    made.run(5)
    assert len(started(made)) == 3
    assert [list(transport.destinations) for transport in made.qmgr.dispatcher.transports.values()] == [[]]


def test_rate_delay() -> None:
    """With a destination rate delay deliveries to one destination are that far apart; others are not held up."""
    made = bench("smtp_destination_rate_delay=2s\n", constant(0.5, Status.SENT))
    for _ in range(3):
        made.send("", "joe@a.example")
    made.send("", "joe@b.example")
    made.run(30)
    assert [(when, nexthop) for when, _, nexthop, _ in made.tries] == [
        (0.0, "a.example"),
        (0.0, "b.example"),
        (2.5, "a.example"),
        (5.0, "a.example"),
    ]


def test_rate_delay_by_recipient() -> None:
    """Where a transport takes one recipient at a time, the delay is between deliveries to one recipient."""
    made = bench("smtp_destination_rate_delay=2s\nsmtp_destination_recipient_limit=1\n", constant(0.0, Status.SENT))
    made.send("", "joe@a.example", "ann@a.example")
    made.run(30)
    assert started(made) == [0.0, 0.0]


def test_transport_rate_delay() -> None:
    """With a transport rate delay each delivery of a transport waits that long, the first one too."""
    made = bench("smtp_transport_rate_delay=3s\n", constant(0.5, Status.SENT))
    for site in "abc":
        made.send("", f"joe@{site}.example")
    made.run(30)
    assert started(made) == [3.0, 6.0, 9.0]


@pytest.mark.parametrize(("field", "settings", "expected"), [("2", "", 2), ("-", "default_process_limit=3\n", 3)])
def test_process_limit(field: str, settings: str, expected: int) -> None:
    """No more deliveries run than master.cf, or default_process_limit, has processes for them."""
    services = MASTER_CF.replace("smtp      unix  - - n - - smtp", f"smtp unix - - n - {field} smtp")
    made = bench(settings, constant(1.0, Status.SENT), services)
    for number in range(7):
        made.send("", f"joe@site{number}.example")
    assert made.running == expected
    made.run(10)
    assert len(started(made)) == 7


def test_a_busy_site_does_not_hold_up_others() -> None:
    """Mail for another destination overtakes what waits for a slow one."""
    made = bench("smtp_destination_concurrency_limit=1\n", constant(5.0, Status.SENT))
    for _ in range(4):
        made.send("", "joe@slow.example")
    made.send("", "joe@other.example")
    assert [nexthop for _, _, nexthop, _ in made.tries] == ["slow.example", "other.example"]


def test_destinations_of_one_message_take_turns() -> None:
    """With one process, a message's destinations are served in turn, and older messages first."""
    services = MASTER_CF.replace("smtp      unix  - - n - - smtp", "smtp unix - - n - 1 smtp")
    made = bench("smtp_destination_recipient_limit=2\n", constant(1.0, Status.SENT), services)
    made.send("", *(f"{name}@{site}.example" for site in "ab" for name in ("u", "v", "w")))
    made.send("", "x@c.example")
    made.run(20)
    assert [nexthop for _, _, nexthop, _ in made.tries] == [
        "a.example",
        "b.example",
        "a.example",
        "b.example",
        "c.example",
    ]


def test_local_recipients_are_queued_one_by_one() -> None:
    """Local mail is tried recipient by recipient, two at a time for each, extensions left out."""
    made = Bench("recipient_delimiter = +\n")
    made.agents["local"] = constant(1.0, Status.SENT)
    made.start()
    for address in ("joe@domain.ork", "joe+a@domain.ork", "joe+b@domain.ork", "ann@domain.ork"):
        made.send("", address)
    assert made.running == 3


def test_a_transport_of_ones_own() -> None:
    """A transport that only master.cf knows has parameters of its own name."""
    services = MASTER_CF + "slow unix - - n - - smtp\n"
    made = Bench(
        "default_transport = slow\nslow_destination_concurrency_limit = 2\nslow_destination_rate_delay = 0\n",
        master_cf=services,
    )
    made.agents["slow"] = constant(5.0, Status.SENT)
    made.start()
    for _ in range(5):
        made.send("", "joe@a.example")
    assert made.running == 2


def test_success_heals() -> None:
    """A success between failures starts the count of failed cohorts anew."""
    outcomes = iter([DOWN, None] * 5)

    def agent(request: Request, now: float) -> Outcome:
        hop = next(outcomes)
        return 0.1, Status.DEFERRED if hop else Status.SENT, hop

    made = bench("initial_destination_concurrency=2\n", agent)
    for _ in range(8):
        made.send("", "joe@a.example")
        made.run(1)
    assert len(started(made)) == 8


@pytest.mark.parametrize(
    ("sender", "recipient", "expected"),
    [
        ("list@domain.ork", "joe@a.example", "list+joe=a.example@domain.ork"),
        ("list@domain.ork", "joe", "list+joe@domain.ork"),
        ("list", "joe@a.example", "list+joe=a.example"),
    ],
)
def test_verp(sender: str, recipient: str, expected: str) -> None:
    """VERP writes the recipient into the sender."""
    assert verp_sender(sender, "+=", recipient) == expected
