"""The connections that are kept: under which label, in which order, for how long."""

from __future__ import annotations

from simmail.postfix.scache import ConnectionCache

A, B = ("smtp", "198.51.100.5", 25), ("smtp", "198.51.100.6", 25)
SITE = ("smtp", "elsewhere.example")


def test_a_connection_is_handed_out_once() -> None:
    """The first that was kept is the first to be used, and each is used by one."""
    cache = ConnectionCache(2.0)
    cache.keep(A, "first", 2.0, 10.0)
    cache.keep(A, "second", 2.0, 10.5)
    cache.keep(B, "other", 2.0, 10.5)
    assert [cache.take(A, 11.0) for _ in range(3)] == ["first", "second", None]
    assert cache.take(B, 11.0) == "other"


def test_time_is_counted_in_whole_seconds() -> None:
    """What was kept within second 10 for two seconds is of no use from second 12 on."""
    cache = ConnectionCache(9.0)
    cache.keep(A, "connection", 2.0, 10.9)
    assert cache.take(A, 12.0) is None
    assert cache.take(A, 11.9) == "connection"


def test_nothing_is_kept_for_longer_than_the_limit() -> None:
    """connection_cache_ttl_limit holds whatever a client wants."""
    cache = ConnectionCache(2.0)
    assert cache.keep(A, "connection", 100.0, 10.0) == 2.0
    assert cache.take(A, 12.0) is None


def test_a_destination_is_bound_to_a_server() -> None:
    """Any connection to that server will do; a binding stays when its connection is gone, and ends by itself."""
    cache = ConnectionCache(2.0)
    cache.keep(B, "connection", 2.0, 10.0)
    cache.bind(SITE, B, "mx2", 2.0, 10.0)
    assert cache.take_bound(SITE, 10.0) == ("connection", "mx2")
    assert cache.take_bound(SITE, 10.0) is None
    cache.keep(B, "another", 2.0, 11.0)
    assert cache.take_bound(SITE, 11.0) == ("another", "mx2")
    cache.keep(B, "third", 2.0, 12.0)
    assert cache.take_bound(SITE, 12.0) is None


def test_what_is_over_is_forgotten() -> None:
    """A connection whose time is over is there for whoever closes it, and once only; one that is used is not."""
    cache = ConnectionCache(2.0)
    one, two = object(), object()
    cache.keep(A, one, 2.0, 10.0)
    cache.bind(SITE, A, "mx", 2.0, 10.0)
    cache.keep(A, two, 2.0, 10.0)
    assert cache.take(A, 11.0) is one
    assert not cache.expired(A, one, SITE, 12.0)
    assert cache.expired(A, two, None, 12.0)
    assert not cache.expired(A, two, None, 12.0)
    assert cache.all() == []


def test_all_that_is_kept() -> None:
    """When the program ends nothing is left in it."""
    cache = ConnectionCache(2.0)
    cache.keep(A, "one", 2.0, 10.0)
    cache.keep(B, "two", 2.0, 10.0)
    assert sorted(cache.all()) == ["one", "two"]
    assert cache.take(A, 10.0) is None
