"""Scripted remote mail servers: they say what their script says, and keep what they are sent."""

from __future__ import annotations

from typing import Any

from simmail.mail.content import Content
from simmail.mail.questions import Connect, Decision, answered
from simmail.smtp.commands import Command, Data, Sent
from simmail.smtp.replies import HANG_UP, Reply
from simmail.world.clock import Task
from simmail.world.connection import Mute, Server
from simmail.world.host import Host

OK = "250 2.0.0 Ok"
GOODBYE = Reply(221, ("2.0.0 Bye",), closes=True)


class Peer:
    """One remote server.

    Args:
        host: the host it runs on.
        name: what it greets with.
        script: `banner`, `helo`, `mail`, `rcpt`, `data`, `eod`: a reply, or a list used up one a time; `rcpt` may map
            addresses to replies; `mode`: `refuse` or `mute`.
    """

    def __init__(self, host: Host, name: str, script: dict[str, Any] | None) -> None:
        self.host, self.name = host, name
        self.script: dict[str, Any] = {}
        self.received: list[dict[str, Any]] = []
        self.set(script)

    def set(self, script: dict[str, Any] | None) -> None:
        """Change its ways."""
        self.script.update(script or {})
        if self.script.get("mode") == "refuse":
            self.host.listeners.pop(25, None)
        else:
            self.host.listeners[25] = self._listen

    def _listen(self, task: Task, client: str, question: Connect) -> Decision[Server | None]:
        # The recorder has all peers on one machine: a connection from no address in particular comes from
        # the one that it goes to.
        source = question.source or question.address
        return answered(Mute() if self.script.get("mode") == "mute" else PeerSession(self, source))

    def says(self, stage: str, default: str, key: str = "") -> str:
        """What the script has for a stage."""
        said: Any = self.script.get(stage, default)
        if isinstance(said, dict):
            said = said.get(key, default)
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        return str(said)


class PeerSession:
    """One session of a scripted server."""

    def __init__(self, peer: Peer, client: str) -> None:
        self.peer = peer
        self.envelope: dict[str, Any] = {"client": client, "mail": None, "rcpt": []}
        self._greeted = False
        #: Lines that were said, and not heard yet.
        self._ahead: list[str] = []
        #: Whether content is what comes next.
        self._taking = False

    def greet(self) -> Decision[Reply | None]:
        """The banner; later what was said beyond an answer, if anything."""
        if not self._greeted:
            self._greeted = True
            return answered(self._heard(self.peer.says("banner", f"220 {self.peer.name} ESMTP")))
        return answered(self._next())

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """The script's answer."""
        if isinstance(sent, Command):
            said = self._command(sent)
            return answered(GOODBYE if said is None else self._heard(said))
        if isinstance(sent, Data):
            said = self._content(sent.content)
            return answered(self._heard(said) if sent.complete else HANG_UP)
        return answered(self._heard(OK))

    def _heard(self, said: str) -> Reply | None:
        """What the client takes for the answer where this is said: the first reply that it has not heard yet."""
        self._ahead += said.split("\n")
        return self._next()

    def _next(self) -> Reply | None:
        for number in range(1, len(self._ahead) + 1):
            reply = Reply.parse("\n".join(self._ahead[:number]))
            if reply is not None:
                del self._ahead[:number]
                return reply
        return None

    def _command(self, command: Command) -> str | None:
        """What the script says to a command; None for a good-bye."""
        line, verb = command.line(), command.verb.upper()
        if verb in ("EHLO", "HELO"):
            self.envelope["helo"] = line.split(" ", 1)[1]
            return self.peer.says("helo", f"250 {self.peer.name}")
        if verb == "MAIL":
            self.envelope.update(mail=line[len("MAIL FROM:") :], rcpt=[])
            return self.peer.says("mail", "250 2.1.0 Ok")
        if verb == "RCPT":
            address = line.partition("<")[2].partition(">")[0]
            said = self.peer.says("rcpt", "250 2.1.5 Ok", address)
            if said.startswith("2"):
                self.envelope["rcpt"].append(address)
            return said
        if verb == "DATA":
            said = self.peer.says("data", "354 End data with <CR><LF>.<CR><LF>")
            if not self.envelope["rcpt"] and "data" not in self.peer.script:
                return "554 5.5.1 Error: no valid recipients"
            self._taking = said.startswith("3")
            return said
        return None if verb == "QUIT" else OK

    def _content(self, content: Content) -> str:
        self._taking = False
        said = self.peer.says("eod", "250 2.0.0 Ok: queued")
        if said.startswith("2"):
            self.peer.received.append(dict(self.envelope, content="\n".join(content.lines)))
        return said

    def lost(self, reason: str) -> Decision[None]:
        """Content that breaks off counts as whole, as it does with the recorder's servers."""
        if self._taking:
            self._content(Content(()))
        return answered(None)
