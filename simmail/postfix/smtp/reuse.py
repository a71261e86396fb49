"""NAME
    reuse - connections that serve more than one delivery

DESCRIPTION
    A session that went well is not ended with QUIT but left to scache(8), where the next delivery may find it: with
    mail for the same destination, or, whatever the destination, for the same server.  Before it is used again RSET
    must be answered well; where it is not, the connection is closed, and a new one made.

    It is done for the destinations that smtp_connection_cache_destinations lists, and, as long as the queue manager
    has more mail at hand, for any other.  A destination remembers the server that took its mail last, so that while a
    connection to that one is at hand none of the better servers is tried that did not answer.  Mail goes to one
    server over one kept connection at most; servers of the best preference only are looked for before any is
    connected to.

    What the server said of its limit on the size of messages is not kept with the connection.

PARAMETERS
    smtp_connection_cache_on_demand, smtp_connection_cache_destinations, smtp_connection_cache_time_limit,
    smtp_connection_reuse_time_limit, smtp_connection_reuse_count_limit, connection_cache_service_name; each but the
    last also as lmtp_

DIAGNOSTICS
    warning: connect to private/scache: No such file or directory
    warning: problem talking to service private/scache: Application error
    warning: disabling connection caching
        Without scache(8), or where it dies as it starts; a session is then closed without QUIT where it should have
        been kept.

BUGS
    In life each process finds out for itself that there is no scache(8).

SEE ALSO
    CONNECTION_CACHE_README, smtp(8), scache(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.mail.questions import NOW, Close, Decision, KeepConnection, KeptConnection, Sleep
from simmail.postfix.delivery import Caching, Request
from simmail.postfix.match_lists import StringList
from simmail.postfix.smtp.addresses import Host
from simmail.postfix.smtp.attempt import Attempt, Plan
from simmail.postfix.smtp.destination import Target
from simmail.postfix.smtp.offer import Offer
from simmail.postfix.smtp.session import Session
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp

#: How long a program waits before it looks for scache(8) once more.
PAUSE_S = 1.0


class KeptSession(NamedTuple):
    """What is kept of a session.

    Args:
        connection: as `Connect` was answered.
        offer: what the server can do.
        conn_use: how often it has been used.
        until: to when it may be used, whole seconds.
    """

    connection: Any
    offer: Offer
    conn_use: int
    until: int


class Reuse:
    """What one client keeps, and finds again.

    Args:
        client: whose it is.

    Attributes:
        listed: the destinations whose connections are always kept.
    """

    def __init__(self, client: Smtp) -> None:
        config, prefix = client.config, client.prefix
        self._client = client
        name = f"{prefix}_connection_cache_destinations"
        self.listed = StringList.open(name, config[name], client.environment)
        self._on_demand: bool = config[f"{prefix}_connection_cache_on_demand"]
        self._kept_s: float = config[f"{prefix}_connection_cache_time_limit"]
        self._used_s = int(config[f"{prefix}_connection_reuse_time_limit"])
        self._uses: int = config[f"{prefix}_connection_reuse_count_limit"]
        self._server: str = config["connection_cache_service_name"]
        self._disabled = False

    # ---- what may be done

    def plan(self, target: Target, request: Request) -> Plan | None:
        """What a request may do about connections, given where it goes; None for nothing."""
        try:
            listed = bool(self.listed) and self.listed.matches(target.host)
        except LookupFailure:
            listed = False
        caching = Caching.KEEP if listed else request.caching if self._on_demand else Caching.NONE
        label = self._client.service.name, request.nexthop
        return None if caching is Caching.NONE else Plan(caching is Caching.KEEP, label)

    def _reached(self) -> Decision[bool]:
        """Whether there is a scache(8), and lives."""
        client, name = self._client, self._server
        if self._disabled:
            return False
        text = client.system.unreachable(f"private/{name}")
        if client.system.service(name) is not None:
            said = client.system.others.roused(name)
            yield from said
            if not (said and said[-1].event == "fatal"):
                return True
            text = f"problem talking to service private/{name}: Application error"
        trouble = client.note("warning", "", text)
        yield trouble
        yield Sleep(PAUSE_S)
        yield trouble
        yield client.note("warning", "", "disabling connection caching")
        self._disabled = True
        return False

    # ---- finding

    def bound(self, attempt: Attempt, plan: Plan, port: int) -> Decision[Session | None]:
        """A session with the server that took a destination's mail last, ready for mail."""
        if plan.nexthop is None or not (yield from self._reached()):
            return None
        found = yield KeptConnection(nexthop=plan.nexthop)
        return (yield from self._resumed(attempt, plan, found[1], port, found[0])) if found is not None else None

    def at(self, attempt: Attempt, plan: Plan, host: Host, port: int) -> Decision[Session | None]:
        """A session with that server, ready for mail."""
        if not (yield from self._reached()):
            return None
        found = yield KeptConnection(self._endpoint(host, port))
        return (yield from self._resumed(attempt, plan, host, port, found)) if found is not None else None

    def _endpoint(self, host: Host, port: int) -> tuple[str, str, int]:
        return self._client.service.name, host.address, port

    def _resumed(
        self, attempt: Attempt, plan: Plan, host: Host, port: int, kept: KeptSession
    ) -> Decision[Session | None]:
        session = Session(self._client, attempt, host, port, kept.connection)
        session.offer, session.conn_use, session.until = kept.offer, kept.conn_use + 1, kept.until
        if not (yield from session.probe()):
            return None
        plan.used.add(host.address)
        attempt.request.conn_use = session.conn_use
        return session

    # ---- keeping

    def lifetime(self) -> Decision[int]:
        """To when a connection may be used that is made now, whole seconds."""
        now: float = yield NOW
        return int(now) + self._used_s

    def worn(self, session: Session) -> Decision[bool]:
        """Whether a session has been used for long enough."""
        now: float = yield NOW
        return session.until < int(now) or 0 < self._uses < session.conn_use

    def keep(self, session: Session, plan: Plan, host: Host, port: int, connection: Any) -> Decision[None]:
        """Leave a session to whoever comes next."""
        if not (yield from self._reached()):
            yield Close(connection)
            return
        kept = KeptSession(connection, session.offer, session.conn_use, session.until)
        yield KeepConnection(kept, self._endpoint(host, port), self._kept_s, plan.nexthop, host)
