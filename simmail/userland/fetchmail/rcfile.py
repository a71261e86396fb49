"""Reads a `.fetchmailrc` (fetchmail(1), "THE RUN CONTROL FILE")."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

NOISE = frozenset({"and", "with", "has", "wants", "options", "=", ":", ",", ";"})
PROTOCOLS = {"pop3": "POP3", "imap": "IMAP", "auto": "POP3", "pop2": "POP2", "etrn": "ETRN", "odmr": "ODMR"}
PORTS = {"POP3": 110, "IMAP": 143}
#: Options that take a number, a word, several words, nothing.
NUMBERS = {
    "limit": "limit", "fetchlimit": "fetch_limit", "interval": "interval", "timeout": "timeout", "port": "port",
    "service": "port", "batchlimit": "", "expunge": "", "warnings": "", "fetchsizelimit": "", "fastuidl": "",
}  # fmt: skip
WORDS = {
    "username": "login", "user": "login", "password": "password", "pass": "password", "mda": "mda", "via": "via",
    "sslproto": "", "sslcertck": "", "sslfingerprint": "", "preconnect": "", "postconnect": "", "auth": "",
    "authenticate": "", "smtpaddress": "smtp_address", "smtpname": "", "envelope": "", "principal": "", "plugin": "",
    "plugout": "", "bad-header": "", "qvirtual": "", "folder": "", "properties": "", "tracepolls": "",
}  # fmt: skip
LISTS = {"is": "locals", "to": "locals", "smtphost": "smtp_hosts", "smtp": "smtp_hosts", "aka": "", "localdomains": "",
         "antispam": "", "fetchdomains": ""}  # fmt: skip
FLAGS = {
    "keep": "keep", "fetchall": "all", "flush": "", "rewrite": "", "stripcr": "", "forcecr": "", "pass8bits": "",
    "dropstatus": "", "dropdelivered": "", "mimedecode": "", "idle": "", "ssl": "ssl", "uidl": "", "dns": "",
    "checkalias": "", "invisible": "",
}  # fmt: skip
GLOBALS = {
    "daemon": 1, "logfile": 1, "postmaster": 1, "idfile": 1, "pidfile": 1, "syslog": 0, "invisible": 0,
    "bouncemail": 0, "nobouncemail": 0, "spambounce": 0, "nospambounce": 0, "softbounce": 0, "nosoftbounce": 0,
    "showdots": 0, "nosyslog": 0, "noinvisible": 0,
}  # fmt: skip
STATEMENTS = frozenset({"poll", "server", "skip", "defaults", "set"})
USER_WORDS = frozenset({"user", "username"})
SIDES = frozenset({"here", "there"})
KEYWORDS = (
    STATEMENTS | set(NUMBERS) | set(WORDS) | set(LISTS) | set(FLAGS) | {"no" + f for f in FLAGS} | SIDES
    | {"proto", "protocol", "no", "localhost-only"} | NOISE
)  # fmt: skip
_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*|[=:,;]|[^\s=:,;"\'#]+|["\']|\n')


class RcError(Exception):
    """A mistake in the file.

    Args:
        line: where, from 1.
        token: what stands there.
    """

    def __init__(self, line: int, token: str) -> None:
        self.line, self.token = line, token
        super().__init__(token)


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox to be fetched from, and where its mail goes.

    Args:
        server: the name that follows `poll`.
        via: the host to connect to, where that is another.
        protocol: `POP3` or `IMAP`.
        port: the TCP port; 0 for the protocol's own.
        interval: only every so many polls.
        timeout: seconds to wait for the server.
        skipped: whether it is polled only by name.
        login, password: who is asked for.
        locals: the users here that the mail is for.
        mda: the command that takes each message; "" for SMTP.
        smtp_hosts: where SMTP delivers to, `host` or `host/port`.
        smtp_address: the domain of the recipients in RCPT TO.
        keep: whether the messages stay on the server.
        all: whether messages that were seen are fetched too.
        limit: octets of the largest message that is fetched; 0 for any.
        fetch_limit: how many messages in one poll; 0 for any number.
        ssl: whether TLS is asked for.
    """

    server: str = ""
    via: str = ""
    protocol: str = "POP3"
    port: int = 0
    interval: int = 0
    timeout: int = 300
    skipped: bool = False
    login: str = ""
    password: str = ""
    locals: tuple[str, ...] = ()
    mda: str = ""
    smtp_hosts: tuple[str, ...] = ()
    smtp_address: str = ""
    keep: bool = False
    all: bool = False
    limit: int = 0
    fetch_limit: int = 0
    ssl: bool = False


