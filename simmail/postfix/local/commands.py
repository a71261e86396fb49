"""NAME
    commands - deliver to a program

DESCRIPTION
    A command reads the message on its standard input, and is told of it by its environment: USER, LOGNAME, LOCAL,
    EXTENSION, DOMAIN, SENDER, RECIPIENT, ORIGINAL_RECIPIENT, HOME, SHELL, CLIENT_ADDRESS, CLIENT_HOSTNAME, CLIENT_HELO,
    CLIENT_PROTOCOL.  Values hold harmless characters only (command_expansion_filter).

PARAMETERS
    mailbox_command, mailbox_size_limit, command_time_limit, command_expansion_filter, command_execution_directory,
    export_environment, execution_directory_expansion_filter, prepend_delivered_header, local_command_shell

DIAGNOSTICS
    delivered to command: COMMAND, and those of pipe_command(3)

SEE ALSO
    local(8), pipe_command(3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.answers import Exit
from simmail.mail.message import ANONYMOUS
from simmail.mail.questions import NOW, Decision
from simmail.mail.questions import Run as RunCommand
from simmail.postfix.agent import MISCONFIGURED
from simmail.postfix.local.macros import Macros
from simmail.postfix.local.state import Run, State
from simmail.postfix.pipe_command import PATH, by_itself, died, exported, run_command, start_in

if TYPE_CHECKING:
    from simmail.postfix.local.agent import Local

#: Variables that are told even where nothing is in them.
MAY_BE_EMPTY = frozenset({"EXTENSION", "SENDER"})


class Commands:
    """Runs commands.

    Args:
        agent: the delivery agent.
    """

    def __init__(self, agent: Local) -> None:
        self.agent = agent
        config = agent.config
        self._limit: float = config["command_time_limit"]
        self._file_limit: int = config["mailbox_size_limit"]
        self._allowed = frozenset(config["command_expansion_filter"])
        self._folder: str = config["command_execution_directory"]
        self._macros = Macros(agent, config["execution_directory_expansion_filter"])
        self._exported = exported(config)
        self._shell = str(config["local_command_shell"]).split()

    def deliver(self, run: Run, state: State, command: str) -> Decision[bool]:
        """Run a command; whether the message must wait."""
        agent = self.agent
        uid = state.rights.uid if state.rights else 0
        if not run.first("command", state.user, uid, command):
            return False
        if run.request.verify:
            return (yield from agent.deliver_sent(run, state, f"delivers to command: {command}"))
        folder = ""
        if self._folder:
            place = self._macros.expand(self._folder, run, state)
            if place.failed:
                return (yield from agent.warned(agent.bounce(run, state, MISCONFIGURED)))
            folder = place.text
        rights = state.rights if state.rights is not None and uid else agent.default_rights
        date = agent.machine.calendar.asctime((yield NOW))
        lines = (*agent.head(state, "command", date), *run.request.message.content.lines, "")
        start = start_in(agent.machine, folder, rights)
        if start.fatal:
            return (yield from agent.bounce(run, state, (yield from died(agent, start.fatal))))
        environment = {**self._exported, "PATH": PATH, **self._environment(run, state)}
        started = self._started(command)
        question = RunCommand(
            started, rights.name, environment, "\n".join(lines), self._limit, self._file_limit, start.folder,
            daemon=True,
        )  # fmt: skip
        caller, otherwise = ("pipe_command: ", "") if self._shell else ("", command)
        end = yield from run_command(agent, question, command, caller, otherwise)
        if isinstance(end, Exit):
            return (yield from agent.deliver_sent(run, state, f"delivered to command: {command}"))
        return (yield from agent.bounce_to_owner(run, state, end))

    def _started(self, command: str) -> str | tuple[str, ...]:
        """What is started: a text for the host's shell, or the words of a program that needs none."""
        return (*self._shell, command) if self._shell else by_itself(command) or command

    def _environment(self, run: Run, state: State) -> dict[str, str]:
        message, rights = run.request.message, state.rights
        login = message.authentication or ANONYMOUS
        told = {
            "HOME": rights.home if rights else "",
            "LOGNAME": rights.name if rights else state.user,
            "USER": rights.name if rights else state.user,
            "SHELL": rights.shell if rights else "",
            "DOMAIN": state.domain,
            "EXTENSION": state.extension,
            "LOCAL": state.local,
            "ORIGINAL_RECIPIENT": state.original,
            "RECIPIENT": state.recipient.address,
            "SENDER": state.sender,
            "CLIENT_ADDRESS": message.client_address,
            "CLIENT_HELO": message.helo,
            "CLIENT_HOSTNAME": message.client_name,
            "CLIENT_PROTOCOL": message.protocol,
            "SASL_METHOD": login.method,
            "SASL_SENDER": login.sender,
            "SASL_USERNAME": login.username,
        }
        return {
            name: self._clean(value) for name, value in told.items()
            if value or (value is not None and name in MAY_BE_EMPTY)
        }  # fmt: skip

    def _clean(self, value: str) -> str:
        return "".join(character if character in self._allowed else "_" for character in value)
