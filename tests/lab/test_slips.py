"""What is mistyped in a notebook is told in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

import simmail
from simmail.mail.errors import InputError


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (lambda w: w.people["bert"], r"person 'bert': is not in this world; there are: alice"),
        (lambda w: w.people["alice"].get_mail()[-1], r"alice's mail: nothing has come; let time pass"),
        (lambda w: w.host("mail.domain.ork").write("main.cf", ["a"]), r"mail.domain.ork:main.cf: \['a'\] is no text"),
        (
            lambda w: w.people["alice"].reply("Yes", "of course"),
            r"alice: reply: 'Yes' is no letter; give one of .inbox",
        ),
        (lambda w: w.host("mail.domain.ork").sh(5), r"mail.domain.ork: sh: 5 is no command line; write it as a text"),
        (lambda w: w.host("mail.domain.ork").sh("cat", stdin=b"x"), r"mail.domain.ork: stdin: b'x' is no text"),
        (
            lambda w: w.host("mail.domain.ork").edit("main.cf", body_checks={"a"}),
            r"mail.domain.ork: body_checks: \{'a'\} is no value; write it as in main.cf",
        ),
        (lambda w: w.telnet("pc1.domain.ork", "mail.domain.ork").type(5), r"telnet: 5 is no line; write it as a text"),
        (lambda w: w.people["alice"].send("bob@x.example", "s", 5), r"text: 5 is no text"),
        (lambda w: w.people["alice"].send("bob@x.example", "s", "t", ["x.zip"]), r"attach: \['x.zip'\] is no list of"),
        (lambda w: w.people["alice"].send("bob@x.example", "s", "t", [("x.zip", 3e6)]), r"attach: .* whole numbers"),
        (lambda w: simmail.plot.counted(w, "infected"), r"worlds: <.*> is no table; write {\"as it is\": world}"),
        (lambda w: simmail.plot.queues(w, w.host("mail.domain.ork")), r"host <.*>: is no name; write it in quotation"),
        (simmail.lint, r"<.*>: is no host; name one, as in world.host"),
        (
            lambda w: simmail.explain(w.host("mail.domain.ork"), client=5, sender="", recipient="a@b.c"),
            r"--client: 5 is no text; write it in quotation marks",
        ),
        (lambda w: simmail.load("10-att"), r"world '10-att': is an exercise; make a copy of it: simmail start 10-"),
        (lambda w: w.run(float("nan")), r"time: nan is no length of time, and no time of day; write 90s, 1h30m, 9:05"),
        (lambda w: w.run(float("inf")), r"time: inf is no length of time"),
        (lambda w: w.run(-5), r"time: -5 is before the world's start, 09:00; write seconds after it"),
        (lambda w: simmail.journey(w, None), r"message None: is no Message-ID; write it as a text"),
        (lambda w: simmail.plot.journey(w, None), r"message None: is no Message-ID; write it as a text"),
        (
            lambda w: simmail.journey(w, w.people["alice"].send("bob@x.example")),
            r"'', outbox>: is no Message-ID; write its",
        ),
        (
            lambda w: w.telnet(w.host("mail.domain.ork"), "localhost"),
            r"mail server>: is no name; write it in quotation",
        ),
        (lambda w: w.telnet("pc1.domain.ork", w.host("mail.domain.ork")), r"mail server>: is no name; write it as"),
        (lambda w: w.telnet("pc1.domain.ork", "mail.domain.ork", "smtp"), r"port 'smtp': is no number; write 25"),
        (lambda w: w.host("mail.domain.ork").sh("id", user="bert"), r"mail.domain.ork: user 'bert': has no account"),
        (lambda w: w.zones.remove("domain.ork", "XM"), r"domain.ork: type: 'XM' is none; write A, AAAA"),
        (
            lambda w: w.zones.faults.__setitem__("ork", "dead"),
            r"fault of 'ork': 'dead' is none; write timeout, servfail",
        ),
        (lambda w: simmail.load(1), r"world 1: is no name; write it as a text: '01'"),
        (
            lambda w: simmail.panel("01", "mail.domain.ork", {"relayhost": "mx"}),
            r"panel: relayhost: 'mx' is no list; write \{'parameter': \['a value', 'another'\]\}",
        ),
        (
            lambda w: simmail.panel("01", "mail.domain.ork", ["relayhost"]),
            r"panel: settings: \['relayhost'\] is no table",
        ),
        (lambda w: w.host("mail.domain.ork").sh("cat", stdin=["a"]), r"mail.domain.ork: stdin: \['a'\] is no text"),
        (lambda w: w.zones.read(["a"]), r"zone: \['a'\] is no text; write the zone's lines as one text"),
        (lambda w: simmail.load("05", policy=1), r"policy 1: is no name; write it as a text: 'after'"),
        (lambda w: simmail.load("05", "after"), r"seed 'after': is no whole number; write seed=2; a policy"),
        (lambda w: simmail.load("05", policy="none"), r"'none': is not there; there are: .*; without one"),
        (lambda w: simmail.plot.queues("01"), r"world '01': is none; give what simmail.load\('01'\) returns"),
        (lambda w: simmail.plot.states(w.host("mail.domain.ork"), "mail.domain.ork"), r"mail server>: is none; give"),
        (lambda w: simmail.journey("01", "<x@y>"), r"world '01': is none"),
        (lambda w: simmail.animation(w, seconds=0), r"animation: seconds: 0 is no length of time; write 20"),
        (lambda w: w.people["alice"].send(5), r"alice: to: 5 is no text"),
        (lambda w: w.people["alice"].send("bob@x.example", ["a"]), r"alice: subject: \['a'\] is no text"),
        (lambda w: w.people["alice"].send(""), r"to: nobody to send to; name an address"),
        (lambda w: w.run("9:5"), r"time: '9:5' is no length of time, and no time of day; write 90s, 1h30m, 9:05 or"),
        (lambda w: w.people["alice"].inbox[-1], r"inbox: has 0 letters; get_mail\(\) fetches what has come"),
        (lambda w: w.run("8:00"), r"time: '8:00' is before the world's start, 09:00"),
    ],
)
def test_a_slip_is_a_sentence(slip: Any, words: str) -> None:
    """Who asks for what is not there learns what there is."""
    world = simmail.load("01")
    with pytest.raises(InputError, match=words):
        slip(world)


def test_no_mail_is_still_a_list() -> None:
    """Nothing, of length 0, and no end of it when gone through."""
    letters = simmail.load("01").people["alice"].get_mail()
    assert list(letters) == letters == []
    with pytest.raises(IndexError):
        letters[0]


def test_a_list_of_values_is_written_with_commas() -> None:
    """As main.cf has lists; whatever is typed at the prompt."""
    host = simmail.load("01").host("mail.domain.ork")
    host.edit("main.cf", mynetworks=["127.0.0.0/8", "192.168.1.20"])
    assert host.sh("postconf -h mynetworks").stdout == "127.0.0.0/8, 192.168.1.20\n"


def test_a_world_s_parts_show_themselves() -> None:
    """In a cell that ends with one of them stands what is in it."""
    world = simmail.load("01")
    world.run("9:20")
    world.zones.faults["x.example"] = "timeout"
    assert "1 message written: 1 delivered" in repr(world.results)
    assert "wanted {'delivered': 1}" in repr(world.results.account)
    assert repr(world.zones).endswith(" names; faults: {'x.example': 'timeout'}>")


def test_several_addresses_in_a_text() -> None:
    """With commas between them, as in a mail program's line."""
    world = simmail.load("01")
    draft = world.people["alice"].send("alice@domain.ork, taxes@creativeacct.com", "Minutes", "Here they are.")
    world.run("9:02")
    assert (draft.recipients, draft.state) == (("alice@domain.ork", "taxes@creativeacct.com"), "sent")


def test_a_moment_that_is_over_is_warned_of() -> None:
    """Nothing happens, and how to go on is said."""
    world = simmail.load("01")
    world.run("9:20")
    with pytest.warns(UserWarning, match=r"it is Mon 09:20:00 already, .* write world.run\(world.now \+ 300\)"):
        world.run("5m")
    assert world.now == 1200


def test_a_number_is_the_name_of_a_lab() -> None:
    """As one says it: lab 1 is not the tenth, nor any other that begins so."""
    assert simmail.load("1").title == simmail.load("01").title
    with pytest.raises(InputError, match="nowhere"):
        simmail.load("99")
