"""NAME
    aliases - names that stand for addresses

DESCRIPTION
    alias_maps are asked for a local part, in lower case.  What they answer is a list of addresses, files, commands and
    lists.  An alias that names itself means the login of that name.

    An alias `owner-NAME` makes NAME a mailing list: its owner becomes the envelope sender, and is told of failures.

    Commands and files of an alias get the rights of whoever owns the table; those of root's get default_privs.

PARAMETERS
    alias_maps, owner_request_special, expand_owner_alias, reset_owner_alias, propagate_unmatched_extensions,
    luser_relay

DIAGNOSTICS
    alias database loop for NAME
    alias database unavailable
    TABLE: lookup of 'NAME' failed
    required alias not found

SEE ALSO
    aliases(5), newaliases(1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.files.machine import Account
from simmail.mail.address import quote_local, unquote_local
from simmail.mail.questions import Decision
from simmail.postfix.agent import failure
from simmail.postfix.delivery import PROBE
from simmail.postfix.local.state import STEPS, Run, Source, State, Step
from simmail.postfix.tables import PARANOID, USUAL, LookupFailure, Maps
from simmail.postfix.tables.table import Table

if TYPE_CHECKING:
    from simmail.postfix.local.agent import Local

#: How many steps deep an expansion may go.
NESTING_LIMIT = 100


class Aliases:
    """Expands aliases.

    Args:
        agent: the delivery agent.

    Attributes:
        used: whether there are any, or a luser_relay, whose loops end here too.
    """

    def __init__(self, agent: Local) -> None:
        self.agent = agent
        config = agent.config
        flags = USUAL | PARANOID
        self.maps = Maps.open("alias_maps", config["alias_maps"], agent.environment, flags)
        self.used = bool(self.maps or config["luser_relay"])
        self._expand_owner: bool = config["expand_owner_alias"]
        self._reset_owner: bool = config["reset_owner_alias"]
        self._found: dict[str, tuple[Table, str] | None] = {}

    def find(self, name: str, complaint: str = ": lookup of '{}' failed") -> tuple[Table, str] | None:
        """The table that knows `name`, and what it says.

        Args:
            name: an alias, in lower case.
            complaint: what is warned of where a table cannot tell.

        Raises:
            LookupFailure: with that, and the table's own words, noted.
        """
        try:
            return self._found[name]
        except KeyError:
            pass
        agent = self.agent
        said = agent.environment.unrepeatable
        found: tuple[Table, str] | None = None
        for table in self.maps.tables:
            try:
                value = table.find(name)
            except LookupFailure:
                agent.warn("warning", table.spec + complaint.format(name))
                raise
            if value is not None:
                found = table, value
                break
        if agent.environment.unrepeatable == said:
            agent.system.memo.keep(self._found, name, found)
        return found

    def whole(self, run: Run, state: State) -> Step:
        """Deliver to what the whole local part stands for."""
        return self._deliver(run, state, state.local)

    def base(self, run: Run, state: State) -> Step:
        """Deliver to what the local part without its extension stands for."""
        if state.extension is None:
            return None
        if "alias" in self.agent.propagated:
            state.unmatched = state.extension
        return self._deliver(run, state, state.user)

    def _deliver(self, run: Run, state: State, name: str) -> Step:
        """Deliver to what an alias stands for; None where `name` is no alias."""
        if state.expanded_from == name:
            return None
        if state.level > NESTING_LIMIT - STEPS:
            return self._loop(run, state, name)
        try:
            found = self.find(name)
        except LookupFailure:
            return self._unavailable(run, state)
        if found is None and not self.agent.pending:
            return None
        return self._found_out(run, state, name, found)

    def _loop(self, run: Run, state: State, name: str) -> Decision[bool]:
        """An expansion that is too deep, whether or not the name it has come to is an alias."""
        agent = self.agent
        agent.warn("warning", f"alias database loop for {name}")
        return agent.warned(agent.bounce(run, state, failure("5.4.6", f"alias database loop for {name}")))

    def _unavailable(self, run: Run, state: State) -> Decision[bool]:
        return self.agent.warned(self.agent.bounce(run, state, failure("4.3.0", "alias database unavailable")))

    def _found_out(self, run: Run, state: State, name: str, found: tuple[Table, str] | None) -> Decision[bool | None]:
        """Go on with what the tables said."""
        agent = self.agent
        if agent.pending:
            yield from agent.spoken()
        if found is None:
            return None
        if run.request.message.trace == PROBE:
            return (yield from agent.deliver_sent(run, state, f"aliased to {found[1]}"))
        table, value = found
        return (yield from self._expand(run, state.copy(), name, table, value))

    def _expand(self, run: Run, state: State, name: str, table: Table, value: str) -> Decision[bool]:
        agent = self.agent
        before = state.recipient
        run.deeper(state)
        state.expanded_from = name
        state.source = Source.ALIAS
        try:
            state.rights = self._rights(table)
        except KeyError:
            agent.warn("warning", f"cannot find alias database owner for {table.spec}(0,{table.flags.text()})")
            why = failure("4.3.0", "cannot find alias database owner")
            return (yield from agent.warned(agent.bounce(run, state, why)))
        listed = False
        if agent.owner_request:
            try:
                owner = self._owner(name)
            except LookupFailure:
                return (yield from self._unavailable(run, state))
            if owner is not None:
                state.owner = state.sender = owner
                listed = True
            elif self._reset_owner:
                state.owner = ""
        elif self._reset_owner:
            state.owner = ""
        if not agent.frozen:
            state.delivered = state.recipient.address
        agent.hand_on(state, listed)
        if not agent.destinations.parse(value):
            agent.warn("warning", f"no recipient in alias lookup result for {name}")
            state.recipient = before
            return (yield from self._unavailable(run, state))
        waits = yield from agent.destinations.deliver(run, state, value)
        asked = state.copy()
        asked.recipient = before
        agent.expanded(run, asked, listed)
        return waits

    def _rights(self, table: Table) -> Account | None:
        """The account whose rights an alias of this table gives; None for root's.  Raises KeyError."""
        machine = self.agent.machine
        for path in (f"{table.name}.db", table.name):
            file = machine.files.find(path)
            if file is not None:
                return None if file.owner == "root" else machine.accounts[file.owner]
        return None

    def _owner(self, name: str) -> str | None:
        """The canonical address of the owner- alias of `name`, in internal form; None where there is none."""
        alias = "owner-" + name
        found = self.find(alias, ' lookup error for "{}"')
        return None if found is None else self._canonical(found[1] if self._expand_owner else alias)

    def _canonical(self, address: str) -> str:
        return unquote_local(self.agent.completed(quote_local(address)))

    def owner_of_address(self, state: State) -> Decision[str | None]:
        """The owner of the list that the address itself is, with its extension or without; None where it is none."""
        local = state.recipient.address.lower().rpartition("@")[0]
        user, extension = self.agent.split(local)
        try:
            for name in (local,) if extension is None else (local, user):
                owner = self._owner(name)
                if owner is not None:
                    return owner
        except LookupFailure:
            yield from self.agent.spoken()
        return None
