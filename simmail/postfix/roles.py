"""NAME
    roles - services that others look for by name, and what stands there instead

DESCRIPTION
    cleanup(8), trivial-rewrite(8), verify(8), bounce(8), qmgr(8) and pickup(8) are found by the names of their
    services.  master.cf may let another program stand there.  Most programs say what protocol they speak before
    anything is asked; who has expected another one complains, and tries again later or does without.  Some say
    nothing, and who asks waits.

DIAGNOSTICS
    unexpected protocol PROTOCOL from private/NAME socket (expected: PROTOCOL)

BUGS
    What such a program makes of what it is told is not in the log.  Who has tried in vain for a minute tries once a
    minute, and not each second.

SEE ALSO
    master(5)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.mail.questions import Decision, Note, Sleep

if TYPE_CHECKING:
    from simmail.postfix.system import MailSystem

#: The pause before a program tries once more, how often it does so, and the pause after that, seconds.
RETRY_S, TRIES, RARE_S = 1.0, 60, 60.0


class Role(NamedTuple):
    """What has to stand behind a service: the program, its protocol ("" for none), the folder of its socket."""

    command: str
    protocol: str
    folder: str = "private"


BOUNCE = Role("bounce", "delivery_status_protocol")
#: Service -> its role.
ROLES: Mapping[str, Role] = {
    "cleanup": Role("cleanup", "cleanup_protocol", "public"),
    "rewrite": Role("trivial-rewrite", "trivial_rewrite_protocol"),
    "verify": Role("verify", "address_verification_prrotocol"),  # as Postfix spells it
    "bounce": BOUNCE, "defer": BOUNCE, "trace": BOUNCE,
    "qmgr": Role("qmgr", "", "public"),
    "pickup": Role("pickup", "", "public"),
}  # fmt: skip
#: Program -> the protocol that it speaks.
PROTOCOLS: Mapping[str, str] = {
    **{role.command: role.protocol for role in ROLES.values() if role.protocol},
    **dict.fromkeys(("smtp", "lmtp", "local", "virtual", "pipe", "error", "discard"), "delivery_request_protocol"),
    "flush": "queue_flush_protocol",
    "scache": "connection_cache_protocol",
    "proxymap": "proxymap_protocol",
}


def unexpected(command: str, socket: str, expected: str) -> str:
    """What is said of a program that speaks another protocol than the one expected; "" where it says nothing itself."""
    spoken = PROTOCOLS.get(command, "")
    return f"unexpected protocol {spoken} from {socket} socket (expected: {expected})" if spoken and expected else ""


class Stranger(NamedTuple):
    """A program in the place of another: the socket, and what is said of it; "" for nothing."""

    socket: str
    text: str


def stranger(name: str, command: str) -> Stranger | None:
    """What stands behind a service; None where that is as it should be, or where nobody looks for it by name."""
    role = ROLES.get(name)
    if role is None or role.command == command:
        return None
    socket = f"{role.folder}/{name}"
    return Stranger(socket, unexpected(command, socket, role.protocol))


def misunderstood(system: MailSystem, odd: Stranger, name: str, client: str) -> Decision[Any]:
    """Ask a stranger, again and again; None where that is its client's business.

    Args:
        system: whose service it is; where that is reloaded, the next one has the program.
        odd: what stands there.
        name: the service.
        client: the program that asks.
    """
    complaint = Note(client, "warning", "", odd.text)
    if odd.text:
        yield complaint
        if name in system.intakes:
            return None
    tries = 0
    while system.successor is None:
        yield Sleep(RETRY_S if tries < TRIES else RARE_S)
        tries += 1
        if odd.text:
            yield complaint
            yield Note(client, "warning", "", f"problem talking to service {name}: Application error")
    return (yield from system.successor.summon(name, client=client))
