"""Whatever happens in whatever order, the queue manager loses no recipient and serves none twice."""

from __future__ import annotations

from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from simmail.mail.message import Message
from simmail.postfix.delivery import Dsn, Request, Status
from tests.postfix.bench import Bench, Outcome

DOWN = Dsn("4.4.1", "", "connect to mx.example[198.51.100.5]:25: Connection refused")
OUTCOMES = (
    (0.0, Status.SENT, None),
    (3.0, Status.SENT, None),
    (0.5, Status.DEFERRED, None),
    (1.0, Status.DEFERRED, DOWN),
    (9.0, Status.DEFERRED, DOWN),
    (0.0, Status.BOUNCED, None),
    (2.0, Status.SOFTBOUNCE, None),
)
SITES = [f"{name}@{site}.example" for site in "abc" for name in ("joe", "ann", "sue")]
SETTINGS = (
    "",
    "qmgr_message_active_limit=2\n",
    "smtp_destination_rate_delay=2s\n",
    "smtp_destination_recipient_limit=1\n",
    "smtp_destination_concurrency_limit=1\ndefault_destination_concurrency_failed_cohort_limit=2\n",
    "defer_transports=smtp\n",
    "smtp_transport_rate_delay=1s\n",
    "transport_maps=inline:{b.example=nosuch:}\n",
)
BASE = (
    "queue_run_delay=4s\nminimal_backoff_time=4s\nmaximal_backoff_time=16s\nqmgr_clog_warn_time=0\n"
    "maximal_queue_lifetime=60s\nbounce_queue_lifetime=30s\ndefault_process_limit=3\nlocal_transport=discard:\n"
)
ACTS = st.one_of(
    st.tuples(st.just("send"), st.lists(st.sampled_from(SITES), min_size=1, max_size=6, unique=True)),
    st.tuples(st.just("wait"), st.floats(0, 12)),
    st.tuples(st.sampled_from(("hold", "release", "delete", "flush one")), st.integers(0, 20)),
    st.tuples(st.sampled_from(("flush", "flush a", "reload")), st.none()),
)


class Story:
    """A bench whose agents follow a list of outcomes, and the fate of every recipient."""

    def __init__(self, main_cf: str, outcomes: list[int]) -> None:
        self.outcomes = outcomes
        self.served: Counter[tuple[str, str]] = Counter()
        self.messages: list[tuple[Message, frozenset[str]]] = []
        self.deleted: set[str] = set()
        self.bench = Bench(BASE + main_cf)
        for transport in ("smtp", "relay"):
            self.bench.agents[transport] = self.agent
        self.bench.start()

    def agent(self, request: Request, now: float) -> Outcome:
        """The next outcome."""
        number = self.outcomes.pop() if self.outcomes else 0
        seconds, status, hop = OUTCOMES[number]
        if status in (Status.SENT, Status.BOUNCED):
            self.served.update((request.message.queue_id, r.address) for r in request.recipients)
        return seconds, status, hop

    def act(self, kind: str, what: object) -> None:
        """Let something happen."""
        bench = self.bench
        if kind == "send":
            assert isinstance(what, list)
            self.messages.append((bench.send("bob@domain.ork", *what), frozenset(what)))
        elif kind == "wait":
            assert isinstance(what, float)
            bench.run(what)
        elif kind == "flush":
            bench.manage(lambda manager: manager.flush(bench.now))
        elif kind == "flush a":
            bench.manage(lambda manager: manager.flush_site("a.example", bench.now))
        elif kind == "reload":
            bench.reload()
        elif self.messages:
            assert isinstance(what, int)
            self.administer(kind, self.messages[what % len(self.messages)][0].queue_id)

    def administer(self, kind: str, queue_id: str) -> None:
        """What postsuper and postqueue do to one message."""
        spool = self.bench.spool
        if kind == "flush one":
            self.bench.manage(lambda manager: manager.flush_message(queue_id, self.bench.now))
            return
        found = spool.find(queue_id)
        if found is None:
            return
        queue = found[0]
        if kind == "hold" and queue != "hold":
            spool.move(queue_id, queue, "hold")
        elif kind == "release" and queue == "hold":
            spool.move(queue_id, "hold", "deferred")
        elif kind == "delete":
            spool.delete(queue_id, queue)
            self.deleted.add(queue_id)

    def check(self) -> None:
        """Every recipient is in exactly one place."""
        for message, wanted in self.messages:
            assert Counter(r.address for r in (*message.recipients, *message.done)) == Counter(wanted)
            if message.queue_id not in self.deleted:
                assert (self.bench.spool.find(message.queue_id) is not None) or not message.recipients
        assert all(times == 1 for times in self.served.values())


@settings(max_examples=150)
@example("smtp_destination_rate_delay=2s\n", [("send", ["joe@a.example"])] * 3 + [("hold", 2)], [])
@example("", [("send", ["joe@a.example"]), ("hold", 0), ("wait", 0.0), ("delete", 0)], [5])
@given(
    st.sampled_from(SETTINGS),
    st.lists(ACTS, max_size=25),
    st.lists(st.integers(0, len(OUTCOMES) - 1), max_size=60),
)
def test_no_recipient_is_lost_or_served_twice(
    main_cf: str, acts: list[tuple[str, object]], outcomes: list[int]
) -> None:
    """Arrivals, outcomes, queue runs, flushes, reloads, administrators in any order: each recipient is in one place."""
    story = Story(main_cf, outcomes)
    for kind, what in acts:
        story.act(kind, what)
        story.check()
    for queue_id in list(story.bench.spool.hold):
        story.bench.spool.move(queue_id, "hold", "deferred")
    story.bench.run(200)
    story.act("send", ["last@c.example"])
    story.bench.run(200)
    story.check()
    assert not story.bench.spool.active
    assert not story.bench.spool.deferred
    assert not story.bench.spool.incoming
    assert story.bench.running == 0
    assert story.bench.spool.jobs == {}
