"""NAME
    smtpd.expansion - $name in replies

DESCRIPTION
    Reply templates know the session's own names, not those of main.cf.

PARAMETERS
    smtpd_expansion_filter, default_rbl_reply, rbl_reply_maps, smtpd_reject_footer, myhostname

DIAGNOSTICS
    unknown macro name "NAME" in expansion request

SEE ALSO
    postconf(5): smtpd_reject_footer
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision, Now
from simmail.postfix.expand import Expander, Expansion
from simmail.postfix.unescape import unescape

if TYPE_CHECKING:
    from simmail.postfix.program import Program
    from simmail.postfix.smtpd.state import SmtpdState

#: What the session's names stand for, as pairs, so that it can be part of a key.
Facts = tuple[tuple[str, str], ...]


def _local(address: str | None) -> str:
    return (address or "").rpartition("@")[0] or ("" if "@" in (address or "") else address or "")


def _domain(address: str | None) -> str:
    return (address or "").rpartition("@")[2] if "@" in (address or "") else ""


#: The names that replies may use.
NAMES: Mapping[str, Callable[[SmtpdState], str]] = {
    "client": lambda state: state.namaddr,
    "client_address": lambda state: state.client.address,
    "client_name": lambda state: state.client.name,
    "client_port": lambda state: state.client.port,
    "reverse_client_name": lambda state: state.client.reverse_name,
    "helo_name": lambda state: state.helo or "",
    "sender": lambda state: "<>" if state.sender == "" else state.sender or "",
    "sender_name": lambda state: "<>" if state.sender == "" else _local(state.sender),
    "sender_domain": lambda state: _domain(state.sender),
    "recipient": lambda state: state.recipient or "",
    "recipient_name": lambda state: _local(state.recipient),
    "recipient_domain": lambda state: _domain(state.recipient),
}


class Expansions:
    """Expands the reply templates of one program.

    Args:
        program: hears of unknown names.
        characters: those that may stand in what names stand for, with C escapes.
    """

    __slots__ = ("allowed", "program", "server_name")

    def __init__(self, program: Program, characters: str) -> None:
        self.program = program
        self.allowed = frozenset(unescape(characters))
        self.server_name = str(program.config["myhostname"])

    def facts(self, state: SmtpdState) -> Facts:
        """What the session's names stand for now."""
        return tuple((name, read(state)) for name, read in NAMES.items())

    def local_time(self, template: str) -> Decision[Facts]:
        """What the time of day stands for, where a template names it."""
        if "localtime" not in template:
            return ()
        now: float = yield Now()
        return (("localtime", self.program.system.machine.calendar.syslog(now)),)

    def expand(self, template: str, values: Mapping[str, str]) -> Expansion:
        """A template with its names expanded."""

        def value(name: str, use: bool) -> str | None:
            found = values.get(name)
            if found is not None:
                return found
            if name == "server_name":
                return self.server_name
            self.program.warn("warning", f'unknown macro name "{name}" in expansion request')
            return None

        complain: Callable[[str], None] = lambda text: self.program.warn("warning", text)  # noqa: E731
        return Expander(value, complain, recurse=False, allowed=self.allowed).expand(template)
