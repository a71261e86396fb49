"""NAME
    passing - let another agent deliver

DESCRIPTION
    mailbox_transport and fallback_transport, and the tables of the same names, send a recipient to another agent of
    master.cf, `transport:nexthop`, with the address as it is.

PARAMETERS
    mailbox_transport_maps, mailbox_transport, fallback_transport_maps, fallback_transport

DIAGNOSTICS
    ID: passing <ADDRESS> to transport=NAME
    table lookup failure

SEE ALSO
    deliver_pass(3)
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision
from simmail.postfix.agent import failure
from simmail.postfix.delivery import WAITING
from simmail.postfix.local.state import Run, State, Step
from simmail.postfix.passing import pass_on
from simmail.postfix.tables import FOLDED, DictFlag, LookupFailure, Maps

if TYPE_CHECKING:
    from simmail.postfix.local.agent import Local


class Passing:
    """Hands recipients to other agents.

    Args:
        agent: the delivery agent.
        parameter: `mailbox_transport` or `fallback_transport`; the table's name is the same with `_maps`.

    Attributes:
        idle: whether there is nobody to hand anything to.
    """

    def __init__(self, agent: Local, parameter: str) -> None:
        self.agent = agent
        self._transport: str = agent.config[parameter]
        self._parameter = parameter + "_maps"
        self.idle = not (self._transport or agent.config[self._parameter])

    @cached_property
    def _maps(self) -> Maps:
        """The tables, opened when a recipient first gets that far."""
        value, flags = self.agent.config[self._parameter], FOLDED | DictFlag.NO_REGSUB
        return Maps.open(self._parameter, value, self.agent.environment, flags)

    def deliver(self, run: Run, state: State) -> Step:
        """Hand the recipient on; None where nothing says so."""
        if self._maps.tables:
            return self._by_table(run, state)
        return self._pass(run, state, self._transport) if self._transport else None

    def _by_table(self, run: Run, state: State) -> Decision[bool | None]:
        transport = self._transport
        try:
            transport = self._maps.find(state.user) or transport
        except LookupFailure:
            failed = self.agent.bounce(run, state, failure("4.3.0", "table lookup failure"))
            return (yield from self.agent.warned(failed))
        yield from self.agent.spoken()
        return (yield from self._pass(run, state, transport)) if transport else None

    def _pass(self, run: Run, state: State, destination: str) -> Decision[bool]:
        agent = self.agent
        results = yield from pass_on(agent, run.request, state.recipient, run.request.sender, destination)
        waits = False
        for result in results:
            waits |= result.status in WAITING
            run.results.append(result._replace(of=run.queued))
        return waits
