"""A list sends on what its members write, in its own name, and parts with members whose mail comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from simmail.world.actors.mailing_list import MailingList
from simmail.world.world import World

LIST = """\
actors:
  friends:
    kind: sites
    site: internet
    count: 2
    domain: friend{n}.example
    addresses: 198.18.0.0/24
  talk:
    kind: mailing-list
    site: internet
    domain: lists.example
    name: talk
    address: 198.18.9.1
    members: [alice@domain.ork, bob@domain.ork, ann@friend1.example, MEMBER]
"""
NETWORKS = "mynetworks = 192.0.2.10, 127.0.0.0/8\n"
PEOPLE = """\
people:
  alice: {address: alice@domain.ork, computer: mail.domain.ork, submits_to: mail.domain.ork, fetches: 10m}
"""


def talk(world: World) -> MailingList:
    """The list."""
    found = world.actors["talk"]
    assert isinstance(found, MailingList)
    return found


def test_a_post_goes_to_all_members(small: Callable[..., World]) -> None:
    """Each member has one copy, with the list's sender and header; the story counts both the post and the copies."""
    world = small(LIST.replace("MEMBER", "ben@friend2.example") + PEOPLE, NETWORKS)
    alice = world.people["alice"]
    draft = alice.send("talk@lists.example", "Lunch?", "Soup, I hear.")
    world.run("1h")
    ends = {
        (fate.sender, fate.recipient): fate.state
        for fate in world.results.account.fates
        if fate.identity == draft.identity
    }
    members = ("alice@domain.ork", "bob@domain.ork", "ann@friend1.example", "ben@friend2.example")
    assert ends == {("alice@domain.ork", "talk@lists.example"): "delivered"} | {
        ("owner-talk@lists.example", member): "delivered" for member in members
    }
    (letter,) = alice.inbox
    assert letter.header("List-Id") == "<talk.lists.example>"
    assert letter.header("Return-Path") == "<owner-talk@lists.example>"
    assert letter.answers_to == "alice@domain.ork"
    world.conservation().demand()


def test_strangers_wait_for_a_moderator(small: Callable[..., World]) -> None:
    """Who is no member reaches nobody."""
    world = small(LIST.replace("[alice@domain.ork, ", "[").replace("MEMBER", "ben@friend2.example") + PEOPLE, NETWORKS)
    world.people["alice"].send("talk@lists.example", "Buy!", "Now.")
    world.run("1h")
    assert talk(world).held == 1
    assert [fate.recipient for fate in world.results.account.fates] == ["talk@lists.example"]


def test_a_member_whose_mail_comes_back_is_parted_with(small: Callable[..., World]) -> None:
    """Six days with a bounce, whether told in the session or by a notice; two bounces a day are one."""
    world = small(LIST.replace("MEMBER", "gone@domain.ork") + PEOPLE, NETWORKS + "local_recipient_maps =\n")
    alice = world.people["alice"]
    for day in range(6):
        assert "gone@domain.ork" in talk(world).members
        for hour in (9, 11):
            world.run(f"{day}d {hour}:00")
            alice.send("talk@lists.example", f"day {day}", "still there?")
    world.run("6d")
    assert "gone@domain.ork" not in talk(world).members
    assert [r.fields for r in world.results.records if r.event == "unsubscribed"] == [
        ("talk@lists.example", "gone@domain.ork")
    ]


def test_a_newsletter_comes_to_all_at_once(small: Callable[..., World]) -> None:
    """And nobody answers it."""
    world = small(LIST.replace("MEMBER", "ben@friend2.example") + "    issues_per_week: 20\n")
    world.run("1d")
    fates = world.results.account.fates
    assert {fate.kind for fate in fates} == {"newsletter"}
    issues = Counter(fate.identity for fate in fates)
    assert issues
    assert set(issues.values()) == {4}
