"""Sites write, retry as their software does, read and answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from simmail.mail.errors import InputError
from simmail.world.actors.ladder import ladder
from simmail.world.trace import Deed, steps
from simmail.world.world import World

FRIENDS = """\
actors:
  friends:
    kind: sites
    site: internet
    count: 10
    domain: friend{n}.example
    addresses: 198.18.0.0/24
    writes_to: [alice@domain.ork]
    per_day: 10
    software: SOFTWARE
"""


def test_mail_of_sites_arrives(small: Callable[..., World]) -> None:
    """Ten sites write some hundred messages on a Monday; all get to the mailbox, most in office hours."""
    world = small(FRIENDS.replace("SOFTWARE", "mixed"))
    world.run("1d")
    account = world.results.account
    ends = Counter(fate.state for fate in account.fates)
    assert 70 < ends["delivered"] < 130
    assert set(ends) == {"delivered"}
    hours = Counter(int(fate.written // 3600) for fate in account.fates)
    assert sum(hours[hour] for hour in range(8, 18)) > 0.7 * sum(hours.values())


@pytest.mark.parametrize("software", ["postfix", "exim", "never"])
def test_a_refused_message_is_tried_by_the_ladder(small: Callable[..., World], software: str) -> None:
    """While the server says 450, each message is offered at the ages of its sender's ladder, and no oftener."""
    world = small(
        FRIENDS.replace("SOFTWARE", software).replace("count: 10", "count: 1"),
        "smtpd_recipient_restrictions = reject_unauth_destination, defer\n",
    )
    world.run("1d")
    tries: dict[str, list[float]] = {}
    for record in world.results.records:
        if record.event == "attempted":
            tries.setdefault(record.fields[0], []).append(record.time)
    assert tries
    for times in tries.values():
        ages = [time - times[0] for time in times]
        expected = [0.0, *ladder(software)][: len(ages)]
        assert ages == pytest.approx(expected, abs=2)


@pytest.mark.parametrize(("software", "addresses"), [("gmail", 7), ("mailru", 5), ("hotmail", 1), ("exchange", 1)])
def test_pools_come_back_from_other_addresses(small: Callable[..., World], software: str, addresses: int) -> None:
    """A webmail provider's tries come from one machine after the other, an office's from the one it has."""
    world = small(
        FRIENDS.replace("SOFTWARE", software).replace("count: 10", "count: 1"),
        "smtpd_recipient_restrictions = reject_unauth_destination, defer\n",
    )
    world.run("1d")
    clients: dict[str, set[str]] = {}
    for record in world.results.records:
        if record.event == "refusal":
            *_, client, _, _, _, _, helo, _ = record.fields
            clients.setdefault(helo, set()).add(client.rpartition("[")[2])
    assert [len(found) for found in clients.values()] == [addresses]
    fates = {fate.state for fate in world.results.account.fates}
    assert fates
    assert fates <= {"given up", "waiting"}


def test_some_honest_sites_have_unclean_names(small: Callable[..., World]) -> None:
    """Shares of the figures greet with a name that is none, or have no reverse name, and lose where that counts."""
    strict = "smtpd_helo_required = yes\nsmtpd_helo_restrictions = reject_unknown_helo_hostname\n"
    figures = "figures:\n  site.helo_wrong: 0.3\n  site.without_ptr: 0.3\n"
    for main_cf in (strict, "smtpd_client_restrictions = reject_unknown_reverse_client_hostname\n"):
        world = small(FRIENDS.replace("SOFTWARE", "qmail").replace("count: 10", "count: 20") + figures, main_cf)
        world.run("10h")
        ends = Counter(fate.state for fate in world.results.account.fates)
        assert 0.1 < ends["waiting"] / sum(ends.values()) < 0.5, ends


