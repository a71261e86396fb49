"""NAME
    smtpd.xclient - XCLIENT and XFORWARD

DESCRIPTION
    XCLIENT puts another client in this one's place, for tests; the session then starts again with a greeting.
    XFORWARD tells of the client behind a content filter, for the log alone.

PARAMETERS
    smtpd_authorized_xclient_hosts, smtpd_authorized_xforward_hosts

SEE ALSO
    XCLIENT_README, XFORWARD_README
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, Any

from simmail.mail.content import octets
from simmail.mail.hostnames import literal_address, valid_address, valid_hostname
from simmail.mail.questions import Decision
from simmail.postfix.printable import printable
from simmail.postfix.smtpd.answering import NEUTERED, Answer, unauthorized
from simmail.postfix.smtpd.state import UNKNOWN, NameStatus
from simmail.postfix.smtpd.token import words
from simmail.smtp.parameters import decode_xtext
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession

UNAVAILABLE, TEMPORARILY = "[UNAVAILABLE]", "[TEMPUNAVAIL]"
_LOOKED_UP = {UNAVAILABLE: NameStatus.PERMANENT, TEMPORARILY: NameStatus.TEMPORARY}
#: The longest value as it is written, and the longest name of a protocol, octets.
MAX_VALUE, MAX_PROTOCOL = 255, 64
#: What an attribute of XFORWARD is taken to be that nobody knows, where that is not `unknown`.
BLANK = {"HELO": "", "IDENT": "", "SOURCE": "local"}
#: What of XFORWARD's attributes makes another client of the one that the log and cleanup(8) hear of.
CLIENT = frozenset({"NAME", "ADDR", "PORT", "PROTO", "HELO"})


def xclient(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """XCLIENT."""
    state = session.state
    if state.sender is not None:
        return (yield from session.mistaken(503, "5.5.1 Error: MAIL transaction in progress")), False
    found = words(argument)
    if not found:
        return (yield from session.mistaken(501, "5.5.4 Syntax: XCLIENT attribute=value...")), False
    if not session.xclient:
        return (yield from unauthorized(session, session.xclient))
    told: set[str] = set()
    for word in found:
        name, value, wrong = _attribute(word.text, "XCLIENT", XCLIENT, XCLIENT_SHOWN)
        wrong = wrong or _change(session, name, value)
        if wrong:
            return (yield from session.mistaken(501, f"5.5.4 {wrong}")), False
        told.add(name)
    if "LOGIN" not in told:
        state.sasl_method = state.sasl_username = ""
    if "HELO" not in told:
        state.helo = None
    if "PROTO" not in told:
        state.protocol = "SMTP"
    if not told.isdisjoint(("NAME", "ADDR", "PORT")):
        state.met(state.client, f"{state.client.name}[{state.client.address}]")
    yield from session.forget(0)
    session.xclient = yield from session.listed(session.parameters.xclient_hosts)
    greeting = session.welcome("XCLIENT")
    return greeting if isinstance(greeting, Reply) else (yield from greeting), None


def _attribute(text: str, command: str, known: Container[str], shown: Container[str]) -> tuple[str, str, str]:
    """The name of an attribute, in upper case, and its value; what is wrong with it, or "".

    Args:
        text: as it was written.
        command: whose it is.
        known: the attributes that the command has.
        shown: those of them whose values are made safe to show before they are looked at.
    """
    name, _, coded = text.partition("=")
    if not coded:
        return name, "", "Error: attribute=value expected"
    if octets(coded) > MAX_VALUE:
        return name, "", "Error: attribute value too long"
    if name.upper() not in known:
        return name, "", f"Bad {command} attribute name: {name}"
    plain = decode_xtext(coded)
    value = printable(coded if plain is None else plain)
    return name.upper(), value.translate(NEUTERED) if name.upper() in shown else value, ""


def _change(session: SmtpdSession, name: str, value: str) -> str:
    """Put an attribute of another client in the place of this one's; what is wrong with it, or ""."""
    state, client = session.state, session.state.client
    status = _LOOKED_UP.get(value.upper(), NameStatus.OK)
    unavailable = name != "PROTO" and (
        status is NameStatus.PERMANENT or (status is NameStatus.TEMPORARY and name in ("NAME", "REVERSE_NAME"))
    )
    fits = XCLIENT[name]
    if not unavailable and fits is not None and not fits(session, value):
        return f"Bad {name} syntax: {value}"
    if name == "NAME":
        if unavailable:
            state.client = client._replace(name=UNKNOWN, name_status=status)
        else:
            state.client = client._replace(name=value, name_status=status, reverse_name=value, reverse_status=status)
    elif name == "REVERSE_NAME":
        state.client = client._replace(reverse_name=UNKNOWN if unavailable else value, reverse_status=status)
    elif name == "ADDR":
        address = _address(session, value) or UNKNOWN
        state.client = client._replace(address=address, socket=client.socket or client.address)
    elif name == "PORT":
        state.client = client._replace(port=UNKNOWN if unavailable else value)
    elif name == "DESTADDR":
        state.client = client._replace(server_address=_address(session, value) or UNKNOWN)
    elif name == "DESTPORT":
        state.client = client._replace(server_port=UNKNOWN if unavailable else value)
    elif name == "HELO":
        state.helo = None if unavailable else value
    elif name == "PROTO":
        state.protocol = value.upper()
    elif name == "LOGIN":
        state.sasl_username = "" if unavailable else session.smtpd.masked(value)
        state.sasl_method = "XCLIENT" if state.sasl_username else ""
    return ""


