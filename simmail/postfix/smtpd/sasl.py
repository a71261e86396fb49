"""NAME
    smtpd.sasl - logins

DESCRIPTION
    Cyrus SASL has no accounts here, and dovecot does not run: mechanisms are offered, and every login fails.  XCLIENT
    logs somebody in; and where smtpd_sasl_security_options lacks noanonymous, anybody logs in who does not say who he
    is, which permits nothing.

PARAMETERS
    smtpd_sasl_auth_enable, smtpd_sasl_type, smtpd_sasl_path, smtpd_sasl_security_options, smtpd_sasl_mechanism_filter,
    smtpd_sasl_exceptions_networks, smtpd_sasl_local_domain, broken_sasl_auth_clients, smtpd_tls_auth_only,
    smtpd_client_auth_rate_limit

DIAGNOSTICS
    HOST: SASL MECHANISM authentication failed: REASON, sasl_username=NAME; ... authentication aborted
    SASL authentication failure: All-whitespace username.
        A name that is empty - or, as Cyrus SASL counts, has as many blanks before it as it has letters.

    `Fatal`: SASL per-process initialization failed; no SASL authentication mechanisms; smtpd_sasl_mechanism_filter
    discards all mechanisms in 'LIST'; SASL per-connection initialization failed

BUGS
    Of the mechanisms that ask back only PLAIN, LOGIN and ANONYMOUS do.  What is sent first for SCRAM, DIGEST-MD5 and
    NTLM is no more than wrong.

SEE ALSO
    RFC 4954, SASL_README
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from simmail.files.file_errors import NO_FILE
from simmail.mail.answers import REFUSED
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision
from simmail.postfix.match_lists import StringList
from simmail.postfix.sasl_mechanisms import (
    ANONYMOUS,
    EVERY,
    EXTERNAL,
    MECHANISMS,
    NO_OPTIONS,
    PLAIN_TEXT,
    SecurityOptions,
)
from simmail.postfix.smtpd import milter
from simmail.postfix.smtpd.answering import Answer, no, over_rate
from simmail.postfix.smtpd.token import words
from simmail.postfix.tables.split import SPACE
from simmail.smtp.commands import Command
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.session import SmtpdSession

PASSWORD = "UGFzc3dvcmQ6"
#: What mechanisms that ask back begin with, in base 64.
ASKING = {"PLAIN": "", "LOGIN": "VXNlcm5hbWU6", ANONYMOUS: ""}
#: Who somebody is that does not say who.
ANYBODY = "anonymous"
NOBODY = "(unavailable)"
#: Four octets of base 64, the last ones perhaps missing.
_FOUR = re.compile(r"[A-Za-z0-9+/]{2}(?:[A-Za-z0-9+/]{2}|[A-Za-z0-9+/]=|==)")
NO_MATCH, PROTOCOL, GENERIC = "authentication failure", "bad protocol / cancel", "generic failure"
#: What Cyrus SASL says of a PLAIN response of so many parts, if they are not three.
PARTS = {1: "Can only find author (no password)", 2: "Can only find author/en (no password)"}
TOO_MUCH = "Got more data than we were expecting in the PLAIN plugin?"


class Login(NamedTuple):
    """A login that waits for the client's next words.

    Args:
        mechanism: as the client wrote it.
        name: who logs in, where that is known.
    """

    mechanism: str
    name: str | None = None


class Sasl:
    """What one smtpd offers to those who want to log in.

    Args:
        smtpd: the program.

    Attributes:
        enabled: whether main.cf wants logins.
        active: whether there are any in sessions without encryption.
        text: the mechanisms offered, as EHLO lists them.
        old_clients: whether they are listed for old clients as well.
        realm: the domain of who logs in without one.
    """

    def __init__(self, smtpd: Smtpd) -> None:
        config = smtpd.config
        self._smtpd = smtpd
        self.enabled: bool = config["smtpd_sasl_auth_enable"]
        self.active = self.enabled and not config["smtpd_tls_auth_only"] and not smtpd.stands_alone
        self.old_clients: bool = config["broken_sasl_auth_clients"]
        self.realm: str = config["smtpd_sasl_local_domain"]
        self.text, self.exceptions = "", smtpd.addresses("smtpd_sasl_exceptions_networks")
        self._options, self._without = SecurityOptions(frozenset()), "no SASL authentication mechanisms"
        self._complaints: tuple[str, ...] = ()
        if not self.enabled:
            return
        type: str = config["smtpd_sasl_type"]
        if type not in ("cyrus", "dovecot"):
            smtpd.warn("warning", f"unsupported SASL server implementation: {type}")
            raise Fatal("SASL per-process initialization failed")
        if type == "dovecot":
            path: str = config["smtpd_sasl_path"]
            why = REFUSED if path.startswith("inet:") else NO_FILE
            self._complaints = (f"SASL: Connect to Dovecot auth socket '{path}' failed: {why}",)
        else:
            self._mechanisms(smtpd)

    def _mechanisms(self, smtpd: Smtpd) -> None:
        self._options = SecurityOptions.parse(smtpd.config.text("smtpd_sasl_security_options"))
        if self._options.complaints:
            return
        name = "smtpd_sasl_mechanism_filter"
        wanted = StringList.open(name, smtpd.config[name], smtpd.environment)
        allowed = [mechanism for mechanism in MECHANISMS if mechanism in self._options.allowed]
        self.text = " ".join(filter(wanted.matches, allowed))
        if allowed:
            self._without = f"smtpd_sasl_mechanism_filter discards all mechanisms in '{' '.join(allowed)}'"
        else:
            self._complaints = ("xsasl_cyrus_server_get_mechanism_list: no applicable SASL mechanisms",)

    def greets(self) -> Decision[None]:
        """A client has connected.  Raises Fatal where nobody could ever log in."""
        for text in (*self._complaints, *self._options.complaints):
            yield self._smtpd.note("warning", "", text)
        if self._options.complaints:
            raise Fatal(NO_OPTIONS)
        if not self.text:
            raise Fatal(self._without)

    def offers(self, session: SmtpdSession) -> bool:
        """Whether EHLO's reply has the mechanisms."""
        return self.active and not session.is_among(self.exceptions)

    def canonical(self, name: str) -> str | None:
        """The name of who logs in, as Cyrus SASL has it; None where it takes it for nothing but blanks."""
        bare = name.strip(SPACE)
        if len(name) - len(name.lstrip(SPACE)) == len(bare):
            return None
        return f"{bare}@{self.realm}" if self.realm and "@" not in bare else bare

    def forbidden(self, mechanism: str) -> str:
        """Why a mechanism is not to be had; "" for nothing."""
        if mechanism in self._options.allowed and mechanism != EXTERNAL:
            return ""
        plain = mechanism in PLAIN_TEXT and self._options.encrypts
        return "encryption needed to use mechanism" if plain else "no mechanism available"


