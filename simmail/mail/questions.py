"""The questions a decision may ask: the closed list of what reaches it from outside.

A decision of Postfix is a generator: it yields one of these and is sent the answer.  Two drivers
answer: an immediate one (`simmail.mail.driver`: explain, lint, commands, unit tests) and the world's, which lets
time pass.  The type of the answer stands in each docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
#: A decision: yields questions, is sent answers, returns its verdict.
Decision = Generator["Question", Any, T]


class Question:
    """Root of the questions; `type(question)` is what drivers dispatch on."""

    __slots__: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(getattr(self, name, None)) for name in self.__slots__)})"


class Note(Question):
    """Let this be recorded: something happened now.  Answer: None.

    Args:
        program: the program's name as syslog shows it after `postfix/`: `smtpd`, `qmgr`.
        event: a key of `simmail.mail.records.EVENTS`.
        queue_id: the message it belongs to, or "" for none.
        fields: the event's values, in the order its entry in EVENTS names them.
    """

    __slots__ = ("event", "fields", "program", "queue_id")

    def __init__(self, program: str, event: str, queue_id: str = "", *fields: Any) -> None:
        self.program, self.event, self.queue_id, self.fields = program, event, queue_id, fields


class Sleep(Question):
    """Let time pass, without giving up what is held.  Answer: None.  `seconds`: how long."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Now(Question):
    """What time is it?  Answer: float seconds since the world's start."""

    __slots__ = ()


#: The question says nothing but that it is asked: one does for all.
NOW = Now()


class Draw(Question):
    """Let chance decide.  Answer: float from 0 (included) to 1 (not included), the same for the same cause.

    Args:
        cause: for what it is drawn on this host, and because of which message.
    """

    __slots__ = ("cause",)

    def __init__(self, *cause: str) -> None:
        self.cause = cause


class Level(Question):
    """Let all that happens before now have happened: what follows touches what others share.  Answer: float, the time.

    A program whose sessions share memory asks it before it looks there.
    """

    __slots__ = ()


class Dns(Question):
    """A look-up through the host's resolver.  Answer: `simmail.mail.answers.DnsAnswer`.

    Args:
        name: the owner name, no final dot.
        type: `A`, `AAAA`, `MX`, `PTR`, `TXT`, `NS`, `CNAME`.
    """

    __slots__ = ("name", "type")

    def __init__(self, name: str, type: str) -> None:
        self.name, self.type = name, type


class LookUps(Question):
    """Several look-ups begun at once.  Answer: for each its `DnsAnswer` and the seconds it takes; no time passes.

    Args:
        names: the owner names, no final dot.
        type: as in `Dns`.
    """

    __slots__ = ("names", "type")

    def __init__(self, names: tuple[str, ...], type: str) -> None:
        self.names, self.type = names, type


class PassOn(Question):
    """Hand a client's connection to a service of type `pass`.

    Answer: its session, which greets as soon as it has a process; a `ConnectFailure` where there is no such service.

    Args:
        service: its name in master.cf.
        client: the client's address.
        connection: how the client connected, its `Connect`.
    """

    __slots__ = ("client", "connection", "service")

    def __init__(self, service: str, client: str, connection: Any) -> None:
        self.service, self.client, self.connection = service, client, connection


class Policy(Question):
    """A request of the policy delegation protocol (SMTPD_POLICY_README).  Answer: `simmail.mail.answers.PolicyAnswer`.

    Args:
        server: where it is asked: `inet:127.0.0.1:10023` with an address and a number, or `unix:private/policy`.
        attributes: the request's name=value pairs, in order.
        timeout: seconds to wait for the answer.
        link: the connection of an earlier answer, to be used once more; None makes a new one.
        keep: how long the connection may lie idle afterwards, until the client closes it (s).
    """

    __slots__ = ("attributes", "keep", "link", "server", "timeout")

    def __init__(
        self, server: str, attributes: Mapping[str, str], timeout: float = 100.0, link: Any = None, keep: float = 0.0
    ) -> None:
        self.server, self.attributes, self.timeout, self.link, self.keep = server, attributes, timeout, link, keep


class Listen(Question):
    """A program of the host begins to answer policy requests.  Answer: "" or the system's error text.

    Args:
        program: its `endpoint` says where (`simmail.userland.policy.protocol.PolicyProgram`).
    """

    __slots__ = ("program",)

    def __init__(self, program: Any) -> None:
        self.program = program


