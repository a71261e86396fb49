"""What questions are answered with (`simmail.mail.questions`)."""

from __future__ import annotations

from typing import Any, NamedTuple


class DnsRecord(NamedTuple):
    """One resource record: `data` is an address, a name without final dot, or a text; `preference` is an MX's."""

    name: str
    type: str
    data: str
    ttl: int = 300
    preference: int = 0


class DnsAnswer(NamedTuple):
    """The answer to a DNS look-up.

    Args:
        status: `ok`, `nxdomain`, `nodata`, `servfail`, `refused`, `timeout`, `loop` (of aliases); and what
            `simmail.postfix.dns_data` makes of one that a mail program cannot use.
        records: those of the type asked for, in the answer's order, behind any CNAMEs.
        name: the canonical name the records belong to.
    """

    status: str
    records: tuple[DnsRecord, ...] = ()
    name: str = ""

    @property
    def temporary(self) -> bool:
        """Whether asking again later may help (res_search's TRY_AGAIN)."""
        return self.status in ("servfail", "refused", "timeout", "unfiltered")

    def knows(self, name: str) -> bool:
        """Whether the name asked for exists for getaddrinfo(3): it has records, if only an alias of nothing."""
        return self.status in ("ok", "nodata", "loop") or self.name.lower() not in ("", name.lower())


class AnvilCounts(NamedTuple):
    """What anvil(8) knows of a client: open connections, and events within anvil_rate_time_unit."""

    connections: int
    rate: int


#: Why there is no connection, or no longer one, in the words of strerror(3).
REFUSED, TIMED_OUT, RESET = "Connection refused", "Connection timed out", "Connection reset by peer"
UNREACHABLE, NOT_ASSIGNABLE = "Network is unreachable", "Cannot assign requested address"


class ConnectFailure(NamedTuple):
    """Why a connection could not be made, in the words of strerror(3)."""

    reason: str


class PolicyAnswer(NamedTuple):
    """What came of a request to a policy server.

    Args:
        text: what the server sent, `action=DUNNO` and an empty line if all is well.
        ended: whether it has closed the connection.
        unconnected: why there was no connection, the text of errno; "" where there was one.
        error: what went wrong on it, the text of errno; "" for nothing.
        link: the connection, to be used once more; None where there is none any more.
    """

    text: str = ""
    ended: bool = False
    unconnected: str = ""
    error: str = ""
    link: Any = None


class Lost(NamedTuple):
    """A connection that ended or fell silent: `lost connection` or `timeout`.

    Args:
        reason: which of them.
        teaser: the lines of a reply that was begun.
        unsent: how many replies to what was sent as `more` before never came, for they were to go out together.
    """

    reason: str
    teaser: tuple[str, ...] = ()
    unsent: int = 0


class Exit(NamedTuple):
    """How a command ended: its exit status, and what it printed; as a text, what a terminal shows of it.

    `unlaunched` is why a program could not be started, in the system's words.

    >>> print(Exit(0, "mail.domain.ork\\n"))
    mail.domain.ork
    """

    status: int
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False
    unlaunched: str = ""

    def __str__(self) -> str:
        return (self.stdout + self.stderr).removesuffix("\n")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In a notebook the last line of a cell need not be printed."""
        printer.text(str(self))