@dataclass(slots=True)
class RunControl:
    """A file as read: the accounts, and what `set` said."""

    accounts: list[Account] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, where it stands, and whether it was quoted."""

    text: str
    line: int
    quoted: bool = False


def _with(account: Account, name: str, value: Any) -> Account:
    """An account with another value in one field; "" names none, for an option that means nothing here."""
    return replace(account, **{name: value}) if name else account


def tokens(text: str) -> list[Token]:
    """The words of a file.  Raises RcError for a quote that nothing closes."""
    found = []
    line = 1
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word == "\n":
            line += 1
        elif word[0] in "\"'":
            if len(word) == 1:
                raise RcError(line, word)
            found.append(Token(re.sub(r"\\(.)", r"\1", word[1:-1]), line, True))
        elif word[0] != "#":
            found.append(Token(word, line))
    return found


def parse(text: str, user: str) -> RunControl:
    """Read a file.

    Args:
        text: all of it.
        user: who runs fetchmail: mail goes to him where nothing else is said.

    Raises:
        RcError: at the first word that has no place there.
    """
    return _Reader(tokens(text), user).whole()


class _Reader:
    """Goes through the words of a file."""

    def __init__(self, words: list[Token], user: str) -> None:
        self.words, self.user, self.at = words, user, 0
        self.result = RunControl()
        self.defaults = Account()

    def peek(self) -> Token | None:
        """The next word, noise left out."""
        while self.at < len(self.words) and not self.words[self.at].quoted and self.words[self.at].text in NOISE:
            self.at += 1
        return self.words[self.at] if self.at < len(self.words) else None

    def take(self) -> Token:
        """The next word.  Raises RcError where there is none."""
        token = self.peek()
        if token is None:
            raise RcError(self.words[-1].line if self.words else 1, "end of input")
        self.at += 1
        return token

    def number(self) -> int:
        token = self.take()
        if not token.text.isascii() or not token.text.isdigit() or len(token.text) > 9:
            raise RcError(token.line, token.text)
        return int(token.text)

    def is_keyword(self, token: Token | None) -> bool:
        return token is not None and not token.quoted and token.text in KEYWORDS

    def whole(self) -> RunControl:
        while (token := self.peek()) is not None:
            self.at += 1
            if token.text == "set" and not token.quoted:
                self.setting()
            elif token.text in STATEMENTS and not token.quoted:
                self.server(token)
            else:
                raise RcError(token.line, token.text)
        return self.result

    def setting(self) -> None:
        """`set daemon 300`, `set no bouncemail`."""
        token = self.take()
        name = "no" + self.take().text if token.text == "no" else token.text
        if name not in GLOBALS:
            raise RcError(token.line, token.text)
        value = ""
        if GLOBALS[name]:
            value = str(self.number()) if name == "daemon" else self.take().text
        self.result.settings[name] = value

    def server(self, statement: Token) -> None:
        """`poll NAME` with its options and users; `defaults`."""
        account = self.defaults
        if statement.text != "defaults":
            name = self.take()
            account = replace(account, server=name.text, skipped=statement.text == "skip")
        account = self.options(account)
        users = []
        while (token := self.peek()) is not None and not token.quoted and token.text in USER_WORDS:
            users.append(self.options(replace(account, login="", locals=()), in_user=True))
        if statement.text == "defaults":
            self.defaults = users[0] if users else account
            return
        for one in users or [account]:
            login = one.login or self.user
            self.result.accounts.append(replace(one, login=login, locals=one.locals or (self.user,)))

    def options(self, account: Account, in_user: bool = False) -> Account:
        """Options, up to the next user or statement."""
        names_user = in_user
        while (token := self.peek()) is not None:
            text = token.text
            if token.quoted or text in STATEMENTS:
                if token.quoted:
                    raise RcError(token.line, text)
                break
            if text in USER_WORDS:
                if not names_user:
                    break
                names_user = False
            self.at += 1
            account = self.option(account, token)
        return account

    def option(self, account: Account, token: Token) -> Account:
        """One option and what belongs to it."""
        text = token.text
        if text == "no":
            text = "no" + self.take().text
        if text in ("proto", "protocol"):
            word = self.take()
            if word.text.lower() not in PROTOCOLS:
                raise RcError(word.line, word.text)
            return replace(account, protocol=PROTOCOLS[word.text.lower()])
        if text in NUMBERS:
            value = self.number()
            return _with(account, NUMBERS[text], value)
        if text in LISTS:
            names = self.names()
            return _with(account, LISTS[text], names)
        if text in WORDS:
            word = self.take()
            if text in USER_WORDS and self._side() == "here":
                return replace(account, locals=(word.text,))
            return _with(account, WORDS[text], word.text)
        if text in FLAGS or text.removeprefix("no") in FLAGS:
            name = FLAGS.get(text, "") or FLAGS.get(text.removeprefix("no"), "")
            return _with(account, name, text in FLAGS)
        raise RcError(token.line, token.text)

    def names(self) -> tuple[str, ...]:
        """Names up to the next keyword, `here` or `there` behind them."""
        found = []
        while (token := self.peek()) is not None and not self.is_keyword(token):
            self.at += 1
            found.append(token.text)
        self._side()
        if not found:
            token = self.take()
            raise RcError(token.line, token.text)
        return tuple(found)

    def _side(self) -> str:
        token = self.peek()
        if token is not None and not token.quoted and token.text in SIDES:
            self.at += 1
            return token.text
        return ""
