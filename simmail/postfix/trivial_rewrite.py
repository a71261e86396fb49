"""NAME
    trivial-rewrite - address rewriting and resolving

DESCRIPTION
    Rewriting makes an address complete: a source route goes, `domain!user` and `user%domain` become `user@domain`,
    `@$myorigin` and `.$mydomain` are appended where they are missing, a dot at the end goes.  The local context
    completes with myorigin and mydomain; the remote one with remote_header_rewrite_domain, where that is set.

    Resolving finds an address class, and with it a transport, a nexthop and the recipient as it is delivered: this
    machine's own domains are stripped until the address is somebody else's, or a local part alone.

PARAMETERS
    swap_bangpath, allow_percent_hack, append_at_myorigin, append_dot_mydomain, remote_header_rewrite_domain,
    resolve_dequoted_address, resolve_null_domain, resolve_numeric_domain, empty_address_recipient, allow_min_user,
    local_transport, virtual_transport, relay_transport, default_transport, relayhost, transport_maps,
    sender_dependent_relayhost_maps, sender_dependent_default_transport_maps, relocated_maps, mydestination,
    virtual_alias_domains, virtual_mailbox_domains, relay_domains, address_verify_*, myhostname, recipient_delimiter,
    empty_address_relayhost_maps_lookup_key, empty_address_default_transport_maps_lookup_key, helpful_warnings,
    show_user_unknown_table_name

DIAGNOSTICS
    file /etc/postfix/main.cf: parameter NAME: null transport is not allowed
        Whoever asks stands still; see resolve_client(3).
    do not list domain DOMAIN in BOTH mydestination and virtual_alias_domains
        and its kin, each time an address of such a domain is resolved.
    using backwards-compatible default setting append_dot_mydomain=yes to rewrite "HOST" to "HOST.DOMAIN"

    All of it stays in `pending`: whoever rewrites or resolves says `yield from rewriter.spoken()` afterwards.

SEE ALSO
    ADDRESS_CLASS_README, ADDRESS_REWRITING_README, trivial-rewrite(8), transport(5)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar

from simmail.mail.address import quote_local, split_plain, unquote_local
from simmail.mail.hostnames import literal_fault, valid_address, valid_hostname, valid_literal
from simmail.mail.tokens import LITERAL, QUOTED, Address, Token, externalize, internalize, scan
from simmail.postfix.address_maps import find_address
from simmail.postfix.match_lists import PARENTS, DomainList, StringList, takes_parents
from simmail.postfix.program import Program
from simmail.postfix.resolved import AddressClass, Resolved, ResolveFlag
from simmail.postfix.tables import USUAL, DictFlag, LookupFailure, Maps
from simmail.postfix.transport_maps import TransportMaps

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

T = TypeVar("T")
AT, DOT = Token("@"), Token(".")
#: The parameters that choose a class' transport.
TRANSPORTS = {
    AddressClass.LOCAL: "local_transport",
    AddressClass.VIRTUAL_MAILBOX: "virtual_transport",
    AddressClass.RELAY: "relay_transport",
    AddressClass.DEFAULT: "default_transport",
}
#: Stands for any local part that is a word without a meaning.
_SOMEBODY = "somebody"
#: Without regular expressions' own substitutions: a sender must not write the destination.
SAFE = USUAL | DictFlag.NO_REGSUB


class _Failed(Exception):
    """Resolving ends here; what was known so far."""

    def __init__(
        self,
        recipient: str = "",
        address_class: AddressClass = AddressClass.NONE,
        flags: ResolveFlag = ResolveFlag.FAIL,
    ) -> None:
        self.result = Resolved("", "", recipient, address_class, flags)


class _Routes:
    """One personality of the resolver: the parameters that choose transports, for mail or for address probes.

    Args:
        program: whose parameters these are.
        prefix: what their names begin with: "", or `address_verify_` for probes.
        relocated: whether relocated_maps is asked.

    Attributes:
        by_sender: whether the sender has a say.
        by_domain: whether a local part has none: no table is asked about it.
    """

    def __init__(self, program: TrivialRewrite, prefix: str, relocated: bool) -> None:
        config = program.config

        def maps(name: str) -> Maps:
            return Maps.open(prefix + name, config[prefix + name], program.environment, SAFE)

        #: Of each class the parameter that chooses, and what it says.
        self.transports = {
            address_class: (prefix + name, str(config[prefix + name])) for address_class, name in TRANSPORTS.items()
        }
        self.relayhost = str(config[prefix + "relayhost"])
        self.sender_relayhost = maps("sender_dependent_relayhost_maps")
        self.sender_transport = maps("sender_dependent_default_transport_maps")
        self.transport_maps = TransportMaps(
            maps("transport_maps"), config["recipient_delimiter"], program.parents("transport_maps")
        )
        self.by_sender = bool(self.sender_relayhost or self.sender_transport)
        self.by_domain = not (self.transport_maps or relocated)


class TrivialRewrite(Program):
    """Rewrites and resolves addresses.

    Attributes:
        by_sender: whether the sender matters: to where an address leads, or to what is said on the way.
        by_domain: whether the local part of a plain address has no say in it.
    """

    command = "trivial-rewrite"

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self._known: dict[Hashable, object] = {}
        self._swap_bangpath: bool = config["swap_bangpath"]
        self._percent_hack: bool = config["allow_percent_hack"]
        self._append_origin: bool = config["append_at_myorigin"]
        self._append_domain: bool = config["append_dot_mydomain"]
        self._dequote: bool = config["resolve_dequoted_address"]
        self._null_domain: bool = config["resolve_null_domain"]
        self._numeric_domain: bool = config["resolve_numeric_domain"]
        self._minus_user: bool = config["allow_min_user"]
        self._delimiters: str = config["recipient_delimiter"]
        self._say_append = config.is_backwards("append_dot_mydomain")
        self._helpful: bool = config["helpful_warnings"]
        self._contexts = {
            "local": (str(config["myorigin"]), str(config["mydomain"])),
            "remote": (str(config["remote_header_rewrite_domain"]),) * 2,
        }
        self._empty_recipient = scan(config["empty_address_recipient"])
        self._here = [AT, *scan(config["myhostname"])]
        self._alias_domains = StringList.open(
            "virtual_alias_domains", config["virtual_alias_domains"], self.environment
        )
        self._mailbox_domains = StringList.open(
            "virtual_mailbox_domains", config["virtual_mailbox_domains"], self.environment
        )
        self._relay_domains = DomainList.open(
            "relay_domains", config["relay_domains"], self.environment, self.parents("relay_domains")
        )
        self._relocated = Maps.open("relocated_maps", config["relocated_maps"], self.environment)
        table = " in virtual alias table" if config["show_user_unknown_table_name"] else ""
        self._unknown_alias = f"5.1.1 User unknown{table}"
        self._routes = _Routes(self, "", bool(self._relocated))
        self._verify = _Routes(self, "address_verify_", bool(self._relocated))
        for routes in (self._routes, self._verify):
            routes.transport_maps.try_wildcard()
        complains = not all(table.available for table in self.environment.tables.values())
        self.by_sender = self._routes.by_sender or self._say_append or complains or self._names_twice()
        self.by_domain = self._routes.by_domain
        self._null_keys = (
            str(config["empty_address_relayhost_maps_lookup_key"]),
            str(config["empty_address_default_transport_maps_lookup_key"]),
        )

    def _names_twice(self) -> bool:
        """Whether a list names a domain that another one holds as well, of which each sender's mail makes it speak."""
        local = self.local_domains.destinations
        alias, mailbox, relay = self._alias_domains, self._mailbox_domains, self._relay_domains
        pairs = ((local, alias), (local, mailbox), (alias, mailbox), (alias, relay), (mailbox, relay))
        said = len(self.pending)
        try:
            return self._helpful and any(
                other.matches(name) for pair in pairs for one, other in (pair, pair[::-1]) for name in one.names()
            )
        except LookupFailure:
            return True
        finally:
            del self.pending[said:]

    def parents(self, parameter: str) -> bool:
        """Whether a domain in that list stands for its subdomains too."""
        return takes_parents(parameter, self.config[PARENTS], self.environment)

    def _once(self, key: Hashable, compute: Callable[..., T], *arguments: object) -> T:
        """What `compute` gives, remembered unless something was said on the way."""
        found: T | None = self._known.get(key)  # type: ignore[assignment]
        if found is not None:
            return found
        said, chance = len(self.pending), self.environment.unrepeatable
        found = compute(*arguments)
        if len(self.pending) == said and self.environment.unrepeatable == chance:
            self.system.memo.keep(self._known, key, found)
        return found

    # ---- rewriting

    def rewrite(self, context: str, address: str) -> str:
        """Complete an address.

        Args:
            context: `local`, `remote`, or the domain name to complete with.
            address: in external form, `"joe smith"@example`.

        Returns:
            The address in external form.
        """
        if not address:
            self.warn("warning", "rewrite_addr: null address")
            return address
        plain = split_plain(address)
        if plain is None:
            return self._once((context, address), self._rewrite, context, address)
        return self._rewrite_plain(context, *plain)

    def _rewrite_plain(self, context: str, local: str, domain: str) -> str:
        """The same for a local part that has no say in what becomes of the domain."""
        return local + self._once((context, domain, _SOMEBODY), self._rewritten_domain, context, domain)

    def _rewritten_domain(self, context: str, domain: str) -> str:
        return self._rewrite(context, f"{_SOMEBODY}@{domain}").removeprefix(_SOMEBODY)

    def rewrite_internal(self, address: str) -> str:
        """As `rewrite` in the local context, with addresses in internal form."""
        plain = split_plain(address)
        if plain is not None:
            return self._rewrite_plain("local", *plain)
        return unquote_local(self.rewrite("local", quote_local(address))) if address else address

    def _rewrite(self, context: str, address: str) -> str:
        tokens = scan(address)
        if not tokens:
            return address
        origin, domain = self._contexts.get(context, (context, context))
        return externalize([Address(self._rewrite_tokens(tokens, origin, domain), True)])[0]

    def _rewrite_tokens(self, tokens: list[Token], origin: str, domain: str) -> list[Token]:
        """The same for tokens; there is at least one."""
        if tokens == [Token(QUOTED)] or tokens == [AT]:
            return [Token(QUOTED)]
        if tokens[0] == AT and Token(":") in tokens[:-1]:
            tokens = tokens[tokens.index(Token(":")) + 1 :]
        kinds = [token.kind for token in tokens]
        if "@" not in kinds:
            tokens = self._give_domain(tokens, kinds, origin)
        tokens = self._complete_domain(tokens, domain)
        if len(tokens) > 1 and tokens[-1] == DOT and tokens[-2] not in (DOT, AT):
            tokens = tokens[:-1]
        return tokens

    def _give_domain(self, tokens: list[Token], kinds: list[str], origin: str) -> list[Token]:
        if self._swap_bangpath and "!" in kinds:
            bang = kinds.index("!")
            return [*tokens[bang + 1 :], AT, *tokens[:bang]]
        if self._percent_hack and "%" in kinds:
            percent = _last(tokens, "%")
            return [*tokens[:percent], AT, *tokens[percent + 1 :]]
        if self._append_origin and origin:
            return [*tokens, AT, *scan(origin)]
        return tokens

    def _complete_domain(self, tokens: list[Token], domain: str) -> list[Token]:
        if not self._append_domain or not domain:
            return tokens
        at = _last(tokens, "@")
        behind = tokens[at + 1 :]
        if at < 0 or not behind or DOT in behind or any(token.kind == LITERAL for token in behind):
            return tokens
        if self._say_append:
            host = internalize(behind)
            self.warn(
                "text",
                "using backwards-compatible default setting append_dot_mydomain=yes to rewrite "
                f'"{host}" to "{host}.{domain}"',
            )
        return [*tokens, DOT, *scan(domain)]

    # ---- resolving

    def resolve(self, sender: str, address: str, verify: bool = False) -> Resolved:
        """Find out where an address leads.

        Args:
            sender: the envelope sender, for the sender_dependent_ tables.
            address: the recipient, complete, in internal form.
            verify: whether this is for an address probe (address_verify_ parameters).
        """
        routes = self._verify if verify else self._routes
        if not routes.by_sender:
            sender = ""
        plain = split_plain(address) if routes.by_domain else None
        if plain is None:
            return self._once((sender, address, verify), self._resolve, routes, sender, address)
        local, domain = plain  # of which the first has no say: no table is asked about it
        transport, nexthop, recipient, address_class, flags = self._once(
            (sender, domain, verify, _SOMEBODY), self._resolve, routes, sender, f"{_SOMEBODY}@{domain}"
        )
        if recipient:
            recipient = local + recipient.removeprefix(_SOMEBODY)
        return Resolved(transport, nexthop, recipient, address_class, flags)

    def _resolve(self, routes: _Routes, sender: str, address: str) -> Resolved:
        try:
            tokens, is_local = self._strip(address)
            recipient = internalize(tokens)
            domain = recipient.rpartition("@")[2]
            literal = domain.startswith("[")
            if literal and (fault := literal_fault(domain[1:-1])):
                self.warn("warning", fault)
            if not (valid_literal(domain) if literal else valid_hostname(domain)):
                if not (self._numeric_domain and valid_address(domain)):
                    return Resolved("", "", recipient, AddressClass.DEFAULT, ResolveFlag.ERROR)
                domain = f"[{domain}]"
                recipient = recipient.rpartition("@")[0] + "@" + domain
                is_local = is_local or self._is_local(domain)
            return self._route(routes, sender, recipient, domain, is_local)
        except _Failed as failed:
            return failed.result

    def _is_local(self, domain: str) -> bool:
        try:
            return self.local_domains.matches(domain)
        except LookupFailure:
            raise _Failed from None

    def _strip(self, address: str) -> tuple[list[Token], bool]:
        """The address without domains of this machine on its end but the last one taken off; whether it is local."""
        tokens = scan(quote_local(address))
        saved: list[Token] = []
        for _ in range(len(address) + 101):
            if len(tokens) > 1 and tokens[-1] == DOT and AT in tokens and tokens[-2] not in (DOT, AT):
                tokens = tokens[:-1]
            if self._null_domain and tokens and tokens[-1] == AT:
                tokens = tokens[:-1]
            at = _last(tokens, "@")
            if at >= 0:
                if at + 1 < len(tokens) and not self._is_local(internalize(tokens[at + 1 :])):
                    return tokens, False
                tokens, saved = tokens[:at], tokens[at:]
            if self._has_route(tokens):
                tokens = self._rewrite_tokens(tokens, *self._contexts["local"])
                continue
            cracked = self._crack(tokens)
            if cracked:
                tokens = self._rewrite_tokens(cracked, *self._contexts["local"])
                continue
            if tokens in ([], [Token(QUOTED)]):
                tokens = list(self._empty_recipient)
                continue
            if not saved:
                tokens = [*tokens, *self._here]
                continue
            return [*tokens, *saved], True
        self.warn("warning", f"resolve_addr: <{address}>: giving up after {len(address) + 101} iterations")
        raise _Failed

    def _has_route(self, tokens: list[Token]) -> bool:
        kinds = {token.kind for token in tokens}
        return "@" in kinds or (self._swap_bangpath and "!" in kinds) or (self._percent_hack and "%" in kinds)

    def _crack(self, tokens: list[Token]) -> list[Token]:
        """The tokens inside a quoted local part that hides a route; [] where there is none."""
        if not self._dequote or len(tokens) != 1 or tokens[0].kind != QUOTED:
            return []
        text = tokens[0].text
        at, percent = text.rfind("@"), text.rfind("%") if self._percent_hack else -1
        if at >= 0 or percent >= 0:
            index = at if at >= 0 else percent
            return scan(quote_local(f"{text[:index]}@{text[index + 1 :]}"))
        return scan(text) if self._swap_bangpath and "!" in text else []

    def _route(self, routes: _Routes, sender: str, recipient: str, domain: str, is_local: bool) -> Resolved:
        flags = ResolveFlag.NONE
        first = min(index for index in map(recipient.find, "@!%") if index >= 0)
        if recipient[first + 1 :] != domain:
            flags |= ResolveFlag.ROUTED
        address_class = AddressClass.LOCAL if is_local else self._class(domain, recipient)
        if is_local:
            self._nag("mydestination", domain, "virtual_alias_domains", "virtual_mailbox_domains")
        transport, nexthop = self._destination(routes, sender, domain, address_class, recipient)
        if routes.transport_maps and address_class is not AddressClass.VIRTUAL_ALIAS:
            with _Told(self, routes.transport_maps.title, recipient, address_class):
                transport, nexthop = routes.transport_maps.find(recipient, domain, transport, nexthop)
        if self._relocated:
            with _Told(self, "relocated_maps", recipient, address_class):
                moved = find_address(self._relocated, recipient, self._delimiters, self.local_domains.owns)
            if moved:
                transport, nexthop = "error", f"5.1.6 User has moved to {moved.value}"
        if recipient.startswith("-") and not self._minus_user:
            flags |= ResolveFlag.ERROR
        return Resolved(transport, nexthop, recipient, address_class, flags)

    def _class(self, domain: str, recipient: str) -> AddressClass:
        """The class of a domain that is not this machine's."""
        with _Told(self, "virtual_alias_domains", recipient):
            if self._alias_domains.matches(domain):
                self._nag("virtual_alias_domains", domain, "virtual_mailbox_domains", "relay_domains")
                return AddressClass.VIRTUAL_ALIAS
        with _Told(self, "virtual_mailbox_domains", recipient):
            if self._mailbox_domains.matches(domain):
                self._nag("virtual_mailbox_domains", domain, "relay_domains")
                return AddressClass.VIRTUAL_MAILBOX
        with _Told(self, "relay_domains", recipient):
            return AddressClass.RELAY if self._relay_domains.matches(domain) else AddressClass.DEFAULT

    def _nag(self, listed: str, domain: str, *others: str) -> None:
        """Warn of a domain that other lists hold as well."""
        if not self._helpful:
            return
        lists: dict[str, StringList | DomainList] = {
            "virtual_alias_domains": self._alias_domains,
            "virtual_mailbox_domains": self._mailbox_domains,
            "relay_domains": self._relay_domains,
        }
        for other in others:
            try:
                twice = lists[other].matches(domain)
            except LookupFailure:
                continue
            if twice:
                self.warn("warning", f"do not list domain {domain} in BOTH {listed} and {other}")

    def _destination(
        self, routes: _Routes, sender: str, domain: str, address_class: AddressClass, recipient: str
    ) -> tuple[str, str]:
        """Transport and nexthop of a class, before the transport table is asked."""
        if address_class is AddressClass.VIRTUAL_ALIAS:
            return "error", self._unknown_alias
        blame, setting = routes.transports[address_class]
        nexthop = domain
        if address_class is AddressClass.DEFAULT and routes.sender_transport:
            found = self._for_sender(routes.sender_transport, sender, self._null_keys[1], recipient, address_class)
            if found is not None:
                blame, setting = routes.sender_transport.title, found or setting
        if address_class in (AddressClass.RELAY, AddressClass.DEFAULT):
            found = self._for_sender(routes.sender_relayhost, sender, self._null_keys[0], recipient, address_class)
            nexthop = found or routes.relayhost or domain
        transport, _, destination = setting.partition(":")
        if not transport:
            self.warn("warning", f"file /etc/postfix/main.cf: parameter {blame}: null transport is not allowed")
            raise _Failed(recipient, address_class, ResolveFlag.FAIL | ResolveFlag.NOWHERE)
        return transport, destination or nexthop

    def _for_sender(
        self, maps: Maps, sender: str, null_key: str, recipient: str, address_class: AddressClass
    ) -> str | None:
        """What a sender_dependent_ table says; "" for DUNNO."""
        if not maps:
            return None
        with _Told(self, maps.title, recipient, address_class):
            found = find_address(maps, sender or null_key, self._delimiters, self.local_domains.owns)
        if found is None:
            return None
        return "" if found.value.upper() == "DUNNO" else found.value


class _Told:
    """Turns a failing look-up into a warning and the end of resolving."""

    __slots__ = ("address_class", "parameter", "program", "recipient")

    def __init__(
        self,
        program: TrivialRewrite,
        parameter: str,
        recipient: str = "",
        address_class: AddressClass = AddressClass.NONE,
    ) -> None:
        self.program, self.parameter = program, parameter
        self.recipient, self.address_class = recipient, address_class

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, LookupFailure):
            self.program.warn("warning", f"{self.parameter} lookup failure")
            raise _Failed(self.recipient, self.address_class) from None


def _last(tokens: list[Token], kind: str) -> int:
    """The index of the last token of a kind, -1 for none."""
    for index in range(len(tokens) - 1, -1, -1):
        if tokens[index].kind == kind:
            return index
    return -1
