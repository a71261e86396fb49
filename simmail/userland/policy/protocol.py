"""The policy delegation protocol: lines `name=value` up to an empty one, answered by `action=...` and an empty line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, answered

#: The address that stands for all of a host's.
ANY = "0.0.0.0"


class PolicyProgram(Protocol):
    """A policy server that runs.

    Attributes:
        name: what it is called.
        endpoint: where it listens, as main.cf names it: `inet:127.0.0.1:10023`, `unix:/run/policy`.
    """

    name: str
    endpoint: str

    def ask(self, attributes: Mapping[str, str], now: float) -> Decision[str | None]:
        """Answer one request.

        Args:
            attributes: the request's, in order.
            now: seconds since the world's start.

        Returns:
            The action, or None where it hangs up instead.
        """


class Said(NamedTuple):
    """What came of one request.

    Args:
        text: what the server sent.
        ended: whether it has closed the connection since.
        reset: whether it did so with the request unread.
    """

    text: str
    ended: bool = False
    reset: bool = False


class Line(Protocol):
    """A connection to a policy server, as the server has it."""

    def ask(self, attributes: Mapping[str, str], now: float) -> Decision[Said]:
        """Take a request.  Time may pass, even for ever."""

    def hang_up(self, now: float, late: str = "") -> Decision[None]:
        """The client closes the connection; `late`: what was sent after it had done so."""


class Direct:
    """A connection to a program that answers at once.

    Args:
        program: the program.
    """

    def __init__(self, program: PolicyProgram) -> None:
        self.program = program

    def ask(self, attributes: Mapping[str, str], now: float) -> Decision[Said]:
        """Ask the program."""
        action = yield from self.program.ask(attributes, now)
        return Said("", True) if action is None else Said(f"action={action}\n\n")

    def hang_up(self, now: float, late: str = "") -> Decision[None]:
        """Nothing hangs on it."""
        return answered(None)


def request_text(attributes: Mapping[str, str]) -> str:
    """A request as it is sent."""
    return "".join(f"{name}={value}\n" for name, value in attributes.items()) + "\n"


def endpoint(text: str, kind: str) -> str:
    """The name under which main.cf finds a listener.

    Args:
        text: `10023`, `127.0.0.1:10023`, `localhost:10023`, or a socket's path.
        kind: `inet` or `unix`.

    Raises:
        Fatal: for what is no TCP port.
    """
    if kind == "unix":
        return f"unix:{text}"
    host, colon, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Fatal(f"--inet={text}: {port or 'nothing'} is no TCP port")
    host = host.strip("[]") if colon else "127.0.0.1"
    address = {"localhost": "127.0.0.1", "": "127.0.0.1", "*": ANY}.get(host, host)
    return f"inet:{address}:{port}"