class Anvil(Question):
    """One event counted by anvil(8).  Answer: `simmail.mail.answers.AnvilCounts`, with this event counted.

    Args:
        event: `connect`, `disconnect`, `mail`, `rcpt`, `newtls`, `auth`.
        service: the service's name, `smtp`.
        client: the client's address.
        generation: that of the Postfix of which the service is; each counts for itself.
    """

    __slots__ = ("client", "event", "generation", "service")

    def __init__(self, event: str, service: str, client: str, generation: int) -> None:
        self.event, self.service, self.client, self.generation = event, service, client, generation


class NewQueueId(Question):
    """Create a queue file in `incoming`.  Answer: its queue id, str.  Asked by cleanup(8).

    Args:
        long: whether its name shall never come again.
    """

    __slots__ = ("long",)

    def __init__(self, long: bool) -> None:
        self.long = long


class FlushSite(Question):
    """Ask flush(8) to have tried now what waits for one domain.  Answer: None.  `site`: the domain."""

    __slots__ = ("site",)

    def __init__(self, site: str) -> None:
        self.site = site


class Commit(Question):
    """Write the queue file to disk and hand it to the queue manager.  Answer: "" once it is safe, or what went wrong.

    Args:
        message: a `simmail.mail.message.Message`.
        queue: `incoming`, or `hold`.
    """

    __slots__ = ("message", "queue")

    def __init__(self, message: Any, queue: str = "incoming") -> None:
        self.message, self.queue = message, queue


class Abandon(Question):
    """Remove a queue file that was never committed.  Answer: None."""

    __slots__ = ("queue_id",)

    def __init__(self, queue_id: str) -> None:
        self.queue_id = queue_id


class Trigger(Question):
    """Let the queue manager do something soon; nobody waits for it.  Answer: None.

    Args:
        act: given the queue manager and the time (s), a decision whose verdict are the tries to start.
    """

    __slots__ = ("act",)

    def __init__(self, act: Callable[[Any, float], Any]) -> None:
        self.act = act


class Await(Question):
    """Wait until a service of this host's Postfix runs, and make a note then.  Answer: None.

    Args:
        service: its name in master.cf.
        note: the note.
    """

    __slots__ = ("note", "service")

    def __init__(self, service: str, note: Note) -> None:
        self.service, self.note = service, note


class Connect(Question):
    """Open a TCP connection.  Answer: `simmail.mail.answers.Connection`, or `ConnectFailure` with the reason.

    Args:
        address: IPv4 or IPv6 address, text.
        port: TCP port.
        timeout: seconds before giving up.
        source: the address to bind to, "" for the host's own.
        early: what the client sends without waiting for the greeting; `Send` then hears the answers.
    """

    __slots__ = ("address", "early", "port", "source", "timeout")

    def __init__(
        self, address: str, port: int = 25, timeout: float = 30.0, source: str = "", early: tuple[Any, ...] = ()
    ) -> None:
        self.address, self.port, self.timeout, self.source, self.early = address, port, timeout, source, early


class Receive(Question):
    """Wait for the server to speak first.  Answer: a `Reply`, or `Lost`.

    Args: `connection`, and `timeout` in seconds.
    """

    __slots__ = ("connection", "timeout")

    def __init__(self, connection: Any, timeout: float = 300.0) -> None:
        self.connection, self.timeout = connection, timeout


class Send(Question):
    """Send commands as one group (one command, or several pipelined) and wait for the replies.

    Answer: a list with a `Reply` for each command answered, the last item a `Lost` where the connection broke or
    the time was up; it is then shorter than the group.

    Args:
        connection: as answered by `Connect`.
        commands: `simmail.smtp.commands.Command` values, in order.
        timeouts: seconds to wait for each reply, one for each command.
        more: further commands that travel right behind these, to be given again with the next `Send`.
    """

    __slots__ = ("commands", "connection", "more", "timeouts")

    def __init__(
        self, connection: Any, commands: tuple[Any, ...], timeouts: tuple[float, ...], more: tuple[Any, ...] = ()
    ) -> None:
        self.connection, self.commands, self.timeouts, self.more = connection, commands, timeouts, more


class Close(Question):
    """Close a connection without another word.  Answer: None."""

    __slots__ = ("connection",)

    def __init__(self, connection: Any) -> None:
        self.connection = connection


