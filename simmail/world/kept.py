"""The connections that a host's mail system keeps open for further mail: closed when their time is over."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from simmail.mail.questions import Close, Decision, KeepConnection, KeptConnection
from simmail.postfix.scache import ConnectionCache
from simmail.world.clock import Alarm, Task

if TYPE_CHECKING:
    from simmail.world.master import Master


class KeptConnections:
    """What the scache(8) of one host holds.

    Args:
        master: whose it is.
    """

    def __init__(self, master: Master) -> None:
        self._master = master
        self._cache = ConnectionCache(0.0)

    def start(self, limit: float) -> None:
        """Postfix was started or reloaded: a new process, which keeps connections for `limit` seconds at most."""
        self.close()
        self._cache = ConnectionCache(limit)

    def keep(self, task: Task, question: KeepConnection) -> None:
        """Leave a connection open for a while."""
        cache, kept = self._cache, question.kept
        task.line = None
        if self._master.system is None:
            self._hang_up(kept)
            return
        seconds = cache.keep(question.endpoint, kept, question.seconds, task.now)
        if question.nexthop is not None:
            cache.bind(question.nexthop, question.endpoint, question.bound, seconds, task.now)
        kept.connection.left_alone(task, seconds)
        Alarm(task.clock, task.now + seconds, task.serial, partial(self._over, cache, question))

    def take(self, task: Task, question: KeptConnection) -> Any:
        """Find one that was left open."""
        cache = self._cache
        if question.nexthop is not None:
            return cache.take_bound(question.nexthop, task.now)
        return cache.take(question.endpoint, task.now)

    def close(self) -> None:
        """The process ends, and its connections with it."""
        for kept in self._cache.all():
            self._hang_up(kept)

    def forget(self) -> None:
        """The host has died: nobody tells the servers."""
        self._cache = ConnectionCache(0.0)

    def _over(self, cache: ConnectionCache, question: KeepConnection) -> None:
        if cache.expired(question.endpoint, question.kept, question.nexthop, self._master.clock.now):
            self._hang_up(question.kept)

    def _hang_up(self, kept: Any) -> None:
        master = self._master
        master.clock.spawn(master.host, _closing(kept.connection), master.clock.now, life=master.life)


def _closing(connection: Any) -> Decision[None]:
    yield Close(connection)
