"""What spammers do is found by nobody's script: it follows from what a server lets them."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import pytest

from simmail.world.actors.blocklist import Blocklist
from simmail.world.actors.bots import Bots
from simmail.world.actors.forms import Form
from simmail.world.actors.relays import Scanners
from simmail.world.world import World
from tests.world.actors.conftest import WORLD, ZONE

OURS = "alice@domain.ork"
LIST = """\
actors:
  list:
    kind: blocklist
    site: internet
    zone: bl.example
    address: 198.18.250.1
    traps: [trap.example]
    lasts: 6h
"""
BOTS = """\
  campaign:
    kind: bots
    site: internet
    addresses: 198.19.0.0/24
    targets: [alice@domain.ork, joe@trap.example]
    per_day: 400
    forges: [friend1.example]
"""
RELAY = """\
  scanners: {kind: scanners, site: internet, address: 198.19.9.1, sweeps: [192.0.2.0/24], tells: [spammers]}
  spammers:
    kind: spammers
    site: internet
    address: 198.19.9.9
    count: 2
    per_hour: 30
    targets: [ann@friend1.example, ben@friend1.example, joe@trap.example]
  friends:
    kind: sites
    site: internet
    domain: friend{n}.example
    addresses: 198.18.0.0/24
"""
FORM = """\
  form:
    kind: form
    site: internet
    host: mail.domain.ork
    script: SCRIPT
    writes_to: alice@domain.ork
    address: 198.19.9.20
    abusers: 2
    targets: [ann@friend1.example, joe@trap.example]
    attempts_per_day: 500
"""


def taken(world: World) -> int:
    """Unwanted messages that reached a mailbox."""
    return int(world.results.account.figures["unwanted"].get("delivered", 0))


def test_bots_that_hit_a_trap_are_listed_and_refused(small: Callable[..., World]) -> None:
    """A server that asks the list lets in less spam than one that does not, from the same campaign."""
    asking = "smtpd_recipient_restrictions = reject_unauth_destination, reject_rbl_client bl.example\n"
    worlds = [small(LIST + BOTS), small(LIST + BOTS, asking)]
    for world in worlds:
        world.run("1d")
    blocklist = worlds[1].actors["list"]
    assert isinstance(blocklist, Blocklist)
    assert blocklist.listed
    composed = [[r.fields[0] for r in w.results.records if r.event == "composed"] for w in worlds]
    assert composed[0] == composed[1]
    assert taken(worlds[1]) < taken(worlds[0])


def test_a_listing_ends_some_time_after_the_last_spam(small: Callable[..., World]) -> None:
    """An address that stops sending is taken off the list, and the zone forgets it."""
    world = small(LIST + BOTS + "    until: 3h\n")
    world.run("1d")
    blocklist = world.actors["list"]
    assert isinstance(blocklist, Blocklist)
    assert [r for r in world.results.records if r.event == "listed"]
    assert blocklist.listed == {}
    assert world.zones.lookup("1.0.19.198.bl.example", "A").status == "nxdomain"


def test_a_list_shows_that_it_lives_and_how_it_ends(small: Callable[..., World]) -> None:
    """Its test point is listed while it lives; silent, nothing is; answering for everybody, all is, with a text."""
    ends = "    closes: [{at: 1h, how: empty}, {at: 2h, how: everybody, text: gone}]\n"
    world = small(LIST + ends)

    def listed(address: str) -> bool:
        reverse = ".".join(reversed(address.split(".")))
        return bool(world.zones.lookup(f"{reverse}.bl.example", "A").records)

    seen = []
    for moment in ("30min", "90min", "150min"):
        world.run(moment)
        seen.append((listed("127.0.0.2"), listed("127.0.0.1"), listed("198.51.100.7")))
    assert seen == [(True, False, False), (False, False, False), (True, True, True)]
    assert world.zones.lookup("1.0.0.127.bl.example", "TXT").records[0].data == "gone"


@pytest.mark.parametrize(("mynetworks", "found"), [("0.0.0.0/0", True), ("192.168.0.0/16", False)])
def test_an_open_relay_is_found_used_and_listed(small: Callable[..., World], mynetworks: str, found: bool) -> None:
    """Discovery, relayed spam and a listing follow from one line of mynetworks, and from nothing else."""
    world = small(LIST + RELAY, f"mynetworks = {mynetworks}\n")
    world.run("1d")
    scanners = world.actors["scanners"]
    assert isinstance(scanners, Scanners)
    assert bool(scanners.found) is found
    what = [r.event for r in world.results.records if r.event in ("found", "listed")]
    assert what == (["found", "listed"] if found else [])


@pytest.mark.parametrize(("script", "abused"), [("flawed", True), ("mended", False), ("honeypot", False)])
def test_a_flawed_form_is_abused(small: Callable[..., World], script: str, abused: bool) -> None:
    """The flawed script sends spam although mynetworks is right; the honeypot counts and sends none."""
    world = small(LIST + FORM.replace("SCRIPT", script) + RELAY.partition("  friends")[2].join(["  friends", ""]))
    world.run("1d")
    form = world.actors["form"]
    assert isinstance(form, Form)
    kinds = list(world.truth.kinds.values())
    assert (kinds.count("spam") > 100) is abused
    assert (form.attempts > 100) is (script != "mended")


def test_a_honeypot_counts_a_day_of_one_abuser(small: Callable[..., World]) -> None:
    """The course's figure, 200,000 attempts in the first day, and not a message of them."""
    form = (
        FORM.replace("SCRIPT", "honeypot")
        .replace("abusers: 2", "abusers: 1")
        .replace("attempts_per_day: 500", "visitors_per_day: 0")
    )
    world = small("actors:\n" + form)
    world.run("1d")
    honeypot = world.actors["form"]
    assert isinstance(honeypot, Form)
    found = next(record.time for record in world.results.records if record.event == "found")
    assert honeypot.attempts == pytest.approx(200_000 * (1 - found / 86_400), rel=0.02)
    assert "spam" not in world.truth.kinds.values()
    assert not [record for record in world.results.records if record.event == "connect"]


