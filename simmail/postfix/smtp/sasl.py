"""NAME
    smtp.sasl - logging in at a server

DESCRIPTION
    Where a server offers AUTH and there is a password for it, the client logs in, with the best mechanism of those
    that it is offered and may use; where that fails, mail waits.  The password is looked up under the sender, if that
    is asked for, the server's name, and the nexthop.

PARAMETERS
    smtp_sasl_auth_enable, smtp_sasl_password_maps, smtp_sasl_security_options, smtp_sasl_mechanism_filter,
    smtp_sasl_type, smtp_sasl_auth_soft_bounce, smtp_sender_dependent_authentication, each also as lmtp_;
    recipient_delimiter

DIAGNOSTICS
    HOST offered no supported AUTH mechanisms: 'LIST'; HOST offered null AUTH mechanism list
    SASL authentication failure: No worthy mechs found
    SASL authentication failed; server HOST said: REPLY
    SASL authentication failed; cannot authenticate to server HOST: no mechanism available
    QUEUE_ID: smtp_sasl_password_maps lookup error
    unsupported SASL client implementation: TYPE
    `Fatal`: SASL library initialization, of a smtp_sasl_type that there is not; SASL per-connection initialization
    failed

BUGS
    Of the mechanisms that a server asks back in, only LOGIN goes on.  No cache of failures.

SEE ALSO
    RFC 4954, SASL_README
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from simmail.mail.answers import Lost
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision
from simmail.postfix.address_maps import find_address
from simmail.postfix.delivery import Dsn
from simmail.postfix.match_lists import StringList
from simmail.postfix.sasl_mechanisms import EXTERNAL, MECHANISMS, NO_OPTIONS, SecurityOptions
from simmail.postfix.smtp.attempt import quoted, refusal, status_of
from simmail.postfix.smtp.dialogue import DATA_ERROR
from simmail.postfix.tables import LookupFailure
from simmail.smtp.commands import Command

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp
    from simmail.postfix.smtp.session import Session

#: Name and password.
Account = tuple[str, str]
FAILED = "SASL authentication failed"


class Sasl:
    """How one client logs in.

    Args:
        client: the client.
    """

    def __init__(self, client: Smtp) -> None:
        config, prefix = client.config, f"{client.prefix}_sasl"
        if config[f"{prefix}_type"] != "cyrus":
            client.warn("warning", f"unsupported SASL client implementation: {config[f'{prefix}_type']}")
            raise Fatal("SASL library initialization")
        self._client = client
        self._title = f"{prefix}_password_maps"
        self._passwords = client.maps(self._title)
        self._by_sender: bool = client.prefix == "smtp" and config["smtp_sender_dependent_authentication"]
        self._delimiters: str = config["recipient_delimiter"]
        self._disowns: bool = config[f"{client.prefix}_send_dummy_mail_auth"]
        self._soft: bool = config[f"{prefix}_auth_soft_bounce"]
        name = f"{prefix}_mechanism_filter"
        self._filter = StringList.open(name, config[name], client.environment) if config[name] else None
        self._options = SecurityOptions.parse(config.text(f"{prefix}_security_options"))

    def heard(self, offered: tuple[str, ...], server: str) -> list[str]:
        """The mechanisms that a server offers, as far as they are wanted; the log hears of a list that has none.

        Args:
            offered: what the lines of its offer list.
            server: with its port.
        """
        found: list[str] = []
        for line in offered:
            wanted = [m for m in line.split() if self._filter is None or self._filter.matches(m)]
            if not wanted and not found:
                what = f"no supported AUTH mechanisms: '{line}'" if line else "null AUTH mechanism list"
                self._client.warn("warning", f"{server} offered {what}")
            found += wanted
        return found

    def login(self, session: Session, mechanisms: list[str], destination: str) -> Decision[bool]:
        """Log in at a server that offers AUTH; False where that fails, and it has been told.

        Args:
            session: with the server.
            mechanisms: those it offers.
            destination: the nexthop that led there.

        Raises:
            Fatal: where the client does not know what it may use.
        """
        client, attempt = self._client, session.attempt
        try:
            account = self._account(attempt.request.sender, session.host, destination)
        except LookupFailure:
            client.warn("warning", f"{attempt.request.message.queue_id}: {self._title} lookup error")
            yield from client.spoken()
            yield from session.broken(DATA_ERROR, "")
            return False
        if account is None:
            return True
        if not mechanisms:
            text = f"server {session.name} offered no compatible authentication mechanisms"
            yield from attempt.all_failed(
                Dsn("4.7.0", "", f"{FAILED}: {text} for this type of connection security"), True
            )
            return False
        if self._options.complaints:
            for text in self._options.complaints:
                yield client.note("warning", "", text)
            raise Fatal(NO_OPTIONS)
        usable = {mechanism.upper() for mechanism in mechanisms} & self._options.allowed
        best = next((mechanism for mechanism in MECHANISMS if mechanism in usable), None)
        if best is None or EXTERNAL in usable:  # which would need a certificate
            if EXTERNAL not in usable:
                yield client.note("warning", "", "SASL authentication failure: No worthy mechs found")
            yield from self._cannot(session, "no mechanism available")
            return False
        return (yield from self._talk(session, best, account))

    def _account(self, sender: str, host: str, destination: str) -> Account | None:
        maps = self._passwords
        found: str | None = None
        if self._by_sender and sender:
            by_sender = find_address(maps, sender, self._delimiters, self._client.local_domains.owns)
            found = by_sender.value if by_sender is not None else None
        for key in (host, destination):
            if found is None:
                found = maps.find(key)
        if found is None:
            return None
        name, _, password = found.partition(":")
        return name, password

    def _talk(self, session: Session, mechanism: str, account: Account) -> Decision[bool]:
        timeout = self._client.timeouts.helo
        first = _first(mechanism, account, session.attempt.request.message.queue_id)
        said = Command("AUTH", f"{mechanism} {_coded(first)}" if first else mechanism)
        answers = list(account) if mechanism == "LOGIN" else []
        while True:
            reply = yield from session.say(said, timeout)
            if isinstance(reply, Lost):
                yield from session.broken(reply, f"performing the {self._client.hello} handshake")
                return False
            if reply.kind != 3:
                break
            if not answers:
                yield from self._cannot(session, "bad protocol / cancel")
                return False
            said = Command(_coded(answers.pop(0)))
        if reply.kind == 2:
            if self._disowns:
                session.offer = session.offer.with_nobody()
            return True
        status = "4" + status_of(reply)[1:] if self._soft and reply.kind == 5 else ""
        told = quoted(reply, self._client.utf8)
        text = f"{FAILED}; server {session.name} said: {told}"
        yield from session.attempt.all_failed(refusal(session.host, reply, told, text, status), True)
        return False

    def _cannot(self, session: Session, why: str) -> Decision[None]:
        text = f"{FAILED}; cannot authenticate to server {session.name}: {why}"
        yield from session.attempt.all_failed(Dsn("4.7.0", "", text), True)


def _first(mechanism: str, account: Account, once: str) -> str:
    """What a client says at once; `once`: what makes this login another than any before."""
    name, password = account
    if mechanism == "PLAIN":
        return f"\0{name}\0{password}"
    if mechanism == "ANONYMOUS":
        return "anonymous@mail"
    nonce = base64.b64encode(hashlib.sha256(f"{once} {name}".encode()).digest()).decode()
    return f"n,,n={name},r={nonce}" if mechanism.startswith("SCRAM") else ""


def _coded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
