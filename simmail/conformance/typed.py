"""A client that types a session line by line, as the recorder's does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from simmail.mail.answers import REFUSED, TIMED_OUT, UNREACHABLE, ConnectFailure, Lost
from simmail.mail.content import Content
from simmail.mail.questions import Close, Connect, Decision, Level, Receive, Send, Sleep
from simmail.smtp.commands import Chunk, Command, Data, Sent
from simmail.smtp.replies import Reply

PATIENCE_S = 20.0
#: The lines of a message are written one by one, and the second of them waits for the acknowledgement of the first
#: (Nagle's algorithm), which TCP delays for so long (s).
DELAYED_ACKNOWLEDGEMENT_S = 0.04
BDAT = re.compile(r"BDAT +0*([1-9]\d*)(?: +LAST)?$", re.IGNORECASE)
FAILURES = {
    REFUSED: "ConnectionRefusedError",
    TIMED_OUT: "TimeoutError",
    UNREACHABLE: "OSError",
}


class Typist:
    """One typed session.

    Args:
        step: the case's step: `client`, `send`, `pace`, `early`, `keep`, `server`.
        server: the address to call.

    Attributes:
        transcript: `C:` and `S:` lines.
        unheard: replies to what was sent before the greeting, or behind a chunk.
        deaf: whether the server takes for text what the client means as commands.
        rest: what of a line stands behind the end of a chunk, and is a command.
    """

    def __init__(self, step: dict[str, Any], server: str) -> None:
        self.step, self.server = step, str(step.get("server", server))
        script = step["send"]
        self.groups = (
            [[s] for s in script.splitlines()] if isinstance(script, str) else [t.splitlines() for t in script]
        )
        self.transcript: list[str] = []
        self.unheard: list[Reply | Lost] = []
        self.content: list[str] | None = None
        self.chunk: list[str] | None = None
        self.left = 0
        self.rest = ""
        self.deaf = False
        self.chunk_argument = ""
        #: Whether something was written over a connection that had been closed.
        self.cut = False

    def session(self) -> Decision[None]:
        """Hold the session."""
        groups, early = self.groups, bool(self.step.get("early")) and bool(self.groups)
        first = tuple(Command.parse(line) for line in groups[0]) if early else ()
        connection = yield Connect(self.server, 25, PATIENCE_S, self.step["client"], first)
        if type(connection) is ConnectFailure:
            self.transcript.append(f"S: ({FAILURES.get(connection.reason, 'OSError')})")
            return
        if early:
            self.transcript.extend("C: " + line for line in groups[0])
        alive = self._hear((yield Receive(connection, PATIENCE_S)))
        if early and not self.transcript[-1].startswith("S: 220"):
            answered = getattr(connection.server, "interrupted", False)  # by postscreen's dialogue engine
            if alive and not answered and self.transcript[-1][3] in "45":
                yield from self._unheard(connection, groups[0])
            groups, early = groups[1:], False
        for number, group in enumerate(groups):
            if not alive:
                break
            if self.step.get("pace"):
                yield from self._pause(connection)
            if not (early and number == 0):
                self.transcript.extend("C: " + line for line in group)
            if self.content is not None and not connection.open and group != ["."]:
                alive = not self.cut or self._hear(Lost("lost connection"))  # only the next line cannot be written
                self.cut = True
                continue
            alive = yield from self._group(connection, group)
        if self.step.get("keep"):
            if alive:
                yield from self._half(connection)
            return
        if alive and self.chunk is not None:
            yield Send(connection, (Chunk(self.chunk_argument, "".join(self.chunk)),), (PATIENCE_S,))
        if (alive or self.deaf) and self.content is not None:
            yield Send(connection, (Data(Content(self._unstuffed()), complete=False),), (PATIENCE_S,))
        yield Close(connection)

    def _half(self, connection: Any) -> Decision[None]:
        """What has been written of a message, or of a chunk, is at the server, which waits for the rest."""
        if self.content is not None:
            yield from connection.server.handle(Data(Content(self._unstuffed()), complete=False), ())
        elif self.chunk is not None:
            yield from connection.server.handle(Chunk(self.chunk_argument, "".join(self.chunk)), ())

    def _pause(self, connection: Any) -> Decision[None]:
        """Wait; what has been written of a message is at the server then."""
        if self.content and connection.open:
            yield Send(connection, (Data(Content(self._unstuffed()), complete=False),), (PATIENCE_S,))
        yield Sleep(self.step["pace"])
        yield Level()

    def _unheard(self, connection: Any, group: list[str]) -> Decision[None]:
        """What was sent before a greeting that refuses the client is answered, too; answers are heard one line late."""
        for number, line in enumerate(group):
            more = tuple(Command.parse(later) for later in group[number + 1 :])
            answer = yield Send(connection, (Command.parse(line),), (PATIENCE_S,), more)
            self.unheard += answer

    def _group(self, connection: Any, group: list[str]) -> Decision[bool]:
        """Send lines written at once; whether the connection still stands."""
        said: list[int] = []
        for number, line in enumerate(group):
            if self.deaf:
                yield Sleep(PATIENCE_S)
                self.content = [line]
                return self._hear(Lost("timeout"))
            for sent in self._sent(line):
                if type(sent) is not Command and len(group) == 1:
                    yield Sleep(DELAYED_ACKNOWLEDGEMENT_S)
                more = tuple(Command.parse(later) for later in group[number + 1 :])
                answer = yield Send(connection, (sent,), (PATIENCE_S,), more)
                reply = answer[0]
                if type(sent) is Command and sent.line().upper() == "DATA" and type(reply) is Reply and reply.kind == 3:
                    self.content = []
                elif type(reply) is Reply and reply.code == 354:
                    self.deaf = True
                if type(reply) is Lost and reply.unsent:
                    del self.transcript[said[-reply.unsent] :]
                said.append(len(self.transcript))
                if not self._hear(reply):
                    return False
                if self.rest:
                    self.unheard += yield Send(connection, (Command.parse(self.rest.strip("\r\n")),), (PATIENCE_S,))
                    self.rest = ""
        return True

    def _sent(self, line: str) -> Iterator[Sent]:
        """What of a line is to be answered: a command, the end of content, the end of a chunk."""
        if self.chunk is not None:
            self.chunk.append(line + "\r\n")
            self.left -= len(line.encode()) + 2
            if self.left <= 0:
                text = "".join(self.chunk).encode()
                end = len(text) + self.left
                self.chunk, self.rest = None, text[end:].decode("utf-8", "surrogateescape")
                yield Chunk(self.chunk_argument, text[:end].decode("utf-8", "surrogateescape"))
        elif self.content is not None:
            if line != ".":
                self.content.append(line)
                return
            lines = self._unstuffed()
            self.content = None
            yield Data(Content(lines))
        elif found := BDAT.match(line):
            self.chunk, self.left, self.chunk_argument = [], int(found[1]), line[4:].strip()
        elif line[:5].upper() == "BDAT ":
            yield Chunk(line[4:].strip(), "")
        else:
            yield Command.parse(line)

    def _unstuffed(self) -> list[str]:
        return [line.removeprefix(".") for line in self.content or ()]

    def _hear(self, reply: Reply | Lost) -> bool:
        if self.unheard:
            self.unheard.append(reply)
            reply = self.unheard.pop(0)
        if type(reply) is Reply:
            self.transcript.extend("S: " + line for line in reply.wire())
            return True
        assert type(reply) is Lost
        self.transcript.extend("S: " + line for line in reply.teaser)
        self.transcript.append("S: (no answer)" if reply.reason == "timeout" else "S: (closed)")
        return False
