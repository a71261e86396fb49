"""NAME
    smtpd.parameters - what a session's conversation depends on

DESCRIPTION
    The parameters that the dialogue itself reads, as one smtpd found them when it started.

PARAMETERS
    myhostname, mail_name, smtpd_banner, smtpd_helo_required, smtpd_history_flush_threshold,
    smtpd_sasl_authenticated_header, smtpd_peername_lookup, smtpd_upstream_proxy_protocol, notify_classes

    smtpd_soft_error_limit, smtpd_hard_error_limit, smtpd_error_sleep_time, smtpd_junk_command_limit, smtpd_timeout,
    smtpd_per_request_deadline, smtpd_min_data_rate, smtpd_client_*_limit, smtpd_recipient_limit,
    smtpd_recipient_overshoot_limit, message_size_limit, queue_minfree, line_length_limit,
    smtpd_forbid_unauth_pipelining

    smtpd_discard_ehlo_keywords, smtpd_discard_ehlo_keyword_address_maps, smtpd_noop_commands,
    smtpd_forbidden_commands, smtpd_command_filter, disable_vrfy_command, strict_rfc821_envelopes, smtputf8_enable,
    strict_smtputf8, smtpd_delay_open_until_valid_rcpt, smtpd_reject_footer, smtpd_reject_footer_maps,
    smtpd_authorized_*_clients, smtpd_authorized_*_hosts, default_verp_delimiters, verp_delimiter_filter

    smtpd_tls_*_cert_file, smtpd_tls_chain_files, smtpd_tls_ask_ccert, smtpd_tls_req_ccert, smtpd_tls_wrappermode,
    relay_clientcerts

    cleanup_service_name, content_filter, receive_override_options, local_header_rewrite_clients,
    address_verify_sender, inet_protocols

SEE ALSO
    smtpd(8)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from simmail.mail.errors import Fatal, LateFatal
from simmail.postfix import haproxy
from simmail.postfix.cleanup_status import CleanupFlag, external_flags
from simmail.postfix.ehlo_keywords import keyword_set
from simmail.postfix.match_lists import StringList
from simmail.postfix.own_addresses import protocols
from simmail.postfix.post_mail import NOTIFY_CLASSES, probe_sender, utf8_flags
from simmail.postfix.smtpd.commands import COMMANDS
from simmail.postfix.start_checks import NO_TLSMGR, server_tls
from simmail.postfix.tables import DictFlag, open_table
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.config import Config
    from simmail.postfix.smtpd.program import Smtpd

CERTIFICATES = (
    "smtpd_tls_cert_file", "smtpd_tls_dcert_file", "smtpd_tls_eccert_file", "smtpd_tls_chain_files",
)  # fmt: skip

#: A certificate's name that means to do without.
ANONYMOUS = "none"


class SessionParameters:
    """What the dialogue of one service reads of its configuration."""

    def __init__(self, smtpd: Smtpd) -> None:
        self._config = config = smtpd.config  # whose mistakes are told in the order in which it is read
        self._greetings(config)
        self._limits(config)
        self._manners(config)
        self._extensions(smtpd)
        self._tls(smtpd)
        self._refusals(smtpd)
        self._authorized(smtpd)
        #: Whether the first HELO or EHLO of an ordinary client asks nothing; a greeting and a command are two lines.
        self.hello_asks_nothing = (
            smtpd.delay_reject
            and not (self.verp_clients or self.xclient_hosts or self.xforward_hosts or smtpd.sasl.active)
            and self.history_limit >= 2
        )
        self._mail(config)
        self._words(config)
        self.local_rewrite_clients = config.list("local_header_rewrite_clients")

    def _greetings(self, config: Config) -> None:
        """Who the server says it is, and when a client must say so."""
        self.hostname: str = config["myhostname"]
        #: How Received: names the server.
        self.receiver = f"{self.hostname} ({config['mail_name']})"
        #: Whether it names the user that is logged in.
        self.shows_login: bool = config["smtpd_sasl_authenticated_header"]
        self.history_limit: int = config["smtpd_history_flush_threshold"]
        self.helo_reply = Reply(250, (self.hostname,))
        self.greeting = Reply(220, (config["smtpd_banner"],))
        self.helo_required: bool = config["smtpd_helo_required"]

    def _manners(self, config: Config) -> None:
        """What is taken of a client, and found out about it."""
        self.vrfy: bool = not config["disable_vrfy_command"]
        self.strict: bool = config["strict_rfc821_envelopes"]
        self.smtputf8: bool = config["smtputf8_enable"]
        self.strict_smtputf8: bool = config["strict_smtputf8"]
        self.old_smtputf8 = config.is_backwards("smtputf8_enable")
        self.delay_open: bool = config["smtpd_delay_open_until_valid_rcpt"]
        self.peername_lookup: bool = config["smtpd_peername_lookup"]

    def _extensions(self, smtpd: Smtpd) -> None:
        """What EHLO offers, and which other commands there are."""
        config = smtpd.config
        #: EHLO's reply, by what is hidden and who asks.
        self.offers: dict[tuple[frozenset[str], bool, bool | None, bool | None, bool], Reply] = {}
        self.discarded = keyword_set(config["smtpd_discard_ehlo_keywords"])
        self.discard_maps = smtpd.maps("smtpd_discard_ehlo_keyword_address_maps")
        #: Whether a client's greeting depends on who it is.
        self.judges_clients = not smtpd.delay_reject or bool(self.discard_maps)
        self.noop_commands = self._strings(smtpd, "smtpd_noop_commands")
        self.forbidden_commands = self._strings(smtpd, "smtpd_forbidden_commands")

    def _refusals(self, smtpd: Smtpd) -> None:
        """What is hung on refusals, and what becomes of commands before they are looked at."""
        config = smtpd.config
        #: The commands that a line which begins with them surely is.
        self.at_sight = {} if config["smtpd_command_filter"] or config["smtpd_noop_commands"] else COMMANDS
        self.reject_footer: str = config.raw("smtpd_reject_footer") or ""
        self.footer_maps = smtpd.maps("smtpd_reject_footer_maps")
        table: str = config["smtpd_command_filter"]
        flags = DictFlag.LOCK | DictFlag.FOLD_FIX
        self.command_filter = open_table(table, smtpd.environment, flags) if table else None

    def _mail(self, config: Config) -> None:
        """What becomes of mail that is taken."""
        self.verp_delimiters, self.verp_filter = config["default_verp_delimiters"], config["verp_delimiter_filter"]
        self.ip_versions = protocols(config.text("inet_protocols"))
        self.cleanup_service: str = config["cleanup_service_name"]
        self.content_filter: str = config["content_filter"]
        self._external = external_flags(config)
        self.probe_sender = probe_sender(config)
        self.unknown_recipients = "no_unknown_recipient_checks" in config.list("receive_override_options")

    @cached_property
    def cleanup_flags(self) -> CleanupFlag:
        """What cleanup(8) is to do with mail that is taken.  Raises Fatal over a class that there is not."""
        return self._external | utf8_flags(self._config, "smtpd")

    def _authorized(self, smtpd: Smtpd) -> None:
        """Who may use extensions that are not for everybody; None for nobody."""
        self.verp_clients = smtpd.addresses("smtpd_authorized_verp_clients") or None
        self.xclient_hosts = smtpd.addresses("smtpd_authorized_xclient_hosts") or None
        self.xforward_hosts = smtpd.addresses("smtpd_authorized_xforward_hosts") or None

    def _words(self, config: Config) -> None:
        """What a session looks up as it begins."""
        name = "smtpd_upstream_proxy_protocol"
        #: Whether a proxy says whose session it is.
        self.behind_proxy = haproxy.is_used(config[name], name)
        try:
            self.notify_classes = config.mask("notify_classes", NOTIFY_CLASSES)
        except Fatal as fatal:
            raise LateFatal(fatal.text) from None

    def _limits(self, config: Config) -> None:
        """What a client may do, and how often."""
        self.soft_errors: int = config["smtpd_soft_error_limit"]
        self.hard_errors: int = config["smtpd_hard_error_limit"]
        self.patience: float = config["smtpd_timeout"]
        #: Whether content has to come in that time, not each part of it; and how much of it makes it a second more.
        self.by_request: bool = config["smtpd_per_request_deadline"]
        self.data_rate: int = config["smtpd_min_data_rate"]
        self.error_sleep: float = config["smtpd_error_sleep_time"]
        self.junk_limit: int = config["smtpd_junk_command_limit"]
        self.recipient_limit: int = config["smtpd_recipient_limit"]
        self.overshoot_limit: int = config["smtpd_recipient_overshoot_limit"]
        self.size_limit: int = config["message_size_limit"]
        self.minimum_free: int = config["queue_minfree"]
        self.forbids_pipelining: bool = config["smtpd_forbid_unauth_pipelining"]
        self.line_limit: int = config["line_length_limit"]
        self.connection_count: int = config["smtpd_client_connection_count_limit"]
        self.connection_rate: int = config["smtpd_client_connection_rate_limit"]
        self.message_rate: int = config["smtpd_client_message_rate_limit"]
        self.recipient_rate: int = config["smtpd_client_recipient_rate_limit"]
        self.login_rate: int = config["smtpd_client_auth_rate_limit"]
        self.counted = any(
            (self.connection_count, self.connection_rate, self.message_rate, self.recipient_rate, self.login_rate,
             config["smtpd_client_new_tls_session_rate_limit"])
        )  # fmt: skip

    def deadline(self, asked: float, octets: int) -> float:
        """To when content may come.

        Args:
            asked: when it was asked for, seconds; inf where it may take its time.
            octets: how much of it is here.
        """
        return asked + self.patience + octets / self.data_rate

    def _tls(self, smtpd: Smtpd) -> None:
        """Whether STARTTLS is offered, which no client gets far with, and whether clients must use it."""
        config = smtpd.config
        smtpd.maps("relay_clientcerts")  # opened like others, though no client shows a certificate
        self.tls, self.tls_required, doubt = server_tls(config, "smtpd")
        #: Whether TLS comes before the greeting, so that nobody ever hears one.
        self.wrapped: bool = config["smtpd_tls_wrappermode"]
        if doubt:
            smtpd.opens_with("warning", doubt)
        if self.tls or self.wrapped:
            smtpd.opens_with("warning", *self._certificates(config, smtpd.system.service("tlsmgr") is not None))
        if smtpd.stands_alone:
            self.tls = self.tls_required = self.wrapped = False

    def _certificates(self, config: Config, manager: bool) -> Iterator[str]:
        """What is wrong with the certificates; `manager`: whether there is a tlsmgr(8)."""
        asks, demands = config["smtpd_tls_ask_ccert"], config["smtpd_tls_req_ccert"]
        required = self.tls_required or self.wrapped
        names = [text for text in map(config.text, CERTIFICATES) if text]
        lacks = (asks or (demands and required)) and not any(text.lower() != ANONYMOUS for text in names)
        if lacks:
            yield "Need a server cert to request client certs"
        if demands and not required:
            yield "Can't require client certs unless TLS is required"
        if lacks or not names:
            yield "No server certs available. TLS won't be enabled"
        elif not manager:
            yield from NO_TLSMGR

    @staticmethod
    def _strings(smtpd: Smtpd, name: str) -> StringList:
        return StringList.open(name, smtpd.config[name], smtpd.environment)