def auth(session: SmtpdSession, argument: str, sent: object) -> Decision[Answer]:
    """AUTH."""
    state, sasl = session.state, session.smtpd.sasl
    excess = yield from over_rate(session, "auth", session.parameters.login_rate, "many AUTH commands", "AUTH command")
    if excess is not None:
        return excess
    if state.helo is None and session.parameters.helo_required:
        return (yield from no(session, 503, "5.5.1 Error: send HELO/EHLO first"))
    if not sasl.active or "AUTH" in state.discard_mask:
        return (yield from no(session, 503, "5.5.1 Error: authentication not enabled"))
    if state.sender is not None:
        return (yield from no(session, 503, "5.5.1 Error: MAIL transaction in progress"))
    refusal = yield from milter.refused(session)
    if refusal is not None:
        return refusal, False
    if state.sasl_username:
        return (yield from no(session, 503, "5.5.1 Error: already authenticated"))
    found = words(argument)
    if len(found) not in (1, 2):
        return (yield from no(session, 501, "5.5.4 Syntax: AUTH mechanism"))
    mechanism = found[0].text
    name = mechanism.upper()
    wrong = _not_base64(found[1].text) if len(found) == 2 else ""
    if wrong:
        return (yield from _failed(session, mechanism, wrong))
    if name not in EVERY:
        yield session.smtpd.note("warning", "", f"SASL authentication failure: Couldn't find mech {mechanism}")
    why = sasl.forbidden(name)
    if why:
        return (yield from _failed(session, mechanism, why))
    if len(found) == 2:
        return (yield from _heard(session, Login(mechanism), found[1].text))
    if name not in ASKING:
        return (yield from _failed(session, mechanism, NO_MATCH))
    session.login = Login(mechanism)
    return (yield from session.say(334, ASKING[name])), True