def test_bots_learn_to_come_back(small: Callable[..., World]) -> None:
    """Put off by a server that defers everybody, an owner who adapts teaches his bots to retry."""
    world = small("actors:\n" + BOTS + "    adapts: [retry]\n", "smtpd_client_restrictions = defer\n")
    world.run("6h")
    bots = world.actors["campaign"]
    assert isinstance(bots, Bots)
    assert bots.learned == {"retry"}


@pytest.mark.parametrize(("calls", "server"), [("best", "192.0.2.10"), ("last", "192.0.2.11")])
def test_bots_choose_which_server_they_call_first(small: Callable[..., World], calls: str, server: str) -> None:
    """Some prefer a domain's last MX; a forged sender may be the address of somebody who exists."""
    campaign = BOTS.replace("forges: [friend1.example]", f"forges: [vera@friend1.example]\n    calls: {calls}")
    second = "domain.ork. IN MX 20 second.domain.ork.\nsecond.domain.ork. IN A 192.0.2.11\n"
    world = small("actors:\n" + campaign, world=WORLD.replace("192.0.2.10", "[192.0.2.10, 192.0.2.11]"), zone=second)
    world.run("6h")
    assert {r.fields[1] for r in world.results.records if r.event == "attempted" and r.fields[2] == OURS} == {server}
    senders = {r.fields[1] for r in world.results.records if r.event == "composed"}
    assert {sender for sender in senders if not sender.endswith(".invalid")} == {"vera@friend1.example"}


def test_impatient_bots_hang_up_in_a_tarpit(small: Callable[..., World]) -> None:
    """Who guesses and is slowed down beyond its patience is gone, and keeps no process of the server waiting."""
    guessers = BOTS.replace("per_day", "breed: dictionary\n    per_day")
    world = small("actors:\n" + guessers, "smtpd_soft_error_limit = 3\nsmtpd_error_sleep_time = 12s\n")
    world.run("3h")
    log = world.host("mail.domain.ork").sh("grep -e 'lost connection' -e 'timeout after' /var/log/maillog").stdout
    assert "lost connection after RCPT" in log
    assert "timeout" not in log


def test_a_pc_talks_early_always_or_never(small: Callable[..., World]) -> None:
    """Its engine decides, not the message: at postscreen the same addresses fail each time."""
    world = small(
        "actors:\n" + BOTS.replace("per_day", "count: 10\n    per_day"), "postscreen_greet_action = enforce\n"
    )
    host = world.host("mail.domain.ork")
    host.sh("postconf -M 'smtp/inet=smtp inet n - n - 1 postscreen' 'smtpd/pass=smtpd pass - - n - - smtpd'")
    host.sh("postfix reload")
    world.run("12h")
    early, patient = (
        set(host.sh(f"grep '{word}' /var/log/maillog | grep -o '198[.0-9]*' | sort -u").stdout.split())
        for word in ("PREGREET", "PASS")
    )
    assert early
    assert patient
    assert not early & patient


