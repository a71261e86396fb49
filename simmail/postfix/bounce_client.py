"""NAME
    bounce_client - bounce(8) as those find it who have something to tell

DESCRIPTION
    bounce(8) stands behind three services, whose names main.cf has.  Who finds none of that name, or another program,
    says so and does without.  bounce(8) keeps its logs in a folder with the name of the service: where there is none of
    that name it dies.

PARAMETERS
    bounce_service_name, defer_service_name, trace_service_name

DIAGNOSTICS
    connect to private/NAME: No such file or directory, Connection refused
    unexpected protocol PROTOCOL from private/NAME socket (expected: delivery_status_protocol)
    read private/NAME socket: REASON
        Another program stands there.
    fatal: open file NAME ID: Permission denied; write/read private/NAME socket: REASON
        bounce(8) stands there, and has no such folder.

BUGS
    REASON is what happened last in the client; here it is always what it mostly is.  A program that says nothing, or
    waits for more (anvil, dnsblog), is done with at once.  The death of a bounce(8) takes no time; in life
    master(8) starts no other for a while, and agents wait.

SEE ALSO
    bounce(3), defer(3), trace(3)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.questions import Note
from simmail.postfix.roles import BOUNCE, unexpected

if TYPE_CHECKING:
    from simmail.postfix.config import Config
    from simmail.postfix.system import MailSystem

#: The services, as they are usually called, as are the folders that bounce(8) has for its logs.
SERVICES = ("bounce", "defer", "trace")
#: What a system call of a client said last: of one that has talked to a remote host, of any other.
IN_PROGRESS, NOTHING = "Operation now in progress", "Application error"


class BounceService(NamedTuple):
    """One of the three services, as a client finds it.

    Args:
        name: what main.cf calls it.
        complaint: what a client says of that; "" for nothing.
        trouble: what it says besides, but for the reason; "" for nothing.
        dies: what bounce(8) dies of there, but for the queue id; "" where it does not.
    """

    name: str
    complaint: str = ""
    trouble: str = ""
    dies: str = ""

    @property
    def missing(self) -> bool:
        """Whether bounce(8) cannot be told anything there."""
        return bool(self.complaint or self.trouble)

    def said(self, client: str, bounce: str, queue_id: str, connected: bool) -> list[Note]:
        """What the log hears of a service that is missing.

        Args:
            client: the program that has something to tell.
            bounce: bounce(8), as the log names it.
            queue_id: what the message is about.
            connected: whether the client has talked to a remote host before.
        """
        said = [Note(bounce, "fatal", "", f"{self.dies} {queue_id}: Permission denied")] if self.dies else []
        if self.complaint:
            said.append(Note(client, "warning", "", self.complaint))
        if self.trouble:
            said.append(Note(client, "warning", "", f"{self.trouble}: {IN_PROGRESS if connected else NOTHING}"))
        return said


def bounce_services(system: MailSystem, config: Config) -> Mapping[str, BounceService]:
    """The three services as a program with these parameters finds them, by their usual names."""
    return {usual: _found(system, str(config[f"{usual}_service_name"])) for usual in SERVICES}


def _found(system: MailSystem, name: str) -> BounceService:
    socket, service = f"private/{name}", system.service(name)
    if service is None or not service.private:
        return BounceService(name, system.unreachable(socket))
    if service.command != BOUNCE.command:
        text = unexpected(service.command, socket, BOUNCE.protocol)
        return BounceService(name, text, f"read {socket} socket")
    if name not in SERVICES:
        return BounceService(name, "", f"write/read {socket} socket", f"open file {name}")
    return BounceService(name)
