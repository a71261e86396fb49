"""The parts of postscreen: its lists, addresses and memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmail.files.machine import Machine
from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.errors import Fatal
from simmail.postfix.postscreen import tests
from simmail.postfix.postscreen.cache import CLEANED, Cache
from simmail.postfix.postscreen.dialogue import address_of
from simmail.postfix.postscreen.dnsbl import Site, score

ADDRESSES = [
    ('FROM:<"joe smith"@example.com> SIZE=1', "joe smith@example.com"),
    ("FROM:<@relay:a@b>", "a@b"),
    ("FROM:Joe <a@b>", "Joe"),
    ("FROM:<a b@c>", "a b@c"),
    ("FROM:<a<b>c>", "a<b"),
    (":", ""),
    ("<a@b>", None),
]


@pytest.mark.parametrize(("argument", "address"), ADDRESSES)
def test_addresses_are_taken_out_crudely(argument: str, address: str | None) -> None:
    """What stands behind the colon, up to the bracket or blank that ends it."""
    assert address_of(argument) == address


@given(st.text())
def test_any_argument_gives_an_address_or_none(argument: str) -> None:
    """No argument of MAIL or RCPT is too strange."""
    assert (address_of(argument) is None) == (":" not in argument)


BAD_SITES = ["bl.example*", "bl.example*x", "bl.example=127.0.0.[1*2", "bl.example=1.2.3*2", "bl.example/24*2", "*2"]


def site(text: str) -> Site:
    """A site; what is said of it is not heard."""
    return Site.parse(text, lambda level, text: None)


@pytest.mark.parametrize("text", BAD_SITES)
def test_a_site_that_cannot_be_read_is_fatal(text: str) -> None:
    """A wrong weight, filter or domain keeps postscreen from running."""
    with pytest.raises(Fatal, match="bad DNSBL"):
        site(text)


def test_weights_add_up_and_the_heaviest_list_gives_its_name() -> None:
    """Hits add their weights, whatever their sign; other lists add nothing."""
    sites = [*map(site, ("a.example", "b.example=127.0.0.[2..3]*4", "b.example=127.0.0.9*8", "c.example*-2"))]
    hit = DnsAnswer("ok", (DnsRecord("x", "A", "127.0.0.2", 60),))
    answers = {"a.example": hit, "b.example": hit, "c.example": hit}
    assert score(sites, answers) == (3, "b.example", 60)
    assert score(sites, {"a.example": DnsAnswer("nxdomain")}) == (0, "", None)


def cache_of(spec: str, machine: Machine, said: list[str]) -> Cache:
    """A cache that says what it has to say to `said`."""
    return Cache(spec, machine, "/var/lib/postfix", "hash", lambda level, text: said.append(text))


def test_the_cache_outlives_its_program_and_forgets_in_time() -> None:
    """Another program finds what the last one kept; a cleanup drops what has been void for long."""
    machine = Machine("mail")
    said: list[str] = []
    first = cache_of("btree:/var/lib/postfix/cache", machine, said)
    first.keep("192.0.2.1", dict.fromkeys(tests.TESTS, 1000))
    second = cache_of("btree:/var/lib/postfix/cache", machine, said)
    assert second.find("192.0.2.1")[tests.Test.DNSBL] == 1000
    assert second.find("192.0.2.2") == dict.fromkeys(tests.TESTS, 0)
    second.clean(1050, 10, 100)
    second.clean(1055, 10, 10)
    assert second.find("192.0.2.1")[tests.Test.DNSBL] == 1000
    second.clean(1200, 10, 100)
    assert second.find("192.0.2.1")[tests.Test.DNSBL] == 0
    assert [text.split(": ")[1] for text in said] == ["retained=1 dropped=0 entries", "retained=0 dropped=1 entries"]
    assert CLEANED in machine.files.read("/var/lib/postfix/cache.db")


def test_a_cache_that_cannot_be_opened_remembers_nothing() -> None:
    """A missing folder is complained of at each use."""
    said: list[str] = []
    cache = cache_of("btree:/nowhere/cache", Machine("mail"), said)
    cache.keep("192.0.2.1", dict.fromkeys(tests.TESTS, 1000))
    assert cache.find("192.0.2.1") == dict.fromkeys(tests.TESTS, 0)
    assert said[0] == "open database /nowhere/cache.db: No such file or directory"
    assert said[-1] == "btree:/nowhere/cache: cache lookup for '192.0.2.1' failed due to error"