def go_on(session: SmtpdSession, command: Command) -> Decision[Reply]:
    """The client's next words in a login."""
    login, session.login = session.login, None
    assert login is not None
    text = command.line()
    wrong = _not_base64(text)
    if text == "*":
        who = session.state.namaddr
        yield session.smtpd.note("warning", "", f"{who}: SASL {login.mechanism} authentication aborted")
        reply, good = yield from no(session, 501, "5.7.0 Authentication aborted")
    elif wrong:
        reply, good = yield from _failed(session, login.mechanism, wrong)
    else:
        reply, good = yield from _heard(session, login, text)
    if not good:
        session.failed.append("AUTH")
        session.state.errors += 1
    return reply


def _heard(session: SmtpdSession, login: Login, text: str) -> Decision[Answer]:
    """Take a client's words in, which are base 64."""
    said = base64.b64decode(text).decode("utf-8", "replace")
    return HEARD.get(login.mechanism.upper(), _no_match)(session, login, said)


def _anonymous(session: SmtpdSession, login: Login, said: str) -> Decision[Answer]:
    """Somebody is let in, whatever was said."""
    state = session.state
    state.sasl_method, state.sasl_username = login.mechanism, session.smtpd.sasl.canonical(ANYBODY) or ANYBODY
    return (yield from session.say(235, "2.7.0 Authentication successful")), True


def _login(session: SmtpdSession, login: Login, said: str) -> Decision[Answer]:
    """First comes the name, then the password."""
    if login.name is None:
        session.login = Login(login.mechanism, said)
        return (yield from session.say(334, PASSWORD)), True
    return (yield from _tried(session, login.mechanism, login.name))


def _plain(session: SmtpdSession, login: Login, said: str) -> Decision[Answer]:
    """Whom to be, who one is, and the password (RFC 4616)."""
    parts = said.split("\0")
    if len(parts) != 3:
        return (yield from _misspoken(session, login, PARTS.get(len(parts), TOO_MUCH)))
    return (yield from _tried(session, login.mechanism, parts[1]))


def _cram_md5(session: SmtpdSession, login: Login, said: str) -> Decision[Answer]:
    """The server would have had to speak first."""
    return (yield from _misspoken(session, login, "Remote sent first but mech does not allow it."))


def _no_match(session: SmtpdSession, login: Login, said: str) -> Decision[Answer]:
    return (yield from _failed(session, login.mechanism, NO_MATCH))


def _misspoken(session: SmtpdSession, login: Login, why: str) -> Decision[Answer]:
    """What was said is nothing that the mechanism knows."""
    yield session.smtpd.note("warning", "", f"SASL authentication failure: {why}")
    return (yield from _failed(session, login.mechanism, PROTOCOL))


#: What the mechanisms make of a client's words.
HEARD: dict[str, Callable[[SmtpdSession, Login, str], Decision[Answer]]] = {
    ANONYMOUS: _anonymous, "LOGIN": _login, "PLAIN": _plain, "CRAM-MD5": _cram_md5,
}  # fmt: skip


def _tried(session: SmtpdSession, mechanism: str, name: str) -> Decision[Answer]:
    """A name and a password are there, which nobody has."""
    smtpd = session.smtpd
    found = smtpd.sasl.canonical(name)
    if found is None:
        yield smtpd.note("warning", "", "SASL authentication failure: All-whitespace username.")
        return (yield from _failed(session, mechanism, GENERIC))
    if mechanism.upper() == "PLAIN":
        yield smtpd.note("warning", "", "SASL authentication failure: Password verification failed")
    return (yield from _failed(session, mechanism, NO_MATCH, found))


def _not_base64(text: str) -> str:
    """What Cyrus SASL says of a text that is not base 64; "" for nothing."""
    whole = len(text) - len(text) % 4
    fours = [text[at : at + 4] for at in range(0, whole, 4)]
    if not all(map(_FOUR.fullmatch, fours)) or any("=" in four for four in fours[:-1]):
        return PROTOCOL
    return "another step is needed in authentication" if whole < len(text) else ""


def _failed(session: SmtpdSession, mechanism: str, why: str, name: str = NOBODY) -> Decision[Answer]:
    who = session.state.namaddr
    told = f"{who}: SASL {mechanism} authentication failed: {why}, sasl_username={session.smtpd.printable(name)}"
    yield session.smtpd.note("warning", "", told)
    if why == GENERIC:
        return (yield from no(session, 454, f"4.7.0 Temporary authentication failure: {why}", "policy"))
    return (yield from no(session, 535, f"5.7.8 Error: authentication failed: {why}", "policy"))
