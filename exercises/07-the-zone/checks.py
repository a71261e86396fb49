"""What must hold of a domain's names."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

OFFICE, PROVIDER, OUTSIDE = "mail.domain.ork", "backup.provider.example", "mail.strict.example"
OLD, NEW = "192.0.2.10", "198.51.100.10"
#: When the server moves, seconds from the start.
MOVED_S = 3600.0
SUBJECT = "Subject: a probe"


def _written(bench: Bench, to: str) -> None:
    """Somebody outside writes; the letter is in the queue of a server there."""
    bench.letter("desk.strict.example", "joe@strict.example", to, host=OUTSIDE).accepted()


def _exchangers(bench: Bench) -> list[str]:
    """The names that the domain's mail is sent to."""
    return [mx.data or "." for mx in bench.world.zones.lookup("domain.ork", "MX").records]


def _move(bench: Bench) -> None:
    """Give each name that mail is sent to the server's new address, and switch the old one off."""
    zones = bench.world.zones
    names = ("mail.domain.ork", "domain.ork", *_exchangers(bench))
    addresses = [address for name in names for address in zones.lookup(name, "A").records if address.data == OLD]
    for owner in dict.fromkeys(address.name for address in addresses):
        zones.remove(owner, "A")
        zones.read(f"{owner}. 300 IN A {NEW}\n", ".", "moved.zone")
    bench.world.host(OFFICE).crash()


def _came_from(bench: Bench, host: str) -> list[str]:
    """The clients that have brought mail to a host, by its log."""
    return [line for line in bench.log(host) if ": client=" in line]


@check(2, hint="Which number is tried first?", manual="RFC 5321, section 5.1")
def own_server_first(bench: Bench) -> None:
    """A letter from outside comes straight to the office's own server, and at once."""
    _written(bench, "alice@domain.ork")
    bench.arrives("alice", SUBJECT, OFFICE, within=60.0)
    bench.expect(not _came_from(bench, PROVIDER), "it made the detour by way of the backup", bench.log(PROVIDER)[-6:])


@check(2, hint="Whom does a sender try when the first server does not answer?", manual="RFC 5321, section 5.1")
def backup_when_down(bench: Bench) -> None:
    """While the office's server is down, mail waits at the provider's, and comes when it is up again."""
    bench.world.host(OFFICE).crash()
    _written(bench, "alice@domain.ork")
    bench.world.run(600.0)
    bench.expect(bool(_came_from(bench, PROVIDER)), "the provider's server was not given it", bench.log(OUTSIDE)[-6:])
    bench.world.host(OFFICE).boot()
    bench.arrives("alice", SUBJECT, OFFICE, within=7200.0)


@check(1, hint="May an MX point to an alias, or to a name without an address?", manual="RFC 2181, section 10.3")
def no_alias_takes_mail(bench: Bench) -> None:
    """What the domain's MX records name are hosts with addresses, and no aliases (CNAME)."""
    for name in _exchangers(bench):
        said = bench.sh(f"host -t cname {name}", OUTSIDE)
        bench.expect("is an alias for" not in said, f"{name}, named by an MX, is an alias", said.splitlines())
        said = bench.sh(f"host -t a {name}", OUTSIDE)
        bench.expect("has address" in said, f"{name}, named by an MX, has no address", said.splitlines())


@check(
    2,
    hint="Which name has the server's address, and which address has that name?",
    manual="postconf(5), reject_unknown_client_hostname",
)
def office_is_heard(bench: Bench) -> None:
    """What the office writes is taken by a server that insists on names."""
    bench.letter("192.168.1.20", "alice@domain.ork", "joe@strict.example").accepted()
    bench.arrives("joe", SUBJECT, OUTSIDE, within=60.0)


@check(2, hint="There is a record that says: no mail here.", manual="RFC 7505")
def the_web_site_takes_no_mail(bench: Bench) -> None:
    """A letter to somebody at www.domain.ork is returned at once, since DNS says that it takes no mail."""
    _written(bench, "info@www.domain.ork")
    bench.arrives("joe", "Undelivered Mail Returned to Sender", OUTSIDE, within=60.0)
    why = [line for line in bench.log(OUTSIDE) if "to=<info@www.domain.ork>" in line]
    bench.expect("does not accept mail (nullMX)" in "".join(why), "it was returned for another reason", why)


@check(2, hint="For how long may others remember the address?", manual="RFC 1035, section 3.2.1")
def after_the_move(bench: Bench) -> None:
    """Ten minutes after the server has moved to 198.51.100.10, mail finds it there, and without a detour."""
    world = bench.world
    # whoever asks at the last moment remembers the old address for longest
    world.run(MOVED_S - 0.5)
    bench.sh(f"host -t mx domain.ork; for name in {' '.join(_exchangers(bench))}; do host $name; done", OUTSIDE)
    world.run(MOVED_S)
    _move(bench)
    world.run(world.now + 600.0)
    _written(bench, "alice@domain.ork")
    bench.arrives("alice", SUBJECT, "moved.domain.ork", within=60.0)
    bench.expect(not _came_from(bench, PROVIDER), "it was still looked for at the old address", bench.log(OUTSIDE)[-6:])
