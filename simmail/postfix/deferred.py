"""NAME
    deferred - the deferred queue

DESCRIPTION
    The messages that wait for another try, by queue id, in the order in which they came there.  They may be many, and
    nobody looks at most of them before their time has come: of these no more is kept at hand than that time.

    Who asks for a message by its queue id has the message itself, at hand from then on.  Who goes through all of them
    is shown each as it is, and changes nothing by changing what he is shown.

SEE ALSO
    qmgr(8)
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, MutableMapping, ValuesView
from dataclasses import fields
from math import inf
from operator import attrgetter, itemgetter
from sys import intern
from typing import NamedTuple

from simmail.mail.content import Content, TextStore
from simmail.mail.message import Message, shared

_message: Callable[..., Message] = Message
_FIELDS = [field.name for field in fields(Message)]
_AT = _FIELDS.index("content")
_before, _behind = attrgetter(*_FIELDS[:_AT]), attrgetter(*_FIELDS[_AT + 1 :])


class Away(NamedTuple):
    """A message that is not at hand.

    Args:
        due, arrival: as the message's own.
        number: of all the rest of it in the store.
    """

    due: int
    arrival: float
    number: int


class Deferred(MutableMapping[str, Message]):
    """The deferred queue of one host.

    Args:
        store: where the messages are kept; None for memory.
    """

    __slots__ = ("_messages", "_store")

    def __init__(self, store: TextStore | None) -> None:
        self._messages: dict[str, Message | Away] = {}
        self._store = store

    def put_away(self, message: Message) -> None:
        """Let a message wait here that nothing else has to do with for a while."""
        store = self._store
        if store is None:
            self._messages[message.queue_id] = message
            return
        content = message.content
        content.put_away(store)
        number = store.put((_before(message), content.place, _behind(message)))
        self._messages[message.queue_id] = Away(message.due, message.arrival, number)

    def due(self, latest: float) -> list[str]:
        """Those whose time has come by `latest`, seconds: the newest first, of one moment who came here last.

        The folder has one for each initial of a queue id, which stays once it was made: so a message keeps its place
        in further tries.  One that was on hold and has never been tried has come later than all others.
        """
        found = [
            (one.arrival if one.due else inf, queue_id) for queue_id, one in self._messages.items() if one.due <= latest
        ]
        found.reverse()
        found.sort(key=itemgetter(0), reverse=True)
        return [queue_id for _, queue_id in found]

    def shown(self, queue_id: str) -> Message:
        """A message for who only looks at it.  Raises KeyError."""
        message = self._messages[queue_id]
        if isinstance(message, Message):
            return message
        assert self._store is not None
        before, place, behind = self._store.get(message.number)
        content = Content.put_away_at(self._store, place)
        found = _message(*shared(before), content, *shared(behind))
        found.deferrals = tuple((intern(address), intern(reason)) for address, reason in found.deferrals)
        return found

    def __getitem__(self, queue_id: str) -> Message:
        message = self._messages[queue_id] = self.shown(queue_id)
        return message

    def __setitem__(self, queue_id: str, message: Message) -> None:
        self._messages[queue_id] = message

    def __delitem__(self, queue_id: str) -> None:
        del self._messages[queue_id]

    def __contains__(self, queue_id: object) -> bool:
        return queue_id in self._messages

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    def values(self) -> ValuesView[Message]:
        """All messages, each as it is shown."""
        return _Values(self)

    def items(self) -> ItemsView[str, Message]:
        """All queue ids and messages, each as it is shown."""
        return _Items(self)


class _Values(ValuesView[Message]):
    """What `values` gives."""

    _mapping: Deferred

    def __iter__(self) -> Iterator[Message]:
        return map(self._mapping.shown, self._mapping)


class _Items(ItemsView[str, Message]):
    """What `items` gives."""

    _mapping: Deferred

    def __iter__(self) -> Iterator[tuple[str, Message]]:
        return ((queue_id, self._mapping.shown(queue_id)) for queue_id in self._mapping)