PEOPLE = """\
people:
  alice: {address: alice@domain.ork, computer: mail.domain.ork, submits_to: mail.domain.ork}
"""
FRIENDS = """\
  friends:
    kind: sites
    site: internet
    count: 4
    domain: friend{n}.example
    addresses: 198.18.0.0/24
    writes_to: [alice@domain.ork, bob@domain.ork]
    per_day: 12
"""


@pytest.mark.parametrize(
    ("of_list", "of_host", "rule", "refused"),
    [
        ("", "resolver_public: true", "bl.example", False),
        ("refuses_public: true", "", "bl.example", False),
        ("refuses_public: true", "resolver_public: true", "bl.example", True),
        ("refuses_public: true", "resolver_public: true", "bl.example=127.0.0.2", False),
        ("free_queries: 0", "", "bl.example", True),
        ("free_queries: 0", "", "bl.example=127.0.0.2", False),
        ("free_queries: 1000", "", "bl.example", False),
        ("answers_in: 20s", "", "bl.example", False),
    ],
)
def test_a_list_refuses_who_asks(
    small: Callable[..., World], of_list: str, of_host: str, rule: str, refused: bool
) -> None:
    """Over its limit, or by way of a public resolver, it lists everybody for who does not look at the answer."""
    more = (f"    {of_list}\n" if of_list else "") + FRIENDS
    world = WORLD.replace("    address: 192.0.2.10\n", f"    address: 192.0.2.10\n    {of_host}\n")
    run = small(
        LIST + more, f"smtpd_recipient_restrictions = reject_unauth_destination, reject_rbl_client {rule}\n", 1, world
    )
    run.run("1d")
    states = {fate.state for fate in run.results.account.fates}
    assert states == ({"refused"} if refused else {"delivered"})


def test_a_slow_list_holds_up_each_message(small: Callable[..., World]) -> None:
    """Mail waits for a list that takes seconds to answer, and comes through."""
    asking = "smtpd_recipient_restrictions = reject_unauth_destination, reject_rbl_client bl.example\n"
    for seconds in (1, 8):
        world = small(LIST + f"    answers_in: {seconds}s\n" + FRIENDS, asking)
        world.run("12h")
        assert seconds < median(fate.delay or 0.0 for fate in world.results.account.fates) < seconds + 1


def test_a_provider_remembers_who_sent_spam(small: Callable[..., World]) -> None:
    """A relay that was closed at noon is refused by those who got its spam, hours later, and heard again in the end."""
    more = RELAY.replace("per_hour: 30", "per_hour: 8") + "    remembers: true\n" + PEOPLE
    world = small("actors:\n" + more, "mynetworks = 0.0.0.0/0\n")
    world.run("12:00")
    mail = world.host("mail.domain.ork")
    mail.edit("main.cf", mynetworks="127.0.0.0/8, 192.0.2.10")
    mail.sh("postfix reload")
    alice = world.people["alice"]
    written = []
    for moment in ("12:30", "1d 6:00", "3d 12:00"):
        world.run(moment)
        written.append(alice.send("cleo@friend1.example", "Still friends?").identity)
    world.run("4d")
    spam = [f.ended for f in world.results.account.fates if f.kind == "spam" and f.state == "delivered" and f.ended]
    refused = [f.ended for f in world.results.account.fates if "complaints of our users" in f.reason and f.ended]
    assert min(refused) > min(spam) + 2 * 3600
    fates = {fate.identity: fate for fate in world.results.account.fates}
    assert [fates[identity].state for identity in written] == ["bounced", "bounced", "delivered"]
    assert "complaints of our users" in fates[written[0]].reason


@pytest.mark.parametrize(
    ("site", "pointer", "state"),
    [
        ("refuses_no_name: true", "", "bounced"),
        ("refuses_no_name: true", "mail.domain.ork.", "delivered"),
        ("refuses_dynamic: true", "dsl-192-0-2-10.access.example.", "bounced"),
        ("refuses_dynamic: true", "mail.domain.ork.", "delivered"),
    ],
)
def test_a_name_decides(small: Callable[..., World], site: str, pointer: str, state: str) -> None:
    """Sites that mind refuse who has no reverse name, or one that looks like a dialled line."""
    zone = ZONE.partition("10.2.0")[0] + (f"10.2.0.192.in-addr.arpa. IN PTR {pointer}\n" if pointer else "")
    friends = FRIENDS.partition("    writes_to")[0]
    world = small(f"actors:\n{friends}    {site}\n{PEOPLE}", "mynetworks = 192.0.2.10\n", zone=zone, own=True)
    world.people["alice"].send("ann@friend1.example", "Hello")
    world.run("1h")
    assert [fate.state for fate in world.results.account.fates] == [state]
