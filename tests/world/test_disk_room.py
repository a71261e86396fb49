"""A server takes no mail that its disk may have no room for, and says so to whoever asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simmail.world.world import World
from tests.world.actors.conftest import WORLD, small  # noqa: F401

#: As a real Postfix says it.
REPLY = "452 4.3.1 Insufficient system storage"
WARNING = "warning: not enough free space in mail queue: {} bytes < 1.5*message size limit"


@pytest.mark.parametrize(
    ("free", "main_cf", "said"),
    [
        ("10GB", "", "250 2.1.0 Ok"),
        ("10GB", "queue_minfree = 10000000001\n", REPLY),
        ("10GB", "queue_minfree = 10000000000\n", "250 2.1.0 Ok"),
        ("10GB", "message_size_limit = 100000000000\nmailbox_size_limit = 0\n", REPLY),
        ("10GB", "message_size_limit = 0\nmailbox_size_limit = 0\n", "250 2.1.0 Ok"),
        ("10GB", "message_size_limit = -1\nmailbox_size_limit = 0\n", REPLY),
        ("15MB", "", REPLY),
        ("16MB", "", "250 2.1.0 Ok"),
        ("15MB", "message_size_limit = 10000000\n", "250 2.1.0 Ok"),
    ],
)
def test_mail_needs_room(small: Callable[..., World], free: str, main_cf: str, said: str) -> None:  # noqa: F811
    """One and a half times message_size_limit, and queue_minfree, must be free; the postmaster is told where not."""
    where = "address: 192.0.2.10"
    world = small("", main_cf, world=WORLD.replace(where, f"{where}\n    disk_free: {free}"))
    session = world.telnet("mail.domain.ork", "mail.domain.ork")
    session.type("EHLO mail.domain.ork")
    assert session.type("MAIL FROM:<alice@domain.ork>") == said
    session.type("QUIT")
    world.host("mail.domain.ork").sh("echo hello | sendmail alice")
    world.run("1m")
    log = world.host("mail.domain.ork").sh("cat /var/log/maillog").stdout
    octets = int(world.host("mail.domain.ork").machine.free)
    assert (WARNING.format(octets) in log) is (said == REPLY)
    assert ("from=<double-bounce@mail.domain.ork>" in log) is (said == REPLY)
    assert "to=<alice@mail.domain.ork>" in log
