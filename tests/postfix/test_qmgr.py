"""The queue manager: activation, queue runs, back-off, flushing, expiry, and what commands do under it."""

from __future__ import annotations

import pytest

from simmail.mail.message import Notify, Recipient
from simmail.postfix.delivery import Dsn, Request, Status
from tests.postfix.bench import MASTER_CF, Bench, Outcome, Script

DOWN = Dsn("4.4.1", "", "connect to mx.example[198.51.100.5]:25: Connection refused")


def always(seconds: float, status: Status, hop: Dsn | None = None) -> Script:
    """An agent that ends every request the same way."""
    return lambda request, now: (seconds, status, hop)


def bench(main_cf: str = "", agent: Script | None = None) -> Bench:
    """A started Postfix whose smtp transport follows a script."""
    made = Bench(main_cf)
    made.agents["smtp"] = agent or always(0.1, Status.SENT)
    return made.start()


def tries(made: Bench, transport: str = "smtp") -> list[float]:
    """When that transport got requests, in whole seconds."""
    return [round(when) for when, name, _, _ in made.tries if name == transport]


def test_a_delivered_message_is_removed() -> None:
    """A message becomes active, its one try succeeds, and it is gone."""
    made = bench()
    message = made.send("bob@domain.ork", "joe@elsewhere.example")
    assert message.queue_id in made.spool.active
    made.run(1)
    assert made.lines("qmgr") == [
        f"qmgr: {message.queue_id}: from=<bob@domain.ork>, size={message.size}, nrcpt=1 (queue active)",
        f"qmgr: {message.queue_id}: removed",
    ]
    assert not made.spool.active
    assert not made.spool.deferred


@pytest.mark.parametrize(
    ("settings", "seconds", "expected"),
    [
        ("queue_run_delay=2s\nminimal_backoff_time=2s\nmaximal_backoff_time=8s\n", 33, [0, 2, 4, 8, 16, 24, 32]),
        ("queue_run_delay=1s\nminimal_backoff_time=5s\nmaximal_backoff_time=5s\n", 20, [0, 4, 8, 12, 16, 20]),
        ("queue_run_delay=20s\nminimal_backoff_time=2s\nmaximal_backoff_time=4s\n", 50, [0, 20, 40]),
        ("", 14000, [0, 300, 600, 1200, 2400, 4800, 9000, 13200]),
    ],
)
def test_waits_grow_with_the_age_of_a_message(settings: str, seconds: float, expected: list[int]) -> None:
    """A try comes after as long as the message is old, within bounds, at the first queue run from a second before."""
    made = bench(settings, always(0.01, Status.DEFERRED))
    made.send("bob@domain.ork", "joe@elsewhere.example")
    made.run(seconds)
    assert tries(made) == expected


def test_a_message_expires_after_its_last_try() -> None:
    """Past maximal_queue_lifetime one more try is made; then the message goes back to its sender."""
    made = bench(
        "queue_run_delay=2s\nminimal_backoff_time=2s\nmaximal_backoff_time=8s\n"
        "maximal_queue_lifetime=10s\nbounce_queue_lifetime=5s\nlocal_transport=discard:\n",
        always(0.01, Status.DEFERRED),
    )
    message = made.send("bob@domain.ork", "joe@elsewhere.example")
    made.run(60)
    assert tries(made) == [0, 2, 4, 8, 16]
    assert f"qmgr: {message.queue_id}: from=<bob@domain.ork>, status=expired, returned to sender" in made.lines()
    assert [line for line in made.lines("bounce") if "sender non-delivery notification" in line]
    assert message.recipients == []


def test_mail_from_nobody_has_a_lifetime_of_its_own() -> None:
    """bounce_queue_lifetime counts for the null sender, and nobody is told."""
    made = bench(
        "queue_run_delay=2s\nminimal_backoff_time=2s\nmaximal_backoff_time=8s\n"
        "maximal_queue_lifetime=1d\nbounce_queue_lifetime=3s\n",
        always(0.01, Status.DEFERRED),
    )
    made.send("", "joe@elsewhere.example")
    made.run(60)
    assert tries(made) == [0, 2, 4]
    assert not made.lines("bounce")


def test_the_sender_of_late_mail_is_told_once() -> None:
    """What cleanup wrote down of delay_warning_time makes one notice, at the first failed try after it."""
    made = bench(
        "queue_run_delay=2s\nminimal_backoff_time=2s\nmaximal_backoff_time=8s\nlocal_transport=discard:\n",
        always(0.01, Status.DEFERRED),
    )
    made.send("bob@domain.ork", "joe@elsewhere.example", warn_after=3.0)
    made.run(30)
    assert len([line for line in made.lines("bounce") if "sender delay notification" in line]) == 1


