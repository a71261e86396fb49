"""The policy delegation protocol: lines `name=value` up to an empty one, answered by `action=...` and an empty line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from simmail.mail.questions import Decision


class PolicyProgram(Protocol):
    """A policy server that runs.

    Attributes:
        endpoint: where it listens, as main.cf names it: `inet:127.0.0.1:10023`, `unix:/run/policy`.
    """

    endpoint: str

    def ask(self, attributes: Mapping[str, str], now: float, timeout: float = 100.0) -> Decision[str | None]:
        """Answer one request.

        Args:
            attributes: the request's, in order.
            now: seconds since the world's start.
            timeout: how long the client waits for the answer (s).

        Returns:
            The action, or None where no answer came.
        """


class Answer(NamedTuple):
    """What was understood of a server's output.

    Args:
        action: the text behind `action=`; None where there was none.
        complete: whether the empty line came that ends an answer.
        rest: what follows it.
    """

    action: str | None
    complete: bool
    rest: str


def request_text(attributes: Mapping[str, str]) -> str:
    """A request as it is sent."""
    return "".join(f"{name}={value}\n" for name, value in attributes.items()) + "\n"


def action_of(text: str) -> Answer:
    """Read an answer as Postfix does: attributes that it does not know are passed over.

    Args:
        text: what the server has printed so far.
    """
    action: str | None = None
    position = 0
    while (end := text.find("\n", position)) >= 0:
        line = text[position:end]
        position = end + 1
        if not line:
            return Answer(action, True, text[position:])
        name, equals, value = line.partition("=")
        if name == "action" and equals:
            action = value
    return Answer(action, False, "")


def endpoint(text: str, kind: str) -> str:
    """The name under which main.cf finds a listener.

    Args:
        text: `10023`, `127.0.0.1:10023`, `localhost:10023`, or a socket's path.
        kind: `inet` or `unix`.
    """
    if kind == "unix":
        return f"unix:{text}"
    host, colon, port = text.rpartition(":")
    host = host.strip("[]") if colon else "127.0.0.1"
    return f"inet:{'127.0.0.1' if host in ('localhost', '', '*') else host}:{port}"
