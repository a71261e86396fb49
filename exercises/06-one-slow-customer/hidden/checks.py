"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

#: For as many processes of the smtp program the machine has memory.
MEMORY = 15


@check(1, hint="All transports together have to fit into the machine.", manual="postconf(5), default_process_limit")
def the_machine_has_room(bench: Bench) -> None:
    """At no time are more than fifteen letters under way at once."""
    bench.world.run("11:42")
    changes = []
    for record in bench.world.results.records:
        if record.event == "delivery" and record.host == bench.study and record.program == "smtp":
            _, _, connecting, sending = record.get("delays")
            changes += [(record.time, -1), (record.time - connecting - sending, 1)]
    most = now = 0
    for _, step in sorted(changes):
        now += step
        most = max(most, now)
    bench.expect(most <= MEMORY, f"{most} were under way at once")


@check(1, hint="How many smtpd processes are there, and how many may one client have?", manual="STRESS_README")
def one_client_has_not_all_the_door(bench: Bench) -> None:
    """While a stranger holds a dozen silent connections, the office's letter is taken at once."""
    bench.world.run("11:01")
    for _ in range(12):
        bench.world.telnet("stranger.example", bench.study)
    begun = bench.world.now
    bench.letter("192.168.1.20", "alice@domain.ork", "postmaster@domain.ork").accepted()
    late = bench.world.now - begun
    bench.expect(late < 5, f"the office was kept at the door for {late:.0f} seconds")
