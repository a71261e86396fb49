"""What must hold of a server that lets strangers wait for its greeting."""

from __future__ import annotations

from simmail.lab.checks import Bench, check
from simmail.mail.content import Content
from simmail.world.actors.mailer import Manners, Parcel, Verdict, hand_over

SERVER, US = "192.0.2.10", "alice@domain.ork"
LIFT, STRANGER, PCS = "lift.parentco.con", "stranger.example", ("pc1.domain.ork", "pc2.domain.ork")
#: Who talks before the greeting: some PCs, and one in the same building as the lift.
HASTY = ("bot.example", "other-bot.example", "neighbour.parentco.con")
#: What nobody feels, and the longest pause that is decent, seconds.
AT_ONCE_S, DECENT_S = 1.5, 12.0


def _offered(bench: Bench, client: str, manners: Manners, to: str = US) -> tuple[Verdict, float]:
    """What became of a letter that a client with these manners offers, and how long that took, seconds."""
    content = Content(["Subject: from " + client, f"Message-ID: <{bench.world.now}@{client}>", "", "hello"])
    parcel = Parcel(f"<{bench.world.now}@{client}>", f"me@{client}", (to,), content, "wanted")
    begun = bench.world.now
    host = bench.world.host(client)
    return bench.world.complete(host, hand_over(parcel, [SERVER], manners))[to], bench.world.now - begun


@check(3, hint="Noting is not refusing.", manual="POSTSCREEN_README, pregreet test")
def hasty_bots_are_kept_out(bench: Bench) -> None:
    """Whoever talks before the greeting does not get a letter in, at the first try or the second."""
    for client in HASTY * 2:
        said, _ = _offered(bench, client, Manners("pc", "HELO", early=True))
        bench.expect(said.outcome != "accepted", f"the letter of {client} was accepted")
        bench.world.run(bench.world.now + 60)


@check(2, hint="Who takes a client over after the pause?", manual="master(5); postscreen(8)")
def patient_strangers_get_through(bench: Bench) -> None:
    """A stranger who waits gets his letter in, within some seconds, and the next one at once."""
    said, took = _offered(bench, STRANGER, Manners(STRANGER))
    bench.expect(said.outcome == "accepted", f"the first letter was not accepted: {said.reply}")
    bench.expect(took <= DECENT_S, f"he had to wait for {took:.0f} s")
    bench.arrives("alice", f"Subject: from {STRANGER}", within=60.0)
    said, took = _offered(bench, STRANGER, Manners(STRANGER))
    bench.expect(said.outcome == "accepted", f"the second letter was not accepted: {said.reply}")
    bench.expect(took <= AT_ONCE_S, f"the second time he had to wait for {took:.0f} s again")


@check(1, hint="Whom does the access list let through?", manual="postconf(5), postscreen_access_list")
def the_office_does_not_wait(bench: Bench) -> None:
    """The office's PCs are greeted at once, and can write to anywhere."""
    for client in PCS:
        said, took = _offered(bench, client, Manners(client), "joe@parentco.con")
        bench.expect(said.outcome == "accepted", f"a PC's letter was not accepted: {said.reply}")
        bench.expect(took <= AT_ONCE_S, f"a PC had to wait for {took:.0f} s")


@check(2, hint="An exception is a line in a table.", manual="postconf(5), postscreen_access_list; cidr_table(5)")
def the_lift_is_heard(bench: Bench) -> None:
    """The lift's alarm box, which waits for three seconds and not longer, gets its letter in at the first try."""
    said, _ = _offered(bench, LIFT, Manners(LIFT, "HELO", patience=3.0))
    bench.expect(said.outcome == "accepted", f"the alarm was not accepted: {said.reply}")
    bench.arrives("alice", f"Subject: from {LIFT}", within=60.0)
