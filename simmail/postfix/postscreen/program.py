"""NAME
    postscreen - keeps zombies away from smtpd

DESCRIPTION
    One process takes all connections to a port, lets clients through that its access list permits or that it remembers,
    tests the others, and hands those that pass to a service of type `pass` (smtpd_service_name).  Clients that fail are
    hung up on, or held by a dialogue engine that refuses every recipient.

PARAMETERS
    postscreen_*, smtpd_service_name, dnsblog_service_name, tlsproxy_service_name, myhostname, mynetworks,
    inet_protocols, smtpd_banner, disable_vrfy_command, soft_bounce, smtputf8_enable, line_length_limit,
    message_size_limit, data_directory, default_database_type, respectful_logging; see the modules of this package

DIAGNOSTICS
    CONNECT from [ADDRESS]:PORT to [ADDRESS]:PORT, DISCONNECT [ADDRESS]:PORT; see session, dialogue
    entering STRESS mode with N connections, leaving STRESS mode with N connections

    connect to private/tlsproxy service: No such file or directory

    table hash:/etc/postfix/access has changed - finishing in the background
    error: accept connection: Socket operation on non-socket
        Another process takes the connection then.

    `Fatal`: service NAME requires a process limit of 1; see tests, dnsbl.

BUGS
    STARTTLS fails always, and of a tlsproxy(8) that is there the log does not tell what it says itself.

SEE ALSO
    postscreen(8), POSTSCREEN_README
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, ClassVar

from simmail.mail.errors import Fatal
from simmail.mail.questions import Connect, Decision, answered
from simmail.postfix.ehlo_keywords import keyword_set
from simmail.postfix.haproxy import HaproxySession, is_used
from simmail.postfix.match_lists import AddressList, StringList
from simmail.postfix.own_addresses import protocols
from simmail.postfix.postscreen.access import PARAMETER, AccessList
from simmail.postfix.postscreen.cache import Cache, Stamps
from simmail.postfix.postscreen.dnsbl import Asking, Site, domains
from simmail.postfix.postscreen.session import PostscreenSession
from simmail.postfix.postscreen.tests import Test, actions, enabled
from simmail.postfix.program import Program
from simmail.postfix.smtpd.expansion import Expansions
from simmail.postfix.start_checks import server_tls
from simmail.postfix.tables import Maps, TableEnvironment
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

#: Of postscreen_pre_queue_limit: how many connections are stress, and how many no longer.
HIGH, LOW = 0.9, 0.7
STRESS = re.compile(r"\$\{stress\?\{(\d+)\}", re.ASCII)
NAME = re.compile(r"\$\w+", re.ASCII)
#: The first port that clients call from, and how many there are (Linux's ip_local_port_range).
PORTS, PORT_COUNT = 32768, 28232


class Postscreen(Program):
    """The screener of one service.

    Attributes:
        clients: address -> how many connections it has here.
        known: address -> what it has passed, of clients that are here.
        askings: address -> what DNS lists were asked for it, and say; sessions that one client has at a time share it.
        screened: how many connections are under test.
        old_words: whether the log has to be told still that its names for lists are old ones.
        stressed: whether there are so many that each gets less time.
    """

    command: ClassVar[str] = "postscreen"
    shared: ClassVar[bool] = True
    watches: ClassVar[bool] = True
    changed: ClassVar[tuple[tuple[str, str], ...]] = (
        ("text", "table {} has changed - finishing in the background"),
        ("error", "accept connection: Socket operation on non-socket"),
    )
    upstream_late: ClassVar[str] = "time limit exceeded"

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config, environment = self.config, self.environment
        if service.maxproc != 1:
            raise Fatal(f"service {service.name} requires a process limit of 1")
        self._tests()
        self.greet_wait = self._patience("postscreen_greet_wait")
        self.teaser: str = config["postscreen_greet_banner"]
        self.banner: str = config["smtpd_banner"]
        self.hostname: str = config["myhostname"]
        mynetworks = AddressList.open(PARAMETER, config["mynetworks"], environment, True)
        self.access = AccessList(config[PARAMETER], mynetworks, environment, self.warn)
        self.interfaces = AddressList.open(
            "postscreen_allowlist_interfaces", config["postscreen_allowlist_interfaces"], environment, False
        )
        self._memory()
        name = "postscreen_upstream_proxy_protocol"
        self.behind_proxy = is_used(config[name], name)
        self.upstream_timeout: float = config["postscreen_upstream_proxy_timeout"]
        self.ip_versions = protocols(config.text("inet_protocols"))
        self._dialogue()
        self._words(config["respectful_logging"])
        self.clients: Counter[str] = Counter()
        self.known: dict[str, Stamps] = {}
        self.askings: dict[str, Asking] = {}
        self.screened = 0
        self.stressed = False
        self._ports = count()

    def _tests(self) -> None:
        """Which tests there are, and what comes of them."""
        config = self.config
        self.actions = actions(config)
        self.enabled = enabled(config)
        self.ttl: Mapping[Test, int] = {
            t: int(config[f"postscreen_{t.value}_ttl"]) for t in Test if t is not Test.DNSBL
        }
        self.sites = tuple(Site.parse(text, self.warn) for text in config.list("postscreen_dnsbl_sites"))
        self.domains = domains(self.sites)
        self.list_timeout: float = config["postscreen_dnsbl_timeout"]
        self.threshold: int = config["postscreen_dnsbl_threshold"]
        self.allow_threshold: int = config["postscreen_dnsbl_allowlist_threshold"]
        self.ttl_bounds: tuple[int, int] = (
            int(config["postscreen_dnsbl_min_ttl"]),
            int(config["postscreen_dnsbl_max_ttl"]),
        )
        #: Tables that it does not look after: a change of theirs goes unnoticed.
        self._unwatched = TableEnvironment(self.system.machine, self.warn)
        self.reply_map = Maps.open("postscreen_dnsbl_reply_map", config["postscreen_dnsbl_reply_map"], self._unwatched)

    def _memory(self) -> None:
        """What is known of clients from one day to the next."""
        config = self.config
        self.cache = Cache(
            config["postscreen_cache_map"], self.system.machine, config["data_directory"],
            config["default_database_type"], self.warn,
        )  # fmt: skip
        self.cleanup: tuple[float, float] = (
            config["postscreen_cache_cleanup_interval"], config["postscreen_cache_retention_time"]
        )  # fmt: skip

    def _dialogue(self) -> None:
        """What the dialogue engine reads."""
        config = self.config
        self.connection_limit: int = config["postscreen_client_connection_count_limit"]
        self.pre_queue_limit: int = config["postscreen_pre_queue_limit"]
        self.command_limit: int = config["postscreen_command_count_limit"]
        self.time_limit = self._patience("postscreen_command_time_limit")
        self.line_limit: int = config["line_length_limit"]
        self.size_limit: int = config["message_size_limit"]
        self.helo_required: bool = config["postscreen_helo_required"]
        self.tls = server_tls(config, "postscreen")
        if self.tls.doubt:
            self.warn("warning", self.tls.doubt)
        self.vrfy: bool = not config["postscreen_disable_vrfy_command"]
        self.offers_vrfy: bool = not config["disable_vrfy_command"]
        self.smtputf8: bool = config["smtputf8_enable"]
        self.soft_bounce: bool = config["soft_bounce"]
        self.forbidden = StringList.open(
            "postscreen_forbidden_commands", config["postscreen_forbidden_commands"], self.environment
        )
        self.command_filter = Maps.open(
            "postscreen_command_filter", config["postscreen_command_filter"], self._unwatched
        )
        self.discard_keywords = keyword_set(config["postscreen_discard_ehlo_keywords"])
        self.discard_maps = self.maps("postscreen_discard_ehlo_keyword_address_maps")
        self.footer: str = self.unexpanded("postscreen_reject_footer")
        self.footer_maps = self.maps("postscreen_reject_footer_maps")
        self.expansions = Expansions(self, self.unexpanded("postscreen_expansion_filter"))

    def _patience(self, parameter: str) -> tuple[float, float]:
        """A time as it is usually, and under stress where main.cf leaves that to the default."""
        usual: float = self.config[parameter]
        default = STRESS.match(self.config.default(parameter) or "")
        return usual, usual if default is None or self.config.is_set(parameter) else float(default[1])

    def arrives(self, address: str) -> Decision[None]:
        """A client is here."""
        self.clients[address] += 1
        self.screened += 1
        if not self.stressed and self.pre_queue_limit and self.screened >= HIGH * self.pre_queue_limit:
            self.stressed = True
            yield self.note("text", "", f"entering STRESS mode with {self.screened} connections")

    def leaves(self, address: str) -> Decision[None]:
        """A client has gone, or been handed over."""
        self.screened -= 1
        self.clients[address] -= 1
        if not self.clients[address]:
            del self.clients[address]
            self.known.pop(address, None)
        if self.stressed and self.screened <= LOW * self.pre_queue_limit:
            self.stressed = False
            yield self.note("text", "", f"leaving STRESS mode with {self.screened} connections")

    def unexpanded(self, parameter: str) -> str:
        """A parameter's text that is not expanded, save where it only names another parameter."""
        value = self.config.raw(parameter) or ""
        return self.config.raw(value[1:]) or "" if NAME.fullmatch(value) else value

    def tlsproxy_trouble(self) -> str:
        """Why a client's STARTTLS leads nowhere."""
        name: str = self.config["tlsproxy_service_name"]
        socket = f"private/{name}"
        if self.system.service(name) is not None:
            return f"problem receiving status from {socket} service"
        return f"connect to {socket} service: {self.system.spool.unanswered(socket)}"

    def _words(self, respectful: bool) -> None:
        """The log's names for lists."""
        self.allow, self.deny = ("ALLOW", "DENY") if respectful else ("WHITE", "BLACK")
        config = self.config
        self.old_words = config.is_backwards("respectful_logging")

    def session(self, client: str, question: Connect) -> PostscreenSession | HaproxySession:
        """A session with whoever has connected, the client or a proxy before it.

        Args:
            client: its IP address.
            question: how it connected.
        """
        return HaproxySession(self, client, question) if self.behind_proxy else self.serve(client, question)

    def serve(self, client: str, question: Connect, port: int = 0) -> PostscreenSession:
        """A session with a client.

        Args:
            client: its IP address.
            question: how it connected.
            port: where it called from; 0 where that is not known.
        """
        return PostscreenSession(self, client, port or PORTS + next(self._ports) * 2 % PORT_COUNT, question)

    def turn_away(self, client: str, question: Connect) -> Decision[Reply | None]:
        """Hang up on a client that no proxy has introduced."""
        return answered(Reply(421, ("4.3.2 No system resources",), closes=True))