def test_failed_recipients_are_returned_together() -> None:
    """Two recipients that fail make one bounce, once all have been tried."""
    made = bench("local_transport=discard:\nsmtp_destination_recipient_limit=1\n", always(0.1, Status.BOUNCED))
    message = made.send("bob@domain.ork", "joe@elsewhere.example", "ann@elsewhere.example")
    made.run(1)
    assert len([line for line in made.lines("bounce") if "sender non-delivery notification" in line]) == 1
    assert [r.address for r in message.done] == ["ann@elsewhere.example", "joe@elsewhere.example"]


def test_recipients_are_tried_in_order_and_in_parts() -> None:
    """Recipients are sorted by transport, destination and address; the recipient limit cuts them into tries."""
    made = bench("smtp_destination_recipient_limit=2\nsmtp_destination_concurrency_limit=1\n")
    made.send("", "z@b.example", "y@b.example", "x@b.example", "w@a.example")
    made.run(1)
    assert [recipients for _, _, _, recipients in made.tries] == [
        ("w@a.example",),
        ("x@b.example", "y@b.example"),
        ("z@b.example",),
    ]


def test_the_count_of_recipients_includes_those_done() -> None:
    """nrcpt= tells how many recipients the message came with."""

    def agent(request: Request, now: float) -> Outcome:
        return 0.1, Status.SENT if "a.example" in request.nexthop else Status.DEFERRED, None

    made = bench("", agent)
    made.send("", "joe@a.example", "joe@b.example")
    made.run(400)
    assert [line for line in made.lines("qmgr") if "nrcpt=2" in line][1:]


def test_the_active_queue_is_limited() -> None:
    """New mail waits in incoming while qmgr_message_active_limit messages are active."""
    made = bench("qmgr_message_active_limit=2\nqmgr_clog_warn_time=0\n", always(1.0, Status.SENT))
    for number in range(5):
        made.send("", f"joe@site{number}.example")
    assert (len(made.spool.active), len(made.spool.incoming)) == (2, 3)
    made.run(1.5)
    assert (len(made.spool.active), len(made.spool.incoming)) == (2, 1)
    made.run(3)
    assert tries(made) == [0, 0, 1, 1, 2]


def test_a_clogged_active_queue_is_complained_of() -> None:
    """A destination that takes up more than a fifth of the active queue is named in the log, once in a while."""
    made = bench("qmgr_message_active_limit=3\nqmgr_message_recipient_limit=3\n", always(5.0, Status.SENT))
    made.send("", "joe@slow.example")
    made.send("", "ann@slow.example")
    said = [line for line in made.lines("qmgr") if "active queue entries" in line]
    assert said == ["qmgr: warning: mail for slow.example is using up 1 of 1 active queue entries"]


def test_adjusted_parameters_are_named() -> None:
    """The queue manager says which parameters it took to be too small or too large."""
    made = bench("qmgr_message_recipient_limit=5\nmaximal_queue_lifetime=1d\n")
    assert made.lines("qmgr") == [
        (
            "qmgr: warning: qmgr_message_recipient_limit is smaller than qmgr_message_active_limit - adjusting "
            "qmgr_message_recipient_limit"
        ),
        "qmgr: warning: bounce_queue_lifetime is larger than maximal_queue_lifetime - adjusting bounce_queue_lifetime",
    ]


class TestFlush:
    """postqueue -f, -i, -s."""

    def deferred(self, settings: str = "") -> Bench:
        """Two messages in the deferred queue."""
        made = bench(settings, always(0.1, Status.DEFERRED, DOWN))
        made.send("", "joe@a.example")
        made.send("", "ann@b.example")
        made.run(1)
        made.tries.clear()
        made.agents["smtp"] = always(0.1, Status.SENT)
        return made

    def test_all(self) -> None:
        """A flush tries all deferred mail, newest first, dead destinations or not."""
        made = self.deferred("initial_destination_concurrency=1\n")
        made.manage(lambda manager: manager.flush(made.now))
        assert [nexthop for _, _, nexthop, _ in made.tries] == ["b.example", "a.example"]

    def test_one(self) -> None:
        """One message is tried, and revives its destination alone."""
        made = self.deferred("initial_destination_concurrency=1\n")
        first = next(iter(made.spool.deferred))
        made.manage(lambda manager: manager.flush_message(first, made.now))
        assert [nexthop for _, _, nexthop, _ in made.tries] == ["a.example"]
        made.send("", "sue@b.example")
        made.run(1)
        assert made.tries[-1][1] == "retry"

    def test_one_that_is_not_there(self) -> None:
        """An unknown queue id changes nothing."""
        made = self.deferred()
        made.manage(lambda manager: manager.flush_message("Q77", made.now))
        assert made.tries == []

    def test_site(self) -> None:
        """What waits for one domain is tried."""
        made = self.deferred()
        made.manage(lambda manager: manager.flush_site("B.example", made.now))
        assert [nexthop for _, _, nexthop, _ in made.tries] == ["b.example"]

    def test_held_back_transport(self) -> None:
        """defer_transports keeps mail until it is flushed."""
        made = Bench("defer_transports = smtp\n")
        made.agents["smtp"] = always(0.1, Status.SENT)
        made.start().send("", "joe@a.example")
        made.run(400)
        assert [name for _, name, _, _ in made.tries] == ["retry", "retry"]
        assert "status=deferred (deferred transport)" in made.lines("error")[0]
        made.manage(lambda manager: manager.flush(made.now))
        assert made.tries[-1][1] == "smtp"