def xforward(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """XFORWARD."""
    state = session.state
    if state.sender is not None:
        return (yield from session.mistaken(503, "5.5.1 Error: MAIL transaction in progress")), False
    found = words(argument)
    if not found:
        return (yield from session.mistaken(501, "5.5.4 Syntax: XFORWARD attribute=value...")), False
    if not session.xforward:
        return (yield from unauthorized(session, session.xforward))
    told: dict[str, str] = {}
    for word in found:
        name, value, wrong = _attribute(word.text, "XFORWARD", XFORWARD, XFORWARD_SHOWN)
        wrong = wrong or _tell(session, told, name, value)
        if wrong:
            return (yield from session.mistaken(501, f"5.5.4 {wrong}")), False
    session.forwarded = {**session.forwarded, **told}
    return (yield from session.say(250, "2.0.0 Ok")), True


def _tell(session: SmtpdSession, told: dict[str, str], name: str, value: str) -> str:
    """Take in an attribute of a client behind this one; what is wrong with it, or ""."""
    if value.upper() == UNAVAILABLE:
        told[name] = BLANK.get(name, UNKNOWN)
        return ""
    fits = XFORWARD[name]
    if fits is not None and not fits(session, value):
        return f"Bad {name} syntax: {value}"
    told[name] = value
    return ""


def forwarded_text(told: Mapping[str, str]) -> str:
    """What XFORWARD told, as the log shows it behind the client."""
    ident = f", orig_queue_id={told['IDENT']}" if told.get("IDENT") else ""
    if CLIENT.isdisjoint(told):
        return ident
    name, address = told.get("NAME", UNKNOWN), told.get("ADDR", UNKNOWN)
    return f"{ident}, orig_client={name}" + (f"[{address}]" if address != UNKNOWN else "")


def _address(session: SmtpdSession, value: str) -> str | None:
    """An address of a kind that inet_protocols enables, without what marks it; None for any other text."""
    address = literal_address(value) or (value if valid_address(value) else None)
    if address is None or (6 if ":" in address else 4) not in session.parameters.ip_versions:
        return None
    return address


def _is_address(session: SmtpdSession, value: str) -> bool:
    return _address(session, value) is not None


def _is_name(session: SmtpdSession, value: str) -> bool:
    return value.isascii() and valid_hostname(value)


def _is_port(session: SmtpdSession, value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= len("65535")


def _is_protocol(session: SmtpdSession, value: str) -> bool:
    return value.upper() in ("SMTP", "ESMTP")


def _is_short(session: SmtpdSession, value: str) -> bool:
    return octets(value) <= MAX_PROTOCOL


def _is_source(session: SmtpdSession, value: str) -> bool:
    return value.upper() in ("LOCAL", "REMOTE")


#: What an attribute may be; None for any text.
Form = Callable[["SmtpdSession", str], bool] | None
#: The attributes of XCLIENT.
XCLIENT: dict[str, Form] = {
    "NAME": _is_name,
    "ADDR": _is_address,
    "PROTO": _is_protocol,
    "HELO": None,
    "REVERSE_NAME": _is_name,
    "PORT": _is_port,
    "LOGIN": None,
    "DESTADDR": _is_address,
    "DESTPORT": _is_port,
}
#: Those of them whose values are made safe to show before anything is done with them.
XCLIENT_SHOWN = frozenset({"ADDR", "DESTADDR", "HELO"})
#: Those of XFORWARD.
XFORWARD: dict[str, Form] = {
    "NAME": _is_name,
    "ADDR": _is_address,
    "PROTO": _is_short,
    "HELO": None,
    "SOURCE": _is_source,
    "PORT": _is_port,
    "IDENT": None,
}
XFORWARD_SHOWN = frozenset({"NAME", "ADDR", "PROTO", "HELO", "IDENT"})
