"""NAME
    macros - the names that local(8) expands

DESCRIPTION
    $user, $local, $domain, $recipient, $extension, $recipient_delimiter, $home, $shell, and the client's
    $client_address, $client_hostname, $client_helo, $client_protocol, in forward_path, luser_relay and
    command_execution_directory.

SEE ALSO
    local(8), postconf(5)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from simmail.postfix.expand import Expander
from simmail.postfix.local.state import Run, State

if TYPE_CHECKING:
    from simmail.postfix.local.agent import Local


class Expanded(NamedTuple):
    """A text with its names expanded, what was amiss, and whether the address extension stands in it."""

    text: str
    failed: bool
    undefined: bool
    by_extension: bool


#: What each name stands for, but recipient_delimiter.
_VALUES: dict[str, Callable[[Run, State], str | None]] = {
    "user": lambda run, state: state.user,
    "local": lambda run, state: state.local,
    "domain": lambda run, state: state.domain,
    "recipient": lambda run, state: state.recipient.address,
    "extension": lambda run, state: state.extension,
    "home": lambda run, state: state.rights.home if state.rights else None,
    "shell": lambda run, state: state.rights.shell if state.rights else None,
    "client_address": lambda run, state: run.request.message.client_address,
    "client_hostname": lambda run, state: run.request.message.client_name,
    "client_helo": lambda run, state: run.request.message.helo,
    "client_protocol": lambda run, state: run.request.message.protocol,
}


class Macros:
    """Expands the names of one parameter.

    Args:
        agent: the delivery agent.
        allowed: the characters that may stay in a value; others become `_`.  None allows all.
    """

    def __init__(self, agent: Local, allowed: str | None = None) -> None:
        self.agent = agent
        permitted = frozenset(allowed) if allowed is not None else None
        self._expander = Expander(self._look_up, self._complain, recurse=False, allowed=permitted)

    def expand(self, text: str, run: Run, state: State) -> Expanded:
        """The text as it is for this address."""
        self._run, self._state, self._by_extension = run, state, False
        done = self._expander.expand(text)
        return Expanded(done.text, done.failed, done.undefined, self._by_extension)

    def _complain(self, text: str) -> None:
        self.agent.warn("warning", text)

    def _look_up(self, name: str, use: bool) -> str | None:
        """What a name stands for, for the address whose text is being expanded."""
        if name == "extension" and use:
            self._by_extension = True
        if name == "recipient_delimiter":
            return self._state.delimiter or self.agent.delimiters[:1] or None
        value = _VALUES.get(name)
        return value(self._run, self._state) if value is not None else None
