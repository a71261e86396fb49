"""NAME
    smtp - the SMTP and LMTP client

DESCRIPTION
    Finds the servers of a nexthop and tries one after the other, until each recipient is accepted, refused for good,
    or there is nobody left to try; then the fallback relays come, if there are any.  LMTP knows no MX records.

PARAMETERS
    smtp_fallback_relay, smtp_tcp_port, smtp_mx_address_limit, smtp_mx_session_limit, smtp_connect_timeout,
    smtp_bind_address, smtp_bind_address_enforce, best_mx_transport, relayhost, myhostname, soft_bounce,
    smtp_generic_maps, notify_classes, double_bounce_sender, smtputf8_enable, smtp_line_length_limit; and those of
    `smtp.addresses`, `smtp.session`, `smtp.forwarding`, `smtp.final` and `smtp.reuse`; each also as lmtp_

DIAGNOSTICS
    connect to HOST[ADDRESS]:PORT: Connection refused
    lmtp_assume_final is obsolete; instead, specify "flags=X" in master.cf
    relayhost configuration problem; smtp_fallback_relay configuration problem
    SMTPS wrappermode (TCP port 465) requires setting "smtp_tls_wrappermode = yes", ...
    smtp_tls_wrappermode requires "smtp_tls_security_level = encrypt" (or stronger)
    bad protocol stage: "smtp_address_verify_target = WORD"
    panic: null destination: ","

BUGS
    Nothing listens on a UNIX-domain socket.

SEE ALSO
    smtp(8), lmtp(8), RFC 5321
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from simmail.mail.address import quote_local
from simmail.mail.answers import NOT_ASSIGNABLE, ConnectFailure, Lost
from simmail.mail.errors import Fatal, Panic
from simmail.mail.hostnames import valid_address
from simmail.mail.message import Message
from simmail.mail.questions import NOW, Connect, Decision, Note
from simmail.postfix.delivery import Caching, Dsn, Request, Result
from simmail.postfix.ehlo_keywords import keyword_set
from simmail.postfix.host_lookup import NO_NAME
from simmail.postfix.outgoing import Outgoing
from simmail.postfix.passing import pass_on
from simmail.postfix.post_mail import NOTIFY_CLASSES, double_bounce_address
from simmail.postfix.program import Program
from simmail.postfix.report import Reporter
from simmail.postfix.smtp.addresses import LOOPS, Addresses, Found, Host
from simmail.postfix.smtp.attempt import Attempt, Plan
from simmail.postfix.smtp.destination import SMTP_PORT, SMTPS_PORT, Target, parse
from simmail.postfix.smtp.dialogue import DATA_ERROR
from simmail.postfix.smtp.final import FinalDelivery, read_flags
from simmail.postfix.smtp.firewall import Firewall
from simmail.postfix.smtp.offer import Offer
from simmail.postfix.smtp.reuse import Reuse
from simmail.postfix.smtp.sasl import Sasl
from simmail.postfix.smtp.session import Session
from simmail.postfix.smtp.tls import STRICT, Tls
from simmail.postfix.tables import LookupFailure, Table, open_table
from simmail.smtp.commands import Command
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.config import Config
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

UNAVAILABLE = Dsn("4.3.0", "", "server unavailable or unable to receive mail")
MISCONFIGURED = Dsn("4.4.0", "", "server configuration error")


@lru_cache(maxsize=4096)
def _nexthops(text: str) -> tuple[str, ...]:
    """The destinations that a nexthop lists.  Raises Panic where there is none."""
    found = tuple(text.replace(",", " ").split())
    if not found:
        raise Panic(f'null destination: "{text}"')
    return found


#: What is said of the port of a server that wants TLS from the first octet on.
WRAPPED = (
    'SMTPS wrappermode (TCP port 465) requires setting "{prefix}_tls_wrappermode = yes", and '
    '"{prefix}_tls_security_level = encrypt" (or stronger)'
)
UNWRAPPED = '{prefix}_tls_wrappermode requires "{prefix}_tls_security_level = encrypt" (or stronger)'
#: How long the system itself tries to make a connection (tcp_syn_retries = 6), seconds.
SYSTEM_CONNECT_S = 127.0


def _notices(config: Config) -> tuple[bool, Fatal | None]:
    """Whether the postmaster hears of protocol errors; what is wrong with notify_classes, None for nothing."""
    try:
        return "protocol" in config.mask("notify_classes", NOTIFY_CLASSES), None
    except Fatal as fatal:
        return False, fatal


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
    xforward: float


class Smtp(Program):
    """The SMTP client.

    Attributes:
        own_name: myhostname in lower case, by which it knows itself in what a server says.
        greeting: the greeting command.
        discarded: the EHLO keywords that are ignored, where no table says otherwise.
        discards: whether any are ignored.
        probes_data: whether an address is good only if the server waits for the content after it.
        forwards: whether servers that ask for it hear of the client that a message came from.
        reply_filter: the table that is asked about each line of a reply before that is taken; None without one.
        envelope: an address as it travels in MAIL and RCPT.
        sasl: how it logs in; None where it does not.
        careful: whether it looks into what servers offer even for ordinary mail.
        notifies: whether its postmaster hears of protocol errors.
        misnamed: what it dies of when a session is over, since notify_classes cannot be read; None where it can.
        final: what it does besides where its mail arrives; None where it does not.
    """

    command = "smtp"
    watches = True
    #: What its parameters begin with.
    prefix: ClassVar[str] = "smtp"
    #: The greeting command, and how its parameters call it.
    hello: ClassVar[str] = "EHLO"
    #: Whether a domain leads to the hosts of its MX records.
    follows_mx: ClassVar[bool] = True
    #: Whether the end of the content is answered for each recipient.
    reply_each: ClassVar[bool] = False

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config, prefix = self.config, self.prefix
        self.reporter = Reporter(self, f"{prefix}_delivery_status_filter")
        self.addresses = Addresses(self, prefix)
        self.soft_bounce: bool = config["soft_bounce"]
        self.myhostname: str = config["myhostname"]
        self._greetings()
        self.skips_quit: bool = config[f"{prefix}_skip_quit_response"]
        table = str(config[f"{prefix}_reply_filter"])
        self.reply_filter = open_table(table, self.environment) if table else None
        self.notifies, self.misnamed = _notices(config)
        #: The senders of whose mail the postmaster is told nothing.
        self.unnoticed = ("", double_bounce_address(config).lower())
        self.outgoing = Outgoing(self, prefix)
        self._quoted: Callable[[str], str] = quote_local if config[f"{prefix}_quote_rfc821_envelope"] else str
        self.envelope = self._public if self.outgoing.rewrites else self._quoted
        self.firewall = Firewall(self)
        self.tls = Tls(self)
        flags = read_flags(service.arguments)
        self.final = FinalDelivery(self, flags) if flags else None
        self.sasl = Sasl(self) if config[f"{prefix}_sasl_auth_enable"] else None
        self.careful = self.sasl is not None or not self.tls.idle
        self.reuse = Reuse(self)
        self._port = str(config[f"{prefix}_tcp_port"])
        self._bind: str = config[f"{prefix}_bind_address"]
        #: An address that connections cannot come from, since it is none of this machine's.
        self._foreign = "" if self._bind in system.machine.addresses else self._bind
        self._bind = self._bind if not self._foreign else ""
        self._binds_strictly: bool = config[f"{prefix}_bind_address_enforce"]
        self._address_limit: int = config[f"{prefix}_mx_address_limit"]
        self._session_limit: int = config[f"{prefix}_mx_session_limit"]
        self._fallback = config.list(f"{prefix}_fallback_relay")
        self._relayhost: str = config["relayhost"]
        self._always_caches = bool(self.reuse.listed)
        self._best_mx: str = config["best_mx_transport"]

    def _greetings(self) -> None:
        """How it greets a server, how long it waits, and what it heeds of the server's greeting."""
        config, prefix, hello = self.config, self.prefix, self.hello.lower()
        helo = "helo" if prefix == "smtp" else "lhlo"
        self.helo_name: str = config[f"{prefix}_{helo}_name"]
        self.own_name = self.myhostname.lower()
        self.greeting = (Command(self.hello, self.helo_name),)
        waits = ("connect", helo, "mail", "rcpt", "data_init", "data_done", "rset", "quit", "xforward")
        connect, *others = (config[f"{prefix}_{name}_timeout"] for name in waits)
        self.timeouts = Timeouts(connect or SYSTEM_CONNECT_S, *others)
        self.utf8: bool = config["smtputf8_enable"]
        self.always_ehlo: bool = prefix != "smtp" or config["smtp_always_send_ehlo"]
        self.never_ehlo: bool = prefix == "smtp" and config["smtp_never_send_ehlo"]
        self.skip_5xx_greeting: bool = config[f"{prefix}_skip_5xx_greeting"]
        self.forwards: bool = config[f"{prefix}_send_xforward_command"]
        stage = str(config[f"{prefix}_address_verify_target"])
        if stage.lower() not in ("rcpt", "data"):
            raise Fatal(f'bad protocol stage: "smtp_address_verify_target = {stage}"')
        self.probes_data = stage.lower() == "data"
        self.discarded = keyword_set(config.text(f"{prefix}_discard_{hello}_keywords"))
        self._discard_maps = self.maps(f"{prefix}_discard_{hello}_keyword_address_maps")
        self.discards = bool(self.discarded or self._discard_maps)

    # ---- delivering

    def deliver(self, request: Request) -> Decision[list[Result]]:
        """Try to deliver a request."""
        if self.pending:  # not to be remembered with what is looked up next
            yield from self.spoken()
        attempt = Attempt(self, request)
        if self.final is not None and (trouble := self.final.trouble(request)) is not None:
            return (yield from self._refuse(attempt, trouble))
        own = _nexthops(request.nexthop)
        targets = own + self._fallback
        caches = self._always_caches or request.caching is not Caching.NONE
        for number, nexthop in enumerate(targets, 1):
            attempt.last_target, attempt.destination = number == len(targets), nexthop
            hosts, target, loops = yield from self._servers(attempt, nexthop)
            sessions, best = 0, hosts[0].preference if hosts else 0
            if caches and hosts:
                hosts, sessions = yield from self._over_kept(attempt, hosts, target, number == 1)
            tried = sessions
            for place, host in enumerate(hosts, tried + 1):
                last = place in (len(hosts) + tried, self._address_limit)
                session = None
                if attempt.plan is not None and host.preference != best:
                    session = yield from self.reuse.at(attempt, attempt.plan, host, target.port)
                if session is None:
                    session = yield from self._called(attempt, host, target.port, host.preference == best, loops)
                if session is not None:
                    attempt.last_server = attempt.last_target and last
                    if session.conn_use > 1 or (yield from session.greet()):
                        sessions += 1
                        last = last or sessions == self._session_limit
                        attempt.last_server = attempt.last_target and last
                        yield from session.transfer()
                    else:
                        session.until = 0
                    yield from session.close()
                if last or not attempt.left:
                    break
            if not attempt.left or attempt.last_target:
                break
        if attempt.left and self._best_mx and attempt.why is not None and attempt.why.status == LOOPS:
            yield from self._pass_all(attempt)
        elif attempt.left:
            yield from self._give_up(attempt, number > len(own))
        return attempt.results

    def _refuse(self, attempt: Attempt, trouble: Dsn) -> Decision[list[Result]]:
        """Call no server."""
        yield from self.spoken()
        attempt.relay, attempt.last_server = self.service.name, True
        attempt.open = list(attempt.left)
        yield from attempt.all_failed(trouble, False)
        return attempt.results

    def _called(self, attempt: Attempt, host: Host, port: int, best: bool, loops: bool) -> Decision[Session | None]:
        """A session with a server that has been called anew; None where it cannot be reached, or may not be."""
        if self.tls.asks:
            trouble = self.tls.trouble(attempt.destination, host)
            yield from self.spoken()
            if trouble is not None:
                attempt.why = trouble
                return None
        if self.tls.wraps and self.tls.level(attempt.destination, host) not in STRICT:
            yield self.note("warning", "", UNWRAPPED.format(prefix=self.prefix))
            return None
        if self._foreign:
            if not valid_address(self._foreign):
                what = f"bad {self.prefix}_bind_address parameter: {self._foreign}: {NO_NAME}"
                raise Fatal(f"smtp_connect_addr: {what}")
            yield self.note("warning", "", f"smtp_connect_addr: bind {self._foreign}: {NOT_ASSIGNABLE}")
            if self._binds_strictly:
                attempt.why = MISCONFIGURED
                yield self.note("text", "", MISCONFIGURED.reason)
                return None
        connection = yield Connect(host.address, port, self.timeouts.connect, self._bind)
        if type(connection) is ConnectFailure:
            yield self._unreachable(attempt, host, port, connection)
            return None
        session = Session(self, attempt, host, port, connection, best, loops)
        if attempt.plan is not None and attempt.plan.keeps:
            session.until = yield from self.reuse.lifetime()
        return session

    def _over_kept(
        self, attempt: Attempt, hosts: tuple[Host, ...], target: Target, first: bool
    ) -> Decision[tuple[tuple[Host, ...], int]]:
        """Deliver over connections that were kept, as far as there are any; at the first nexthop make a plan.

        Returns:
            The servers that may be tried besides, and how many sessions there were.
        """
        if first:
            attempt.plan = self.reuse.plan(target, attempt.request)
        plan, sessions, port = attempt.plan, 0, target.port
        if plan is None:
            return hosts, sessions
        best = hosts[0].preference
        left = self._other(hosts, plan, sessions)
        session = yield from self.reuse.bound(attempt, plan, port)
        if session is not None:
            sessions = 1
            left = self._other(left, plan, sessions)
            yield from self._continue(attempt, session, not left)
        for host in hosts:
            if host.preference != best or not attempt.left:
                break
            session = (yield from self.reuse.at(attempt, plan, host, port)) if host in left else None
            if session is not None:
                sessions += 1
                left = self._other(left, plan, sessions)
                yield from self._continue(attempt, session, not left or host is hosts[-1])
        return left if attempt.left else (), sessions

    def _other(self, hosts: tuple[Host, ...], plan: Plan, sessions: int) -> tuple[Host, ...]:
        """The servers that may be tried besides those whose kept connections were used."""
        enough = sessions and sessions in (self._session_limit, self._address_limit)
        return () if enough else tuple(host for host in hosts if host.address not in plan.used)

    @staticmethod
    def _continue(attempt: Attempt, session: Session, last: bool) -> Decision[None]:
        """Deliver over a connection that was kept, the last one to be tried at this nexthop or not."""
        attempt.last_server = attempt.last_target and last
        yield from session.transfer()
        yield from session.close()

    def _servers(self, attempt: Attempt, nexthop: str) -> Decision[tuple[tuple[Host, ...], Target, bool]]:
        """The servers of a nexthop in the order in which to try them, what it says, and whether to look for loops."""
        target = parse(nexthop, self._port)
        if target.port == SMTPS_PORT and not self.tls.wraps:
            yield self.note("text", "", WRAPPED.format(prefix=self.prefix))
        loops = self.prefix == "smtp" and target.port == SMTP_PORT
        if self.pending:
            yield from self.spoken()
        found = self.system.memo.decide(self.addresses.key(target), self._sought, target, loops)
        hosts, why, mine = yield from found
        if why is not None:
            attempt.why = why
        if mine or (not hosts and why is not None and why.status == LOOPS):
            attempt.last_target = True
        if len(hosts) > 1:
            hosts = yield from self._in_order(hosts, attempt.request.message)
        return hosts, target, loops

    def _in_order(self, hosts: tuple[Host, ...], message: Message) -> Decision[tuple[Host, ...]]:
        """Several hosts of a nexthop as a message tries them; at each try in another order."""
        now: float = yield NOW
        age = f"{now - message.arrival:.0f}"
        return (yield from self.addresses.shuffled(hosts, "mx", message.identity or message.queue_id, age))

    def _unreachable(self, attempt: Attempt, host: Host, port: int, failure: ConnectFailure) -> Note:
        """A server could not be connected to: what the log hears of it."""
        text = f"connect to {host.name}[{host.address}]:{port}: {failure.reason}"
        attempt.why = Dsn("4.4.1", "", text)
        return self.note("text", "", text)

    def _sought(self, target: Target, loops: bool) -> Decision[Found]:
        """The hosts of a nexthop, and what there is to say on the way."""
        by_name = target.literal or not self.follows_mx or not self.addresses.uses_dns
        found = yield from (self.addresses.of_host if by_name else self.addresses.of_domain)(target.host, loops)
        yield from self.spoken()
        return found

    def _pass_all(self, attempt: Attempt) -> Decision[None]:
        """This machine is the domain's best MX host: let best_mx_transport deliver."""
        request = attempt.request
        for recipient in attempt.left:
            attempt.results += yield from pass_on(self, request, recipient, request.sender, self._best_mx)

    def _give_up(self, attempt: Attempt, backup: bool) -> Decision[None]:
        """Defer or bounce those that no server took, the last one a fallback relay or not."""
        why = attempt.why or UNAVAILABLE
        if why.status[0] != "4":
            if backup:
                yield self.note("warning", "", "smtp_fallback_relay configuration problem")
                why = why._replace(status="4.3.5")
            elif self.prefix == "smtp" and _nexthops(attempt.request.nexthop)[0] == self._relayhost:
                yield self.note("warning", "", "relayhost configuration problem")
                why = why._replace(status="4.3.5")
        attempt.last_server = True
        attempt.open = list(attempt.left)
        yield from attempt.all_failed(why, True)

    # ---- what sessions ask

    def _public(self, address: str) -> str:
        """An address in its public form, as it travels."""
        public = self.outgoing.address(address)
        return public and self._quoted(public)

    def success(self, offer: Offer) -> str:
        """What a success report says was done with the mail."""
        return "relayed"

    def discarded_of(self, address: str) -> frozenset[str]:
        """The EHLO keywords that are ignored when a server of that address offers them.  Raises LookupFailure."""
        if not self._discard_maps:
            return self.discarded
        words = self._discard_maps.find(address)
        return self.discarded if words is None else keyword_set(words)

    def filtered(self, table: Table, reply: Reply, attempt: Attempt) -> Reply | Lost | None:
        """What smtp_reply_filter makes of a reply; DATA_ERROR where it cannot tell, None where that is no reply yet."""
        lines = []
        for line in reply.wire():
            try:
                found = table.find(line) or line
            except LookupFailure:
                self.warn("warning", f"{attempt.request.message.queue_id}: table {table.title} lookup error for {line}")
                return DATA_ERROR
            if found != line:
                self.warn("text", f'{attempt.relay}: replacing server reply "{line}" with "{found}"')
            lines.append(found)
        made = Reply.parse("\n".join(lines))
        return made and made._replace(closes=reply.closes)


