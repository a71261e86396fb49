"""NAME
    smtp - the SMTP and LMTP client

DESCRIPTION
    Finds the servers of a nexthop and tries one after the other, until each recipient is accepted, refused for good,
    or there is nobody left to try; then the fallback relays come, if there are any.

PARAMETERS
    smtp_fallback_relay, smtp_tcp_port, smtp_mx_address_limit, smtp_mx_session_limit, smtp_connect_timeout,
    smtp_bind_address, best_mx_transport, relayhost, myhostname, soft_bounce, smtp_generic_maps, smtp_line_length_limit;
    and those of `smtp.addresses` and `smtp.session`; each also as lmtp_

DIAGNOSTICS
    connect to HOST[ADDRESS]:PORT: Connection refused
    relayhost configuration problem; smtp_fallback_relay configuration problem

BUGS
    No connection cache, no SASL.  Nothing listens on a UNIX-domain socket.

SEE ALSO
    smtp(8), lmtp(8), RFC 5321
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from simmail.mail.address import quote_local
from simmail.mail.answers import ConnectFailure
from simmail.mail.content import Content
from simmail.mail.message import Message
from simmail.mail.questions import Connect, Decision, Now
from simmail.postfix.delivery import Dsn, Request, Result
from simmail.postfix.ehlo_keywords import keyword_set
from simmail.postfix.outgoing import Outgoing
from simmail.postfix.passing import pass_on
from simmail.postfix.post_mail import NOTIFY_CLASSES
from simmail.postfix.program import Program
from simmail.postfix.report import Reporter
from simmail.postfix.smtp.addresses import LOOPS, Addresses, Found, Host
from simmail.postfix.smtp.attempt import Attempt
from simmail.postfix.smtp.destination import SMTP_PORT, Target, parse
from simmail.postfix.smtp.session import Session
from simmail.postfix.smtp.tls import Tls
from simmail.postfix.tables import LookupFailure
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

UNAVAILABLE = Dsn("4.3.0", "", "server unavailable or unable to receive mail")


class Timeouts(NamedTuple):
    """How long to wait for each reply, seconds."""

    connect: float
    helo: float
    mail: float
    rcpt: float
    data_init: float
    data_done: float
    rset: float
    quit: float


class Smtp(Program):
    """The SMTP client."""

    command = "smtp"
    watches = True
    #: What its parameters begin with.
    prefix: ClassVar[str] = "smtp"
    #: The greeting command, and how its parameters call it.
    hello: ClassVar[str] = "EHLO"
    #: Whether the end of the content is answered for each recipient.
    reply_each: ClassVar[bool] = False

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config, prefix, hello = self.config, self.prefix, self.hello.lower()
        self.reporter = Reporter(self, f"{prefix}_delivery_status_filter")
        self.addresses = Addresses(self, prefix)
        self.soft_bounce: bool = config["soft_bounce"]
        self.myhostname: str = config["myhostname"]
        helo = "helo" if prefix == "smtp" else "lhlo"
        self.helo_name: str = config[f"{prefix}_{helo}_name"]
        self.timeouts = Timeouts(
            config[f"{prefix}_connect_timeout"],
            config[f"{prefix}_{helo}_timeout"],
            config[f"{prefix}_mail_timeout"],
            config[f"{prefix}_rcpt_timeout"],
            config[f"{prefix}_data_init_timeout"],
            config[f"{prefix}_data_done_timeout"],
            config[f"{prefix}_rset_timeout"],
            config[f"{prefix}_quit_timeout"],
        )
        self.always_ehlo: bool = prefix != "smtp" or config["smtp_always_send_ehlo"]
        self.never_ehlo: bool = prefix == "smtp" and config["smtp_never_send_ehlo"]
        self.skip_5xx_greeting: bool = config[f"{prefix}_skip_5xx_greeting"]
        self._discard = keyword_set(config.text(f"{prefix}_discard_{hello}_keywords"))
        self._discard_maps = self.maps(f"{prefix}_discard_{hello}_keyword_address_maps")
        self.reply_filter = self.maps(f"{prefix}_reply_filter")
        self.notifies = "protocol" in config.mask("notify_classes", NOTIFY_CLASSES)
        self.outgoing = Outgoing(self, prefix)
        self.tls = Tls(self)
        self._port = str(config[f"{prefix}_tcp_port"])
        self._bind: str = config[f"{prefix}_bind_address"]
        self._address_limit: int = config[f"{prefix}_mx_address_limit"]
        self._session_limit: int = config[f"{prefix}_mx_session_limit"]
        self._fallback = config.list(f"{prefix}_fallback_relay")
        self._relayhost: str = config["relayhost"]
        self._best_mx: str = config["best_mx_transport"]

    # ---- delivering

    def deliver(self, request: Request) -> Decision[list[Result]]:
        """Try to deliver a request."""
        attempt = Attempt(self, request)
        own = request.nexthop.replace(",", " ").split()
        targets = (*own, *self._fallback)
        for number, nexthop in enumerate(targets):
            attempt.last_target = number + 1 == len(targets)
            yield from self._try_target(attempt, nexthop)
            if not attempt.left or attempt.last_target:
                break
        if attempt.left and self._best_mx and attempt.why is not None and attempt.why.status == LOOPS:
            yield from self._pass_all(attempt)
        elif attempt.left:
            yield from self._give_up(attempt, number >= len(own))
        return attempt.results

    def _try_target(self, attempt: Attempt, nexthop: str) -> Decision[None]:
        """Try the servers of one nexthop."""
        target = parse(nexthop, self._port)
        loops = self.prefix == "smtp" and target.port == SMTP_PORT
        found = yield from self._find(target, loops)
        if found.mine or (not found.hosts and found.why is not None and found.why.status == LOOPS):
            attempt.last_target = True
        if found.why is not None:
            attempt.why = found.why
        hosts = yield from self._in_order(found.hosts, attempt.request.message)
        sessions = 0
        for number, host in enumerate(hosts, 1):
            if not attempt.left:
                return
            last = number in (len(hosts), self._address_limit)
            best = host.preference == hosts[0].preference
            session = yield from self._connect(attempt, host, target.port, best, loops)
            if session is not None:
                attempt.last_server = attempt.last_target and last
                if (yield from session.greet()):
                    sessions += 1
                    last = last or sessions == self._session_limit
                    attempt.last_server = attempt.last_target and last
                    yield from session.transfer()
                yield from session.close()
            if last:
                return

    def _find(self, target: Target, loops: bool) -> Decision[Found]:
        return (yield from self.system.memo.decide(self.addresses.key(target, loops), self._sought, target, loops))

    def _in_order(self, hosts: tuple[Host, ...], message: Message) -> Decision[tuple[Host, ...]]:
        """The hosts of a nexthop as a message tries them; at each try in another order."""
        if len(hosts) < 2:
            return hosts
        now: float = yield Now()
        age = f"{now - message.arrival:.0f}"
        return (yield from self.addresses.shuffled(hosts, "mx", message.identity or message.queue_id, age))

    def _sought(self, target: Target, loops: bool) -> Decision[Found]:
        """The hosts of a nexthop, and what there is to say on the way."""
        by_name = target.literal or not self.addresses.uses_dns
        found = yield from (self.addresses.of_host if by_name else self.addresses.of_domain)(target.host, loops)
        yield from self.spoken()
        return found

    def _connect(self, attempt: Attempt, host: Host, port: int, best: bool, loops: bool) -> Decision[Session | None]:
        connection = yield Connect(host.address, port, self.timeouts.connect, self._bind)
        if type(connection) is ConnectFailure:
            text = f"connect to {host.name}[{host.address}]:{port}: {connection.reason}"
            attempt.why = Dsn("4.4.1", "", text)
            yield self.note("text", "", text)
            return None
        return Session(self, attempt, host, port, connection, best, loops)

    def _pass_all(self, attempt: Attempt) -> Decision[None]:
        """This machine is the domain's best MX host: let best_mx_transport deliver."""
        request = attempt.request
        for recipient in attempt.left:
            results = yield from pass_on(self, request, recipient, request.sender, self._best_mx)
            if results is None:
                attempt.open = [recipient]
                yield from attempt.all_failed(Dsn("4.3.0", "", "mail transport unavailable"), False)
            else:
                attempt.results += results

    def _give_up(self, attempt: Attempt, backup: bool) -> Decision[None]:
        """Defer or bounce those that no server took, the last one a fallback relay or not."""
        why = attempt.why or UNAVAILABLE
        if why.status[0] != "4":
            if backup:
                yield self.note("warning", "", f"{self.prefix}_fallback_relay configuration problem")
                why = why._replace(status="4.3.5")
            elif self.prefix == "smtp" and attempt.request.nexthop == self._relayhost:
                yield self.note("warning", "", "relayhost configuration problem")
                why = why._replace(status="4.3.5")
        attempt.last_server = True
        attempt.open = list(attempt.left)
        yield from attempt.all_failed(why, True)

    # ---- what sessions ask

    def envelope(self, address: str) -> str:
        """An address as it travels in MAIL and RCPT."""
        return quote_local(self.outgoing.address(address)) if address else ""

    def content(self, request: Request, features: Mapping[str, str]) -> Content:
        """What is sent of a message to a server that offers these features."""
        return self.outgoing.content(request.message, self.downgrades(request.message, features))

    def downgrades(self, message: Message, features: Mapping[str, str]) -> bool:
        """Whether 8-bit content must be made 7-bit for a server."""
        return "8BITMIME" not in features and message.encoding != "7bit"

    def success(self, features: Mapping[str, str]) -> str:
        """What a success report says was done with the mail."""
        return "relayed"

    def discarded(self, address: str) -> frozenset[str]:
        """The EHLO keywords that are ignored when a server of that address offers them."""
        if not self._discard_maps:
            return self._discard
        try:
            words = self._discard_maps.find(address)
        except LookupFailure:
            return self._discard
        return self._discard if words is None else keyword_set(words)

    def filtered(self, reply: Reply, relay: str) -> Reply:
        """What smtp_reply_filter makes of a reply of a server."""
        lines = []
        for line in reply.wire():
            try:
                found = self.reply_filter.find(line) or line
            except LookupFailure:
                found = line
            if found != line:
                self.warn("text", f'{relay}: replacing server reply "{line}" with "{found}"')
            lines.append(found)
        return Reply.parse("\n".join(lines))._replace(closes=reply.closes)


class Lmtp(Smtp):
    """The LMTP client."""

    command = "lmtp"
    prefix = "lmtp"
    hello = "LHLO"
    reply_each = True

    def _try_target(self, attempt: Attempt, nexthop: str) -> Decision[None]:
        if not nexthop.startswith("unix:"):
            yield from super()._try_target(attempt, nexthop.removeprefix("inet:"))
            return
        path = nexthop.removeprefix("unix:")
        text = f"connect to {self.myhostname}[{path}]: No such file or directory"
        attempt.why = Dsn("4.4.1", "", text)
        attempt.last_target = True

    def success(self, features: Mapping[str, str]) -> str:
        """A server of LMTP without DSN is taken for the final one."""
        return "relayed" if "DSN" in features else "delivered"
