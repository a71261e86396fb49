"""A queue manager that dies, and is started again."""

from __future__ import annotations

from tests.world.small import Small

#: relay is used for one domain only, and cannot be.
BAD = "relay_destination_concurrency_limit = ten\ntransport_maps = inline:{other.example=relay:far.example}\n"


def test_a_queue_manager_that_dies_loses_nothing() -> None:
    """It ends over a bad number while a delivery is under way; the next message starts it again, mended or not."""
    small = Small(BAD, latency=0.5)
    small.send(0.0, to="ann@far.example", name="a")
    small.send(1.5, to="ann@other.example", name="b")
    small.send(60.0, to="bob@far.example", name="c")
    small.world.run(100.0)
    fatal = [line for line in small.log() if "fatal" in line]
    assert [line.split("]: ")[1] for line in fatal] == [
        "fatal: bad numerical configuration: relay_destination_concurrency_limit = ten"
    ] * 2
    assert small.world.conservation().problems == []
    small.near.edit("main.cf", relay_destination_concurrency_limit="3")
    small.world.run(3000.0)
    assert small.world.conservation().problems == []
    assert not small.near.master.spool.active  # type: ignore[union-attr]
    sent = {r.get("to") for r in small.world.journal if r.event == "delivery" and r.host == "near.example"}
    assert {"ann@far.example", "ann@other.example", "bob@far.example"} <= sent
