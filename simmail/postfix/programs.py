"""NAME
    programs - what lies in daemon_directory

DESCRIPTION
    The programs that master.cf can name, each loaded when a service first needs it.

DIAGNOSTICS
    fatal: master_spawn: exec /usr/lib/postfix/sbin/NAME: No such file or directory
        Said by master(8), for a name that no program has.

SEE ALSO
    master(5)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec

from simmail.mail.errors import Fatal
from simmail.postfix.program import Program

#: File name in daemon_directory -> module and class.
PROGRAMS_BY_NAME = {
    "smtpd": ("smtpd", "Smtpd"),
    "postscreen": ("postscreen", "Postscreen"),
    "dnsblog": ("dnsblog", "Dnsblog"),
    "pickup": ("pickup", "Pickup"),
    "cleanup": ("cleanup", "Cleanup"),
    "trivial-rewrite": ("trivial_rewrite", "TrivialRewrite"),
    "qmgr": ("qmgr", "QueueManager"),
    "bounce": ("bounce", "Bounce"),
    "smtp": ("smtp", "Smtp"),
    "lmtp": ("smtp", "Lmtp"),
    "local": ("local", "Local"),
    "virtual": ("virtual", "Virtual"),
    "pipe": ("pipe", "Pipe"),
    "error": ("error", "Error"),
    "discard": ("discard", "Discard"),
    "flush": ("flush", "Flush"),
    "verify": ("verify", "Verify"),
}

FOLDER = "/usr/lib/postfix/sbin"
#: Programs of Postfix that no service can be here.
OTHERS = frozenset(
    """anvil fsstone master nqmgr oqmgr postlogd proxymap qmqpd scache showq spawn tlsmgr tlsproxy""".split()
)


def simulated(name: str) -> bool:
    """Whether a program of daemon_directory runs in a simulated Postfix."""
    return name in PROGRAMS_BY_NAME and find_spec(f"simmail.postfix.{PROGRAMS_BY_NAME[name][0]}") is not None


class _Programs(Mapping[str, type[Program]]):
    """Classes by file name."""

    def __getitem__(self, name: str) -> type[Program]:
        if not simulated(name):
            if name in OTHERS:
                raise Fatal(f"{name}: no such program is simulated")
            raise Fatal(f"master_spawn: exec {FOLDER}/{name}: No such file or directory", program="master")
        module, attribute = PROGRAMS_BY_NAME[name]
        found: type[Program] = getattr(import_module(f"simmail.postfix.{module}"), attribute)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(PROGRAMS_BY_NAME)

    def __len__(self) -> int:
        return len(PROGRAMS_BY_NAME)


PROGRAMS: Mapping[str, type[Program]] = _Programs()