class TestCommands:
    """Messages that postsuper moves or removes while the queue manager has them."""

    def test_deleted_while_it_is_delivered(self) -> None:
        """A message deleted under a running delivery leaves nothing behind."""
        made = bench("", always(5.0, Status.DEFERRED))
        message = made.send("", "joe@a.example")
        del made.spool.active[message.queue_id]
        made.run(10)
        assert made.spool.find(message.queue_id) is None
        assert made.lines("qmgr")[1:] == []
        assert made.spool.jobs == {}

    def test_held_while_it_is_delivered(self) -> None:
        """One put on hold stays there, with the outcome of the delivery that ran."""
        made = bench("", always(5.0, Status.DEFERRED, DOWN))
        message = made.send("", "joe@a.example")
        made.spool.move(message.queue_id, "active", "hold")
        made.run(400)
        assert made.spool.find(message.queue_id) == ("hold", message)
        assert message.recipients[0].status == DOWN.reason
        assert tries(made) == [0]

    def test_released_mail_waits_for_the_next_run(self) -> None:
        """A message put back from hold is tried at the next queue run, and not before."""
        made = bench("")
        message = made.message("", "joe@a.example")
        made.spool.move(message.queue_id, "incoming", "hold")
        made.run(10)
        made.spool.move(message.queue_id, "hold", "deferred")
        made.run(280)
        assert tries(made) == []
        made.run(20)
        assert tries(made) == [300]

    def test_flushed_while_it_is_still_delivered(self) -> None:
        """A message whose delivery still runs is not delivered a second time."""
        made = bench("", always(50.0, Status.SENT))
        message = made.send("", "joe@a.example")
        made.spool.move(message.queue_id, "active", "deferred")
        made.manage(lambda manager: manager.flush(made.now))
        assert made.lines("qmgr")[-1] == f"qmgr: {message.queue_id}: skipped, still being delivered"
        made.run(2000)
        made.send("", "ann@b.example")
        made.run(100)
        assert made.spool.find(message.queue_id) is None
        assert len(tries(made)) == 2


class TestReload:
    """A new generation of the configuration takes over the queue."""

    def test_waiting_tries_are_taken_up(self) -> None:
        """What was active but not being delivered is tried by the new queue manager."""
        made = bench("smtp_destination_concurrency_limit=1\n", always(5.0, Status.SENT))
        first = made.send("", "joe@a.example")
        second = made.send("", "ann@a.example")
        made.run(1)
        made.reload()
        assert made.lines("qmgr")[2:4] == [
            f"qmgr: {first.queue_id}: skipped, still being delivered",
            f"qmgr: {second.queue_id}: from=<>, size={second.size}, nrcpt=1 (queue active)",
        ]
        made.run(20)
        assert made.lines("qmgr")[-1] == f"qmgr: {second.queue_id}: removed"
        assert made.spool.find(first.queue_id) == ("incoming", first)
        assert first.recipients == []
        made.run(700)
        assert made.spool.find(first.queue_id) is None

    def test_a_failure_during_the_reload_is_returned_later(self) -> None:
        """A recipient that failed under the old queue manager is told by the new one."""
        made = bench("local_transport=discard:\n", always(5.0, Status.BOUNCED))
        first = made.send("bob@domain.ork", "joe@a.example")
        made.run(1)
        made.reload()
        made.run(400)
        made.send("", "ann@b.example")
        made.run(100)
        assert [line for line in made.lines("bounce") if f"{first.queue_id}: sender non-delivery" in line]
        assert made.spool.find(first.queue_id) is None


