"""Postfix's commands say more at a terminal than in a script, as a real Postfix 3.7 did under script(1)."""

from __future__ import annotations

import pytest

import simmail
from simmail.world.host import Host

SCRIPT = "postfix/postfix-script: "
USAGE = "Usage: postfix start (or stop, reload, abort, flush, check, status, set-permissions, upgrade-configuration, logrotate)"  # fmt: skip  # noqa: E501
RESERVED = "the postfix command is reserved for the superuser"
#: Commands typed one after the other, and what the terminal showed of each.
SAID = [
    ("postfix reload", SCRIPT + "refreshing the Postfix mail system"),
    ("postfix reload | cat", SCRIPT + "refreshing the Postfix mail system"),
    ("postfix reload 2>&1 | cat", ""),
    ("postfix relaod", f"{SCRIPT}fatal: unknown command: 'relaod'. {USAGE}"),
    ("postfix", f"{SCRIPT}fatal: unknown command: ''. {USAGE}"),
    ("postfix -x reload",
     "postfix: invalid option -- 'x'\npostfix: fatal: usage: postfix [-c config_dir] [-Dv] command"),
    ("su alice -c '/usr/sbin/postfix reload'",
     "postfix: error: to submit mail, use the Postfix sendmail command\npostfix: fatal: " + RESERVED),
    ("postfix stop",
     f"{SCRIPT}stopping the Postfix mail system\n{SCRIPT}waiting for the Postfix mail system to terminate"),
    ("postfix stop", SCRIPT + "fatal: the Postfix mail system is not running"),
    ("postfix status", SCRIPT + "the Postfix mail system is not running"),
    ("postfix start", SCRIPT + "starting the Postfix mail system"),
    ("postfix start", SCRIPT + "fatal: the Postfix mail system is already running"),
    ("postfix flush", ""),
    ("postlog -t mytag hello", "mytag: hello"),
    ("postlog -p warn hello", "postfix/postlog: warning: hello"),
    ("postlog -p nosuch hello", 'postfix/postlog: fatal: bad severity: "nosuch"'),
    ("postfix stop > /dev/null 2>&1; postconf -e compatibility_level=2; postfix start",
     ("postfix: Postfix is using backwards-compatible default settings\n"
     "postfix: See http://www.postfix.org/COMPATIBILITY_README.html for details\n"
     'postfix: To disable backwards compatibility use "postconf compatibility_level=3.6" and "postfix reload"\n'
     f"{SCRIPT}starting the Postfix mail system")),
    ("postconf -e inet_interfaces=9.9.9.9 compatibility_level=3.6; postfix reload",
     "postfix: fatal: parameter inet_interfaces: no local interface found for 9.9.9.9"),
    ("postconf -e inet_interfaces=all message_size_limit=1x; postfix reload",
     "postfix: fatal: bad numerical configuration: message_size_limit = 1x"),
    ("postlog hello", "postfix/postlog: fatal: bad numerical configuration: message_size_limit = 1x"),
]  # fmt: skip


@pytest.fixture
def host() -> Host:
    """An office's server."""
    return simmail.load("03").host("mail.domain.ork")


def test_a_terminal_shows_what_postfix_does(host: Host) -> None:
    """What went well, what did not, and why; not where its standard error is no terminal."""
    assert [(command, str(host.sh(command))) for command, _ in SAID] == SAID


def test_a_script_hears_nothing(host: Host) -> None:
    """Whoever runs a command without a terminal reads the log."""
    for command in ("postfix reload", "postfix relaod", "postfix start", "postlog hello"):
        assert str(host.sh(command, terminal=False)) == ""
    assert "fatal: unknown command: 'relaod'" in host.sh("cat /var/log/maillog").stdout
