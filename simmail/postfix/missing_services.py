"""NAME
    missing_services - the services that `postfix upgrade-configuration` adds to master.cf

DESCRIPTION
    A service that a later Postfix needs is added at the end of master.cf, if no line there looks as if it were its
    own; those that an administrator has to switch on himself are added behind a `#`.

BUGS
    Lines of Postfix 2.2 and before are not brought up to date.

SEE ALSO
    postfix(1), master(5)
"""

from __future__ import annotations

import re
from typing import NamedTuple

from simmail.files.file_errors import FileError
from simmail.postfix.config import Config


class _Missing(NamedTuple):
    """A service: the pattern of its line, what it is called, and the line that is added."""

    pattern: str
    title: str
    line: str


_SERVICES = (
    _Missing("^relay", "relay service", "relay\t  unix\t-\t-\tn\t-\t-\tsmtp"),
    _Missing("^flush.*flush", "flush service", "flush     unix  -       -       n       1000?   0       flush"),
    _Missing("trace.*bounce", "trace service", "trace\t  unix\t-\t-\tn\t-\t0\tbounce"),
    _Missing("^verify.*verify", "verify service", "verify\t  unix\t-\t-\tn\t-\t1\tverify"),
    _Missing("^proxymap.*proxymap", "proxymap service", "proxymap  unix\t-\t-\tn\t-\t-\tproxymap"),
    _Missing("^anvil.*anvil", "anvil service", "anvil\t  unix\t-\t-\tn\t-\t1\tanvil"),
    _Missing("^scache.*scache", "scache service", "scache\t  unix\t-\t-\tn\t-\t1\tscache"),
    _Missing("^discard.*discard", "discard service", "discard\t  unix\t-\t-\tn\t-\t-\tdiscard"),
    _Missing("^tlsmgr.*tlsmgr", "tlsmgr service", "tlsmgr    unix  -       -       n       1000?   1       tlsmgr"),
    _Missing("^retry.*error", "retry service", "retry     unix  -       -       n       -       -       error"),
    _Missing(
        "^proxywrite.*proxymap", "proxywrite service",
        "proxywrite unix -       -       n       -       1       proxymap"
    ),
    _Missing(
        "^#*smtp.*postscreen", "postscreen TCP service",
        "#smtp      inet  n       -       n       -       1       postscreen",
    ),
    _Missing(
        "^#*smtpd.*smtpd", "smtpd unix-domain service",
        "#smtpd     pass  -       -       n       -       -       smtpd",
    ),
    _Missing(
        "^#*dnsblog.*dnsblog", "dnsblog unix-domain service",
        "#dnsblog   unix  -       -       n       -       0       dnsblog",
    ),
    _Missing(
        "^#*tlsproxy.*tlsproxy", "tlsproxy unix-domain service",
        "#tlsproxy  unix  -       -       n       -       0       tlsproxy",
    ),
    _Missing(
        "^postlog", "postlog unix-domain datagram service",
        "postlog   unix-dgram n  -       n       -       1       postlogd",
    ),
)  # fmt: skip


def add_missing_services(config: Config) -> list[str]:
    """Add to master.cf what is missing there; what is printed."""
    path, files = f"{config.folder}/master.cf", config.machine.files
    try:
        text = files.read(path)
    except FileError:
        return []
    missing = [one for one in _SERVICES if not re.search(one.pattern, text, re.MULTILINE)]
    if missing:
        files.write(path, text + "".join(f"{one.line}\n" for one in missing))
    return [f"Editing {path}, adding missing entry for {one.title}" for one in missing]