class TestRouting:
    """Where recipients go."""

    def test_redirect(self) -> None:
        """REDIRECT sends the message to one address, whatever its recipients were."""
        made = bench()
        message = made.send("", "joe@a.example", "ann@b.example", redirect="judge@c.example")
        made.run(1)
        assert [(nexthop, recipients) for _, _, nexthop, recipients in made.tries] == [
            ("c.example", ("judge@c.example",))
        ]
        assert len(message.done) == 2

    @pytest.mark.parametrize(
        ("chosen", "expected"),
        [("relay:[filter.example]:25", "[filter.example]:25"), ("relay:", "a.example"), ("relay", "a.example")],
    )
    def test_filter(self, chosen: str, expected: str) -> None:
        """A content filter's destination comes before the resolver's; without one the recipient's domain is taken."""
        made = bench()
        made.agents["relay"] = always(0.1, Status.SENT)
        made.send("", "joe@a.example", filter=chosen)
        assert made.tries[0][1:3] == ("relay", expected)

    def test_double_bounces_end_here(self) -> None:
        """Mail for the double-bounce address of this machine is discarded by the queue manager itself."""
        made = bench()
        made.send("", "double-bounce@domain.ork")
        assert made.tries == []
        assert "status=sent (undeliverable postmaster notification discarded)" in made.lines("qmgr")[1]

    def test_bad_addresses_bounce(self) -> None:
        """An address that the resolver cannot take apart bounces at once."""
        made = bench()
        made.agents["error"] = always(0.1, Status.BOUNCED)
        made.send("", "joe@-bad-")
        assert made.tries[0][1:3] == ("error", "5.1.3 bad address syntax")

    def test_a_failing_table_defers(self) -> None:
        """Where a table of the resolver fails, the recipient is deferred."""
        made = bench("transport_maps = fail:broken\n")
        made.agents["retry"] = always(0.1, Status.DEFERRED)
        made.send("", "joe@a.example")
        assert made.tries[0][1:3] == ("retry", "4.3.0 address resolver failure")

    def test_a_transport_without_a_service(self) -> None:
        """Mail for a transport that master.cf does not have is deferred, and the transport left alone for a minute."""
        made = Bench("transport_maps = inline:{a.example=nosuch:}\n").start()
        made.send("", "joe@a.example")
        made.send("", "ann@a.example")
        made.run(1)
        assert [line for line in made.lines("qmgr") if "warning" in line] == [
            "qmgr: warning: connect to transport private/nosuch: No such file or directory"
        ]
        assert [line.partition("dsn=")[2] for line in made.lines("error")] == [
            "4.3.0, status=deferred (mail transport unavailable)"
        ] * 2

    def test_not_even_a_retry_service(self) -> None:
        """Without a retry transport the queue manager defers by itself."""
        services = "".join(line for line in MASTER_CF.splitlines(True) if not line.startswith("retry"))
        made = Bench("transport_maps = inline:{a.example=nosuch:}\n", master_cf=services).start()
        made.send("", "joe@a.example")
        assert "status=deferred (mail transport unavailable)" in made.lines("qmgr")[3]
        assert len(made.spool.deferred) == 1

    def test_verp(self) -> None:
        """With VERP each recipient is tried alone, under a sender of its own."""
        senders: list[str] = []

        def agent(request: Request, now: float) -> Outcome:
            senders.append(request.sender)
            return 0.1, Status.SENT, None

        made = bench("", agent)
        made.send("list@domain.ork", "joe@a.example", "ann@a.example", verp="+=")
        assert senders == ["list+ann=a.example@domain.ork", "list+joe=a.example@domain.ork"]


def test_an_agent_that_dies_costs_a_wait() -> None:
    """A crashed agent leaves its recipients deferred, without a reason; its transport goes on."""
    started: list[Request] = []

    def agent(request: Request, now: float) -> Outcome:
        started.append(request)
        return 1e6, Status.SENT, None

    made = bench("", agent)
    message = made.send("", "joe@a.example")
    made.manage(lambda manager: manager.crashed(started[0], made.now))
    assert made.lines("qmgr")[-1] == "qmgr: warning: private/smtp socket: malformed response"
    assert made.spool.find(message.queue_id) == ("deferred", message)
    made.send("", "ann@a.example")
    assert [transport for _, transport, _, _ in made.tries] == ["smtp", "smtp"]


def test_success_is_reported_to_those_who_asked() -> None:
    """NOTIFY=SUCCESS makes a report after the delivery."""
    made = bench("local_transport=discard:\n")
    message = made.message("bob@domain.ork")
    message.recipients.append(Recipient("joe@a.example", notify=frozenset({Notify.SUCCESS})))
    made.manage(lambda manager: manager.incoming(message, made.now))
    made.run(1)
    assert [line for line in made.lines("bounce") if "sender delivery status notification" in line]