def test_a_message_that_was_put_off_has_its_tries_in_its_story(small: Callable[..., World]) -> None:
    """Each try of a sender that is no Postfix is a step of the message's way, the last of them to the server."""
    world = small(
        FRIENDS.replace("SOFTWARE", "exim").replace("count: 10", "count: 1"),
        "smtpd_recipient_restrictions = reject_unauth_destination, defer\n",
    )
    world.run("12h")
    identity = next(r.fields[0] for r in world.results.records if r.event == "attempted")
    host = world.host("mail.domain.ork")
    host.edit("main.cf", smtpd_recipient_restrictions="reject_unauth_destination")
    host.sh("postfix reload")
    world.run("1d")
    way = steps(world.results, identity)
    tries = [r for r in world.results.records if r.event == "attempted" and r.fields[0] == identity]
    assert len(tries) > 3
    expected = [Deed.WRITTEN, *[Deed.WAITS] * (len(tries) - 1), Deed.PASSED, Deed.DELIVERED]
    assert [step.deed for step in way] == expected
    assert way[1].text.startswith("450")
    assert way[-2].target == "mail.domain.ork"


def test_an_innocent_answer_does_not_depend_on_others(small: Callable[..., World]) -> None:
    """What a site's people write is the same whatever the server does with it (common random numbers)."""
    open_, shut = (
        small(FRIENDS.replace("SOFTWARE", "exim")),
        small(FRIENDS.replace("SOFTWARE", "exim"), "smtpd_client_restrictions = reject\n"),
    )
    written = []
    for world in (open_, shut):
        world.run("1d")
        written.append([(r.time, r.fields) for r in world.results.records if r.event == "composed"])
    assert written[0] == written[1]
    assert written[0]


def test_mistakes_in_actors_are_told_with_their_place(small: Callable[..., World]) -> None:
    """A network that is none, and a kind that does not exist."""
    with pytest.raises(InputError, match=r"actors\.friends\.addresses: '198.18.0/24' does not"):
        small(FRIENDS.replace("SOFTWARE", "exim").replace("198.18.0.0/24", "198.18.0/24"))
    with pytest.raises(InputError, match=r"world.yaml:17: actors.friends.count: 'ten' is no whole number"):
        small(FRIENDS.replace("SOFTWARE", "exim").replace("count: 10", "count: ten"))
    with pytest.raises(InputError, match=r"world.yaml:\d+: actors.friends: there is no kind 'saints'"):
        small(FRIENDS.replace("SOFTWARE", "exim").replace("kind: sites", "kind: saints"))


@pytest.mark.parametrize(
    "main_cf",
    [
        "header_checks = pcre:{{/^Subject:/ DISCARD}}\n",
        "smtpd_sender_restrictions = check_sender_access inline:{{friend1.example = DISCARD}}\n",
    ],
)
def test_mail_that_is_thrown_away_is_counted(small: Callable[..., World], main_cf: str) -> None:
    """The sender hears 250; the truth is told all the same."""
    world = small(FRIENDS.replace("SOFTWARE", "exim").replace("count: 10", "count: 1"), main_cf)
    world.run("1d")
    assert {fate.state for fate in world.results.account.fates} == {"discarded"}


@pytest.mark.parametrize(
    ("main_cf", "waits"),
    [
        ("body_checks = pcre:{{/./ REJECT}}\n", False),
        ("message_size_limit = 1000\nsmtpd_discard_ehlo_keywords = size\n", False),
        ("body_checks = pcre:{{/./ HOLD}}\n", True),
    ],
)
def test_refused_mail_is_in_no_queue(small: Callable[..., World], main_cf: str, waits: bool) -> None:
    """What is refused after its content has never been in the queue; what is held is there, as the spool says."""
    world = small(FRIENDS.replace("SOFTWARE", "exim").replace("count: 10", "count: 1"), main_cf)
    world.run("1d")
    master = world.host("mail.domain.ork").master
    assert master is not None
    there = len(master.spool.queue("hold"))
    assert bool(there) is waits
    last = [row[2] for row in world.results.queue_rows if row[1] == "mail.domain.ork"][-1:]
    assert last == ([there] if waits else [])
