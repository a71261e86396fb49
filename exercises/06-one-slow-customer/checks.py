"""What must hold of a server on which nobody waits for somebody else's slowness."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

#: Of a letter to a server that answers at once.
PROMPT_S = 10.0
SUBJECT = "Subject: a probe"


def _prompt(bench: Bench, moment: str) -> None:
    """A letter of Alice's to somebody at quick.example is there at once."""
    bench.world.run(moment)
    bench.letter("192.168.1.20", "alice@domain.ork", "joe@quick.example").accepted()
    bench.arrives("joe", SUBJECT, "mx.quick.example", within=PROMPT_S)


def _log_of(bench: Bench, words: str) -> list[str]:
    """The last lines of the log with some words."""
    return [line for line in bench.log() if words in line][-6:]


@check(
    3,
    hint="Who has all the smtp processes? See qshape active.",
    manual="postconf(5), smtp_destination_concurrency_limit",
)
def nobody_waits_in_the_rush(bench: Bench) -> None:
    """A letter to quick.example that is written in the rush, at 11:35, is there within ten seconds."""
    _prompt(bench, "11:35")


@check(
    2, hint="How many letters does bigmail work on at a time?", manual="postconf(5), smtp_destination_concurrency_limit"
)
def bigmail_gets_what_it_can_take(bench: Bench) -> None:
    """Of the orders bigmail.example has taken at least twenty-five by 11:36; it can take thirty."""
    bench.world.run("11:36")
    here = [r for r in bench.world.results.records if r.event == "delivery" and r.host == bench.study]
    number = sum(r.get("status") == "sent" and r.get("to").endswith("@bigmail.example") for r in here)
    bench.expect(number >= 25, f"only {number} orders were taken there", _log_of(bench, "@bigmail.example"))


@check(
    2, hint="It counts connections. What does its 421 say?", manual="postconf(5), smtp_destination_concurrency_limit"
)
def bigmail_is_not_crowded(bench: Bench) -> None:
    """No order is turned away by bigmail.example because there are too many at a time."""
    bench.world.run("11:42")
    turned_away = _log_of(bench, "421 4.7.0")
    bench.expect(not turned_away, "bigmail.example was called too often at a time", turned_away)


@check(
    3,
    hint="How long does a dead server keep a process busy?",
    manual="master(5); sender_dependent_default_transport_maps",
)
def nobody_waits_for_the_mailing(bench: Bench) -> None:
    """A letter to quick.example that is written just after the mailing, at 11:00:35, is there within ten seconds."""
    _prompt(bench, "11:00:35")


@check(2, hint="How many dead ones a minute can its processes try?", manual="master(5); TUNING_README")
def the_mailing_goes_out(bench: Bench) -> None:
    """Whoever of the mailing's readers is still there has it by 11:15; the rest waits, and is not held."""
    bench.world.run("11:15")
    mailing = [fate for fate in bench.world.results.account.fates if fate.author == "mailing"]
    fates = [fate for fate in mailing if fate.recipient.startswith("customer")]
    missing = [fate.recipient for fate in fates if fate.state != "delivered"]
    found = _log_of(bench, f"to=<{missing[0]}>") if missing else []
    bench.expect(not missing, f"{len(missing)} of {len(fates)} still wait", found)
    gone = [fate for fate in mailing if fate.state not in ("delivered", "waiting")]
    found = _log_of(bench, f"to=<{gone[0].recipient}>") if gone else []
    ends = " and ".join(sorted({fate.state for fate in gone}))
    bench.expect(not gone, f"{len(gone)} of {len(mailing)} letters were {ends}", found)
    held = [line for line in bench.sh("mailq").splitlines() if line.partition(" ")[0].endswith("!")]
    bench.expect(not held, f"{len(held)} letters are held", held[:6])
