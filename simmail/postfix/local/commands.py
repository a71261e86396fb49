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

import shlex
from typing import TYPE_CHECKING

from simmail.mail.answers import Exit
from simmail.mail.message import ANONYMOUS
from simmail.mail.questions import NOW, Decision
from simmail.mail.questions import Run as RunCommand
from simmail.postfix.agent import MISCONFIGURED
from simmail.postfix.config import QUEUE_DIRECTORY
from simmail.postfix.local.macros import Macros
from simmail.postfix.local.state import Run, State
from simmail.postfix.pipe_command import PATH, direct, exported, no_folder, run_command

if TYPE_CHECKING:
    from simmail.postfix.local.agent import Local


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
        folder = QUEUE_DIRECTORY
        if self._folder:
            place = self._macros.expand(self._folder, run, state)
            if place.failed:
                return (yield from agent.warned(agent.bounce(run, state, MISCONFIGURED)))
            folder = place.text
        rights = state.rights if state.rights is not None and uid else agent.default_rights
        date = agent.machine.calendar.asctime((yield NOW))
        lines = (*agent.head(state, "command", date), *run.request.message.content.lines, "")
        if folder != QUEUE_DIRECTORY and not agent.machine.files.is_folder(folder):
            return (yield from agent.bounce(run, state, (yield from no_folder(agent, folder, rights))))
        environment = {**self._exported, "PATH": PATH, **self._environment(run, state), "PWD": folder}
        text, program, caller = self._started(command)
        question = RunCommand(
            text, rights.name, environment, "\n".join(lines), self._limit, self._file_limit, folder, daemon=True
        )
        end = yield from run_command(agent, question, command, program if "/" in program else None, caller)
        if isinstance(end, Exit):
            return (yield from agent.deliver_sent(run, state, f"delivered to command: {command}"))
        return (yield from agent.bounce_to_owner(run, state, end))

    def _started(self, command: str) -> tuple[str, str, str]:
        """How a command is run: the text for the host's shell, the file that runs without one, and who runs it."""
        if self._shell:
            return shlex.join((*self._shell, command)), self._shell[0], "pipe_command: "
        return command, command.split(maxsplit=1)[0] if direct(command) else "", ""

    def _environment(self, run: Run, state: State) -> dict[str, str]:
        message, rights = run.request.message, state.rights
        login = message.authentication or ANONYMOUS
        told = {
            "HOME": rights.home if rights else "",
            "LOGNAME": rights.name if rights else state.user,
            "USER": rights.name if rights else state.user,
            "SHELL": rights.shell if rights else "",
            "DOMAIN": state.domain,
            "EXTENSION": state.extension or "",
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
        return {name: self._clean(value) for name, value in told.items() if value or name == "SENDER"}

    def _clean(self, value: str) -> str:
        return "".join(character if character in self._allowed else "_" for character in value)
