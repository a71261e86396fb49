"""NAME
    unknown - names that nobody has

DESCRIPTION
    fallback_transport_maps and fallback_transport hand such mail to another agent, luser_relay to another address.
    Mail for postmaster and MAILER-DAEMON is discarded where they have no alias; any other bounces.

PARAMETERS
    fallback_transport_maps, fallback_transport, luser_relay

DIAGNOSTICS
    unknown user: "NAME"
    required alias not found: NAME

SEE ALSO
    local(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.address import quote_local
from simmail.mail.questions import Decision
from simmail.postfix.agent import failure
from simmail.postfix.local.macros import Macros
from simmail.postfix.local.passing import Passing
from simmail.postfix.local.state import Run, State

if TYPE_CHECKING:
    from simmail.postfix.local.agent import Local

REQUIRED = frozenset({"postmaster", "mailer-daemon"})


class UnknownUsers:
    """Delivers to names that have neither alias nor account.

    Args:
        agent: the delivery agent.
    """

    def __init__(self, agent: Local) -> None:
        self.agent = agent
        self._luser_relay: str = agent.config["luser_relay"]
        self._macros = Macros(agent)
        self._passing = Passing(agent, "fallback_transport")

    def deliver(self, run: Run, state: State) -> Decision[bool]:
        """Hand the mail on, discard or bounce it."""
        agent = self.agent
        if not run.first("unknown", state.local):
            return False
        passing = self._passing.deliver(run, state)
        passed = None if passing is None else (yield from passing)
        if passed is not None:
            return passed
        if self._luser_relay:
            relay = self._macros.expand(self._luser_relay, run, state).text
            # the complete address has its quotes: one that needs them is never the recipient's
            if agent.completed(relay and quote_local(relay)).lower() != state.recipient.address.lower():
                further = state.copy()
                further.unmatched = None
                run.deeper(further)
                return (yield from agent.destinations.address(run, further, relay))
        if state.user in REQUIRED:
            agent.warn("warning", f"required alias not found: {state.user}")
            return (yield from agent.warned(agent.deliver_sent(run, state, "discarded")))
        return (yield from agent.bounce(run, state, failure("5.1.1", f'unknown user: "{state.user}"')))
