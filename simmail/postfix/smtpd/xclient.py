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

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simmail.mail.hostnames import literal_address, valid_address, valid_hostname
from simmail.mail.questions import Decision
from simmail.postfix.smtpd.state import UNKNOWN, Client, NameStatus
from simmail.postfix.smtpd.token import words
from simmail.smtp.parameters import decode_xtext
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession

UNAVAILABLE, TEMPORARILY = "[UNAVAILABLE]", "[TEMPUNAVAIL]"
Answer = tuple[Reply, bool | None]


def xclient(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """XCLIENT."""
    state = session.state
    if state.sender is not None:
        return (yield from session.mistaken(503, "5.5.1 Error: MAIL transaction in progress")), False
    found = words(argument)
    if not found:
        return (yield from session.mistaken(501, "5.5.4 Syntax: XCLIENT attribute=value...")), False
    if not session.xclient:
        return (yield from session.mistaken(550, "5.7.0 Error: insufficient authorization", "policy")), False
    client, told = state.client, set()
    for word in found:
        name, equals, value = word.text.partition("=")
        plain = decode_xtext(value)
        if not equals or plain is None:
            text = "attribute=value expected" if not equals else f"bad attribute value syntax: {value}"
            return (yield from session.mistaken(501, f"5.5.4 Error: {text}")), False
        told.add(name.upper())
        changed = _changed(session, client, name.upper(), plain)
        if type(changed) is str:
            return (yield from session.mistaken(501, f"5.5.4 {changed}")), False
        assert isinstance(changed, Client)
        client = changed
    yield from session.forget()
    if "HELO" not in told:
        state.helo = None
    if "PROTO" not in told:
        state.protocol = "SMTP"
    state.client = client
    state.namaddr = f"{client.name}[{client.address}]"
    session.xclient = yield from session.listed(session.parameters.xclient_hosts)
    greeting = session.welcome()
    return greeting if isinstance(greeting, Reply) else (yield from greeting), None


def _changed(session: SmtpdSession, client: Client, name: str, value: str) -> Client | str:
    """The client after one attribute; or what is wrong with that."""
    state = session.state
    unavailable = value.upper() in (UNAVAILABLE, TEMPORARILY)
    status = (
        NameStatus.TEMPORARY if value.upper() == TEMPORARILY
        else NameStatus.PERMANENT if unavailable else NameStatus.OK
    )  # fmt: skip
    if name == "NAME":
        if not unavailable and not valid_hostname(value):
            return f"Bad NAME syntax: {value}"
        if unavailable:
            return client._replace(name=UNKNOWN, name_status=status)
        return client._replace(name=value, name_status=status, reverse_name=value, reverse_status=status)
    if name == "REVERSE_NAME":
        if not unavailable and not valid_hostname(value):
            return f"Bad REVERSE_NAME syntax: {value}"
        return client._replace(reverse_name=UNKNOWN if unavailable else value, reverse_status=status)
    if name == "ADDR":
        address = _address(session, value)
        if not unavailable and address is None:
            return f"Bad ADDR syntax: {value}"
        return client._replace(address=address or UNKNOWN, socket=client.socket or client.address)
    if name == "PORT":
        if not unavailable and not (value.isdigit() and int(value) < 65536):
            return f"Bad PORT syntax: {value}"
        return client._replace(port=UNKNOWN if unavailable else value)
    if name == "HELO":
        state.helo = None if unavailable else value
        return client
    if name == "PROTO":
        if value.upper() not in ("SMTP", "ESMTP"):
            return f"Bad PROTO syntax: {value}"
        state.protocol = value.upper()
        return client
    if name in ("LOGIN", "DESTADDR", "DESTPORT"):
        return client
    return f"Bad XCLIENT attribute name: {name}"


def xforward(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """XFORWARD."""
    state = session.state
    if state.sender is not None:
        return (yield from session.mistaken(503, "5.5.1 Error: MAIL transaction in progress")), False
    found = words(argument)
    if not found:
        return (yield from session.mistaken(501, "5.5.4 Syntax: XFORWARD attribute=value...")), False
    if not session.xforward:
        return (yield from session.mistaken(550, "5.7.0 Error: insufficient authorization", "policy")), False
    known = ("NAME", "ADDR", "PROTO", "HELO", "SOURCE", "PORT", "IDENT")
    for word in found:
        name, equals, value = word.text.partition("=")
        plain = decode_xtext(value)
        if not equals or plain is None:
            text = "attribute=value expected" if not equals else f"bad attribute value syntax: {value}"
            return (yield from session.mistaken(501, f"5.5.4 Error: {text}")), False
        if name.upper() not in known:
            return (yield from session.mistaken(501, f"5.5.4 Bad XFORWARD attribute name: {name}")), False
        unavailable = plain.upper() == UNAVAILABLE
        if not unavailable and not _fits(session, name.upper(), plain):
            return (yield from session.mistaken(501, f"5.5.4 Bad {name.upper()} syntax: {plain}")), False
        session.forwarded = {**session.forwarded, name.upper(): UNKNOWN if unavailable else plain}
    return (yield from session.say(250, "2.0.0 Ok")), True


#: What an attribute of XFORWARD may be; any text where nothing is said.
_FORMS: dict[str, Callable[[str], bool]] = {
    "NAME": valid_hostname,
    "PORT": lambda value: value.isdigit() and int(value) < 65536,
    "SOURCE": lambda value: value.upper() in ("LOCAL", "REMOTE"),
}


def _address(session: SmtpdSession, value: str) -> str | None:
    """An address of a kind that inet_protocols enables, without what marks it; None for any other text."""
    address = literal_address(value) or (value if valid_address(value) else None)
    if address is None or (6 if ":" in address else 4) not in session.parameters.families:
        return None
    return address


def _fits(session: SmtpdSession, name: str, value: str) -> bool:
    if name == "ADDR":
        return _address(session, value) is not None
    form = _FORMS.get(name)
    return form is None or form(value)