class KeepConnection(Question):
    """Leave a connection open, for whoever asks for it within a time (scache(8)).  Answer: None.

    Args:
        kept: what is handed out again; its `connection` is as answered by `Connect`.
        endpoint: the label of the server that it leads to.
        seconds: how long it is kept at most.
        nexthop: the label of a destination that is bound to that server now, None for none.
        bound: what is handed out besides where the destination is asked for.
    """

    __slots__ = ("bound", "endpoint", "kept", "nexthop", "seconds")

    def __init__(
        self, kept: Any, endpoint: Hashable, seconds: float, nexthop: Hashable | None = None, bound: Any = None
    ) -> None:
        self.kept, self.endpoint, self.seconds, self.nexthop, self.bound = kept, endpoint, seconds, nexthop, bound


class KeptConnection(Question):
    """Take a connection that was left open.

    Answer: what was kept, asked for a server; a pair of that and what was bound, asked for a destination; None where
    there is none.

    Args: `endpoint`, the label of a server; or `nexthop`, that of a destination.
    """

    __slots__ = ("endpoint", "nexthop")

    def __init__(self, endpoint: Hashable | None = None, nexthop: Hashable | None = None) -> None:
        self.endpoint, self.nexthop = endpoint, nexthop


class Run(Question):
    """Run a command of the simulated host (`|command` in an alias, mailbox_command).  Answer: `answers.Exit`.

    Args:
        command: a text for the host's small shell, or the words of a program that runs without one, as by execvp(3).
        user: the account it runs as.
        environment: name -> value.
        stdin: the text it reads.
        timeout: seconds (command_time_limit).
        file_limit: octets that no file it writes may exceed; 0 for no limit.
        folder: where it starts.
        root: the folder that is its root; only in "/" programs are found.
        daemon: whether a daemon of Postfix starts it: new files are their owner's alone, and what it prints to its
            two outputs comes as one text, in order.
    """

    __slots__ = ("command", "daemon", "environment", "file_limit", "folder", "root", "stdin", "timeout", "user")

    def __init__(
        self,
        command: str | tuple[str, ...],
        user: str,
        environment: Mapping[str, str],
        stdin: str,
        timeout: float = 1000.0,
        file_limit: int = 0,
        folder: str = "/",
        root: str = "/",
        daemon: bool = False,
    ) -> None:
        self.command, self.user, self.environment, self.stdin, self.timeout = command, user, environment, stdin, timeout
        self.file_limit, self.folder, self.root, self.daemon = file_limit, folder, root, daemon


class Detach(Question):
    """A program of the host goes on by itself, as after daemon(3); nobody waits for it.  Answer: None.

    Args:
        decision: what it goes on with; its verdict is the exit status, which nobody hears.
    """

    __slots__ = ("decision",)

    def __init__(self, decision: Any) -> None:
        self.decision = decision


class Deposit(Question):
    """Append a message to an mbox file or drop it into a Maildir of the host.  Answer: "" or the system's error text.

    Args:
        path: the mbox file, or the Maildir's folder with its final slash.
        message: the `Message`, kept by reference and rendered when somebody reads the file.
        head: the lines the delivery agent puts before the header (From_, Return-Path:, X-Original-To:, Delivered-To:).
        owner: the account that owns the file.
        limit: the largest size the file may have afterwards, octets; 0 for none.
    """

    __slots__ = ("head", "limit", "message", "owner", "path")

    def __init__(self, path: str, message: Any, head: tuple[str, ...], owner: str, limit: int = 0) -> None:
        self.path, self.message, self.head, self.owner, self.limit = path, message, head, owner, limit


def answered(value: T) -> Decision[T]:
    """A decision that asks nothing."""
    yield from ()
    return value


def through(decision: Decision[T], ask: Callable[[Question], Decision[Any]]) -> Decision[T]:
    """A decision whose questions go through somebody else's hands.

    Args:
        decision: whose questions.
        ask: asks one of them, or does not; what it comes to is the answer.
    """
    answer: Any = None
    while True:
        try:
            question = decision.send(answer)
        except StopIteration as stop:
            verdict: T = stop.value
            return verdict
        answer = yield from ask(question)


class Ready(Generator[Question, Any, T]):
    """A decision that asks nothing, for whoever looks before he begins it: its verdict is there."""

    __slots__ = ("verdict",)

    def __init__(self, verdict: T) -> None:
        self.verdict = verdict

    def send(self, answer: Any) -> Question:
        """It has nothing to ask: it ends."""
        raise StopIteration(self.verdict)

    def throw(self, *error: Any) -> Question:
        """It ends as told."""
        raise error[0]


class Answered(NamedTuple):
    """A question and what it was answered: the trace that explain and the memo keep."""

    question: Question
    answer: Any
