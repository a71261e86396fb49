"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

#: For as many processes of the smtp program the machine has memory.
MEMORY = 15
#: More connections than a Postfix as installed has smtpd processes.
MANY = 120
#: How often he tries again each minute, and for how many of them: less than a silent client is waited for.
AGAIN, MINUTES = 12, 4
#: Whoever waits for the greeting for so long stands before a door that is full.
FULL_S = 1.0
#: By how much two letters may seem to overlap that one process carries.
PAUSE_S = 0.1


def _written_to_the_dead(bench: Bench, sender: str, domain: str) -> None:
    """A letter to readers at twenty-five domains whose servers answer nobody."""
    session = bench.world.telnet("192.168.1.30", bench.study)
    readers = [f"RCPT TO:<info@firm{number}.{domain}>" for number in range(25)]
    for line in ("EHLO shop.domain.ork", f"MAIL FROM:<{sender}>", *readers, "DATA", "Subject: hello\n\nHello\n."):
        session.type(line)


def _crowd(bench: Bench, calls: int) -> None:
    """A stranger calls so often and says nothing; the door must not be full of him.  Raises Failed."""
    for _ in range(calls):
        begun = bench.world.now
        bench.world.telnet("stranger.example", bench.study)
        late = bench.world.now - begun
        bench.expect(late <= FULL_S, f"he had all of the door: the next caller was kept waiting for {late:.0f} seconds")


@check(1, hint="All transports together have to fit into the machine.", manual="postconf(5), default_process_limit")
def the_machine_has_room(bench: Bench) -> None:
    """At no time are more than fifteen letters under way at once, also where everybody writes to the dead at 11:34."""
    bench.world.run("11:34")
    _written_to_the_dead(bench, "news@domain.ork", "gone.example")
    for sender in ("alice@domain.ork", "orders@domain.ork"):
        _written_to_the_dead(bench, sender, "closed.example")
    bench.world.run("11:42")
    changes = []
    for record in bench.world.results.records:
        if record.event == "delivery" and record.host == bench.study and record.program == "smtp":
            _, _, connecting, sending = record.get("delays")
            changes += [(record.time, -1), (record.time - connecting - sending + PAUSE_S, 1)]
    most = now = 0
    for _, step in sorted(changes):
        now += step
        most = max(most, now)
    bench.expect(most <= MEMORY, f"{most} were under way at once")


@check(1, hint="How many smtpd processes are there, and how many may one client have?", manual="STRESS_README")
def one_client_has_not_all_the_door(bench: Bench) -> None:
    """While a stranger takes all the silent connections that he can get, for minutes, the office's letter is taken."""
    bench.world.run("11:01")
    _crowd(bench, MANY)
    for _ in range(MINUTES):
        bench.world.run(bench.world.now + 60)
        _crowd(bench, AGAIN)
    begun = bench.world.now
    bench.letter("192.168.1.20", "alice@domain.ork", "postmaster@domain.ork").accepted()
    late = bench.world.now - begun
    bench.expect(late < 5, f"the office was kept at the door for {late:.0f} seconds")


@check(1, hint="How long is a call, and who hangs up first?", manual="postconf(5), smtp_connect_timeout")
def the_ship_is_reached(bench: Bench) -> None:
    """A letter to the ship, which takes six seconds to answer a call, is there within two minutes, at the first try."""
    bench.world.run("11:20")
    begun = len(bench.log())
    bench.letter("192.168.1.20", "alice@domain.ork", "mate@petrel.example").accepted()
    bench.world.run(bench.world.now + 120)
    tried = [line for line in bench.log()[begun:] if "petrel.example" in line]
    bench.expect("Subject: a probe" in bench.mailbox("mate", "mx.petrel.example"), "it is not there", tried)


@check(1, hint="Whom do you keep apart, the slow or one of the quick?", manual="postconf(5), transport_maps")
def nobody_else_waits(bench: Bench) -> None:
    """A letter of another writer's to another domain is tried within ten seconds, just after the mailing."""
    to = "ann@brisk.example"
    bench.world.zones.read("brisk.example. IN MX 10 mx.quick.example.\n")
    bench.world.run("11:00:35")
    bench.letter("192.168.1.20", "bob@domain.ork", to).accepted()
    bench.world.run(bench.world.now + 10)
    tried = [line for line in bench.log() if f"to=<{to}>" in line and "relay=mx.quick.example" in line]
    bench.expect(bool(tried), f"after ten seconds nobody has called there with the letter to {to}")