class Lmtp(Smtp):
    """The LMTP client."""

    command = "lmtp"
    prefix = "lmtp"
    hello = "LHLO"
    follows_mx = False
    reply_each = True

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        assumed: bool = self.config["lmtp_assume_final"]
        self._arrives = assumed or (self.final is not None and "X" in self.final.flags)
        if assumed:
            self.opens_with("warning", 'lmtp_assume_final is obsolete; instead, specify "flags=X" in master.cf')

    def _servers(self, attempt: Attempt, nexthop: str) -> Decision[tuple[tuple[Host, ...], Target, bool]]:
        if not nexthop.startswith("unix:"):
            return (yield from super()._servers(attempt, nexthop.removeprefix("inet:")))
        path = nexthop.removeprefix("unix:")
        if self._fallback:
            ignored = f"lmtp_fallback_relay = {self.config.text('lmtp_fallback_relay')}"
            yield self.note("warning", "", f'ignoring "{ignored}" setting for non-TCP connections')
        text = f"connect to {self.myhostname}[{path}]: No such file or directory"
        attempt.why = Dsn("4.4.1", "", text)
        attempt.last_target = True
        return (), Target(path, 0, True), False

    def success(self, offer: Offer) -> str:
        """A server of LMTP without DSN may be taken for the final one."""
        return "delivered" if self._arrives and not offer.dsn else "relayed"
