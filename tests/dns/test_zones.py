"""Zones are master files, answered for as their servers would."""

import pytest

from simmail.dns.resolver import ROOM, Resolver
from simmail.dns.zones import Zones
from simmail.mail.errors import InputError

ZONE = """\
domain.ork.        IN MX 10 mail.domain.ork.
domain.ork.        IN MX 20 backup.domain.ork.
mail.domain.ork.   IN A 192.0.2.10
www.domain.ork.    IN CNAME mail.domain.ork.
*.bl.example.      IN A 127.0.0.2
9.bl.example.      IN TXT "listed" "again"
nomail.example.    IN MX 0 .
deep.er.example.   IN A 192.0.2.77
"""


@pytest.fixture
def zones() -> Zones:
    """The zones of one small world."""
    zones = Zones()
    zones.read(f"{ZONE}20.113.bl.example. IN A 127.0.0.4\n")
    return zones


@pytest.mark.parametrize(
    ("name", "type", "status", "data"),
    [
        ("domain.ork", "MX", "ok", ["mail.domain.ork", "backup.domain.ork"]),
        ("MAIL.domain.ork", "A", "ok", ["192.0.2.10"]),
        ("www.domain.ork", "A", "ok", ["192.0.2.10"]),
        ("7.bl.example", "A", "ok", ["127.0.0.2"]),
        ("9.bl.example", "A", "nodata", []),
        ("9.bl.example", "TXT", "ok", ["listed"]),
        ("9.113.bl.example", "A", "nxdomain", []),
        ("113.bl.example", "A", "nodata", []),
        ("nomail.example", "MX", "ok", [""]),
        ("domain.ork", "A", "nodata", []),
        ("er.example", "A", "nodata", []),
        ("nowhere.test", "A", "nxdomain", []),
    ],
)
def test_answers(zones: Zones, name: str, type: str, status: str, data: list[str]) -> None:
    """Each question gets the status and data that a name server would give."""
    answer = zones.lookup(name, type)

    assert (status, data) == (answer.status, [record.data for record in answer.records])


def test_faults_cover_all_below(zones: Zones) -> None:
    """A fault of a name is one of all names below it."""
    zones.faults["Ork."] = "servfail"

    assert "servfail" == zones.lookup("mail.domain.ork", "A").status
    assert "ok" == zones.lookup("7.bl.example", "A").status


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a.ork. IN A 192.0.2.1\nb.ork. IN MX mail.ork.\nc.ork. IN A 192.0.2.2\n", 2),
        ("a.ork. IN A 192.0.2.1\n\nb.ork. IN A 192.0.2.300\n", 3),
        ("a.ork. IN A 192.0.2.1\nb.ork. IN QQ 1\n", 2),
        (f"{ZONE}x.ork. IN SOA a b ( 1 2 3\ny.ork. IN A 192.0.2.2\n", 9),
        (f'{ZONE}x.ork. IN TXT "open\ny.ork. IN A 192.0.2.2\n', 9),
        (f"{ZONE}x.ork. IN TXT ( ; (\n  a\n  b )\ny.ork. IN QQ 1\n", 12),
        (f"{ZONE}www.domain.ork. IN A 192.0.2.1\n{ZONE}", 9),
        (f"{ZONE}caf\udce9.ork. IN A 192.0.2.1\n{ZONE}", 9),
        (f"{ZONE}domain.ork. 999999999999 IN A 192.0.2.1\n{ZONE}", 9),
        ("\n; SOA\n$TTL 1x\n", 3),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int) -> None:
    """A planted mistake is reported with file and line."""
    with pytest.raises(InputError, match=rf"^x\.zone:{line}: "):
        Zones().read(text, source="x.zone")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x.ork. IN SOA a b ( 1 2 3", "an opening parenthesis has no closing one"),
        ("caf\udce9.ork. IN A 192.0.2.1", "this is no UTF-8 text"),
        ("x.ork. 999999999999 IN A 192.0.2.1", "999999999999 is too long a time to live, which ends at 2147483647 s"),
        ("www.domain.ork. IN A 192.0.2.1", "CNAME"),
        ("x.ork. 300 IN A 192.0.2", "'192.0.2' is no IPv4 address"),
        ("x.ork. in aaaa 192.0.2.1", "'192.0.2.1' is no IPv6 address"),
    ],
)
def test_a_mistake_is_told_in_words(line: str, words: str) -> None:
    """Where the reader of master files would say something else, or nothing of the place."""
    with pytest.raises(InputError) as told:
        Zones().read(f"{ZONE}{line}\n", source="x.zone")
    assert str(told.value).startswith(f"x.zone:9: {line!r} is no resource record: ")
    assert words in str(told.value)


def test_a_record_that_is_there_is_not_added_again(zones: Zones) -> None:
    """RFC 2181 section 5: it has the newest time to live, in its old place."""
    before = zones.lookup("domain.ork", "MX").records
    zones.read("domain.ork. 77 IN MX 10 mail.domain.ork.\n")
    assert zones.lookup("domain.ork", "MX").records == (before[0]._replace(ttl=77), *before[1:])


def test_what_is_removed_is_counted(zones: Zones) -> None:
    """In any spelling; nothing where nothing was."""
    assert [zones.remove(name, "mx") for name in ("Domain.ork.", "domain.ork")] == [2, 0]
    assert "nodata" == zones.lookup("domain.ork", "MX").status


def test_answers_are_remembered_for_their_time_to_live(zones: Zones) -> None:
    """A change is not seen before the old answer's time is over."""
    resolver = Resolver(zones, latency=0.05)
    first, delay = resolver.ask("mail.domain.ork", "A", 0.0)
    zones.remove("mail.domain.ork", "A")

    assert 0.05 == delay
    assert (first, 0.0) == resolver.ask("mail.domain.ork", "A", 299.0)
    assert "nxdomain" == resolver.ask("mail.domain.ork", "A", 301.0)[0].status


def test_old_answers_are_not_kept(zones: Zones) -> None:
    """However many names are asked for in the long run, what is kept is what may still be asked for."""
    resolver = Resolver(zones)
    for second in range(20_000):
        resolver.ask(f"{second}.domain.ork", "A", float(second))
        assert resolver.known(f"{max(0, second - 290)}.domain.ork", "A", float(second))
    assert len(resolver._cache) <= ROOM
