"""NAME
    postgrey - greylisting policy server

SYNOPSIS
    postgrey --inet=[host:]port | --unix=path [--delay=s] [--max-age=days] [--retry-window=days | hours h]
        [--auto-whitelist-clients=n] [--greylist-action=action] [--greylist-text=text] [--lookup-by-host]
        [--ipv4cidr=n] [--ipv6cidr=n] [--whitelist-clients=file] [--whitelist-recipients=file]
        [--x-greylist-header=text] [--hostname=name] [--privacy] [--quiet] [-d]

DESCRIPTION
    Defers the first tries of each client, sender and recipient.  A client is known by its network (24 bits of an
    IPv4 address, 64 of an IPv6 address); of a sender the extension behind `+` does not count, nor do numbers (each
    stands as `#`), nor the tag of prvs=TAG=sender.

    A triplet is let through when `delay` seconds (300) have passed since it was first seen; but if its first retry
    comes later than `retry-window` (two days), it counts as new.  A client whose mail was let through in that way five
    times, at most once an hour, is trusted from then on.  Each night triplets are forgotten that were not seen for
    `max-age` days (35), and those that never came back within the retry window.

    What is let through after its delay gets a header X-Greylist, one for each message.

FILES
    /etc/postgrey/whitelist_clients, whitelist_clients.local: domains, addresses, networks, /patterns/
    /etc/postgrey/whitelist_recipients, whitelist_recipients.local: domains, addresses, user@, /patterns/

DIAGNOSTICS
    action=greylist, reason=new, client_name=..., client_address=..., sender=..., recipient=...
    action=greylist, reason=early-retry (240s missing), ...
    action=pass, reason=triplet found, delay=305, ...
    action=pass, reason=client AWL | client whitelist | recipient whitelist, ...

BUGS
    The database is in memory.  Nothing stops a postgrey: when its host is up again after a crash it is there, with all
    it knew.  --unix and --inet only name the place where it is asked; --user,
    --group, --dbdir, --pidfile, --syslog-facility, --socketmode, --listen-queue-size change nothing.  An address of two
    numbers in a whitelist means a network of 24 bits, as it does in version 1.37.

SEE ALSO
    SMTPD_POLICY_README
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from simmail.files.file_errors import FileError
from simmail.files.machine import Machine
from simmail.mail.calendar import DAYS, MONTHS
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note
from simmail.postfix.tables.patterns import BadPattern, Compiled, MatchFailed
from simmail.postfix.tables.pcre import engine
from simmail.userland.policy.options import Option, read_options
from simmail.userland.policy.protocol import endpoint

VERSION = "1.37"
DAY, HOUR = 86400, 3600
MAINTENANCE_HOURS = range(2, 7)
BETWEEN_MAINTENANCES = 23 * HOUR
LONGEST_VALUE = 512
INSTANCES = 10
#: Debian's list of recipients who always get their mail at once, for a host that has no such file.
USUAL_RECIPIENTS = "postmaster@\nabuse@\n"
OPTIONS = (
    Option("inet", "i"),
    Option("unix", "u"),
    Option("delay", default="300"),
    Option("max-age", default="35"),
    Option("retry-window", default="2"),
    Option("auto-whitelist-clients", default="5", optional="5"),
    Option("greylist-action", default="DEFER_IF_PERMIT"),
    Option("greylist-text", default="Greylisted, see http://postgrey.schweikert.ch/help/%r.html"),
    Option("x-greylist-header", default="X-Greylist: delayed %t seconds by postgrey-%v at %h; %d"),
    Option("hostname"),
    Option("ipv4cidr", default="24"),
    Option("ipv6cidr", default="64"),
    Option("lookup-by-host", flag=True),
    Option("lookup-by-subnet", flag=True),
    Option("privacy", flag=True),
    Option("quiet", "q", flag=True),
    Option("verbose", "v", flag=True),
    Option("daemonize", "d", flag=True),
    Option("exim", flag=True),
    Option("whitelist-clients", several=True),
    Option("whitelist-recipients", several=True),
    *map(Option, ("user", "group", "dbdir", "pidfile", "syslog-facility", "facility")),
    *map(Option, ("socketmode", "listen-queue-size")),
)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class Triplet:
    """When a client, sender and recipient were first and last seen, seconds since 1970."""

    first: int
    last: int


@dataclass(slots=True)
class TrustedClient:
    """How often a client's mail came through after its delay, and when last, seconds since 1970."""

    count: int
    last: int


class Whitelist:
    """Those who are never made to wait.

    Attributes:
        names: patterns for names or addresses.
        networks: addresses of clients.
    """

    def __init__(self) -> None:
        self.names: list[Compiled] = []
        self.networks: list[Network] = []
        self.complaints: list[str] = []

    def _pattern(self, text: str, place: str) -> None:
        try:
            self.names.append(engine()(text.encode("utf-8", "surrogateescape"), frozenset("s"), False))
        except BadPattern as error:
            self.complaints.append(f"WARNING: {place}: {error}")

    def matches(self, text: str) -> bool:
        """Whether a name or address is on it."""
        subject = text.encode("utf-8", "surrogateescape")
        for pattern in self.names:
            try:
                if pattern.search(subject, False) is not None:
                    return True
            except MatchFailed:
                continue
        return False

    def read_clients(self, text: str, file: str) -> None:
        """Add the clients that a file names."""
        for number, entry in _entries(text):
            place = f"{file} line {number}"
            inside = re.fullmatch(r"/(\S+)/", entry)
            network = _network(entry)
            if inside is not None:
                self._pattern(inside.group(1), place)
            elif network is not None:
                self.networks.append(network)
            elif re.search(r"\s", entry):
                self.complaints.append(f"WARNING: {place}: doesn't look like a hostname")
            else:
                self._pattern(rf"(?:^|\.){re.escape(entry)}$", place)

    def read_recipients(self, text: str, file: str) -> None:
        """Add the recipients that a file names."""
        for number, entry in _entries(text):
            place = f"{file} line {number}"
            inside = re.fullmatch(r"/(\S+)/", entry)
            user, at, domain = entry.partition("@")
            if inside is not None:
                self._pattern(inside.group(1), place)
            elif re.search(r"\s", entry):
                self.complaints.append(f"WARNING: {place}: doesn't look like an address")
            elif at:
                end = re.escape(domain) + "$" if domain else ""
                self._pattern(rf"^{re.escape(user)}(?:\+[^@]+)?@{end}", place)
            else:
                self._pattern(rf"(?:@|\.){re.escape(user)}$", place)


def _entries(text: str) -> list[tuple[int, str]]:
    rows = ((number, line.split("#", 1)[0].strip()) for number, line in enumerate(text.split("\n"), 1))
    return [(number, entry) for number, entry in rows if entry]


def _network(entry: str) -> Network | None:
    """The network that a line of the whitelist means; None for a name."""
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){1,2}", entry):
        entry = ".".join([*entry.split("."), "0", "0"][:4]) + "/24"
    elif not re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?|.*:.*:.*", entry):
        return None
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None


class Postgrey:
    """A postgrey that runs.

    Args:
        machine: the host.
        argv: its command line.
        now: when it was started, seconds since the world's start.

    Raises:
        Fatal: for a command line that it does not take.
    """

    name = "postgrey"

    def __init__(self, machine: Machine, argv: tuple[str, ...], now: float = 0.0) -> None:
        given = read_options(argv, OPTIONS)
        self.machine = machine
        if not given["inet"] and not given["unix"]:
            raise Fatal("ERROR: --unix or --inet must be specified", 255)
        self.endpoint = endpoint(given["inet"], "inet") if given["inet"] else endpoint(given["unix"], "unix")
        self.delay = _whole(given, "delay") or 300
        self.max_age = (_whole(given, "max-age") or 35) * DAY
        self.trusted_after = _whole(given, "auto-whitelist-clients")
        self.bits = {4: _whole(given, "ipv4cidr") or 24, 6: _whole(given, "ipv6cidr") or 64}
        self.retry_window = _retry_window(given["retry-window"])
        self.action, self.text = given["greylist-action"], given["greylist-text"]
        self.header, self.hostname = given["x-greylist-header"], given["hostname"] or machine.hostname
        self.by_host, self.quiet = bool(given["lookup-by-host"]), bool(given["quiet"])
        self._files = {name: given[f"whitelist-{name}"].split("\n") if given[f"whitelist-{name}"] else None
                       for name in ("clients", "recipients")}  # fmt: skip
        self.clients, self.recipients = Whitelist(), Whitelist()
        self.reload()
        self.triplets: dict[str, Triplet] = {}
        self.trusted: dict[str, TrustedClient] = {}
        self._instances: list[str] = []
        self._maintained, self._cleaned = int(machine.calendar.unix(now)), 0

    def reload(self) -> None:
        """Read the whitelists again (SIGHUP)."""
        self.clients, self.recipients = Whitelist(), Whitelist()
        for name, read in (("clients", self.clients.read_clients), ("recipients", self.recipients.read_recipients)):
            usual = [f"/etc/postgrey/whitelist_{name}", f"/etc/postgrey/whitelist_{name}.local"]
            for file in self._files[name] or usual:
                try:
                    read(self.machine.files.read(file), file)
                except FileError:
                    if file == "/etc/postgrey/whitelist_recipients":
                        read(USUAL_RECIPIENTS, file)

    # ---- answering

    def ask(self, attributes: Mapping[str, str], now: float) -> Decision[str | None]:
        """Answer one request, at once."""
        if attributes.get("request") != "smtpd_access_policy":
            yield self._note("", f"unrecognized request type: '{attributes.get('request', '')}'")
            return None
        seconds = int(self.machine.calendar.unix(now))
        cut = {name[:LONGEST_VALUE]: value[:LONGEST_VALUE] for name, value in attributes.items()}
        action, reason, more = self._decide(cut, now, seconds)
        if reason and not self.quiet:
            told = "greylist" if reason.startswith(("new", "early")) else "pass"
            parts = [f"action={told}", f"reason={reason}", *more]
            parts += [
                f"{name}={cut[name]}"
                for name in ("client_name", "client_address", "sender", "recipient")
                if cut.get(name)
            ]
            yield self._note(cut.get("queue_id", ""), ", ".join(parts))
        if seconds - self._maintained >= HOUR:
            self._maintained = seconds
            self._maintain(seconds)
        return action

    def _note(self, queue_id: str, text: str) -> Note:
        return Note("postgrey", "text", queue_id, text)

    def _decide(self, request: Mapping[str, str], now: float, seconds: int) -> tuple[str, str, list[str]]:
        """The action, the reason for the log, and what else the log says."""
        if any(name not in request for name in ("client_address", "client_name", "recipient", "sender")):
            return "DUNNO", "", []
        try:
            address = ipaddress.ip_address(request["client_address"])
        except ValueError:
            return "DUNNO", "", []
        if self.clients.matches(request["client_name"]) or any(address in network for network in self.clients.networks):
            return "DUNNO", "client whitelist", []
        if self.recipients.matches(request["recipient"]):
            return "DUNNO", "recipient whitelist", []
        client = str(address)
        trusted = self.trusted.get(client)
        if self.trusted_after and trusted is not None and trusted.count >= self.trusted_after:
            if seconds >= trusted.last + HOUR:
                trusted.count, trusted.last = trusted.count + 1, seconds
            return "DUNNO", "client AWL", []
        return self._greylist(request, now, seconds, client)

    def _greylist(
        self, request: Mapping[str, str], now: float, seconds: int, client: str
    ) -> tuple[str, str, list[str]]:
        key = f"{self._network_of(client)}/{normal_sender(request['sender'])}/{request['recipient']}".lower()
        triplet = self.triplets.get(key)
        passed_before = False
        if triplet is None:
            triplet = self.triplets[key] = Triplet(seconds, seconds)
        elif triplet.last - triplet.first >= self.delay:
            passed_before = True
        elif seconds - triplet.first > self.retry_window:
            triplet.first = seconds
        triplet.last = seconds
        missing = self.delay - (seconds - triplet.first)
        if missing > 0:
            reason = f"early-retry ({missing}s missing)" if seconds != triplet.first else "new"
            return f"{self.action} {self._said(missing, request)}", reason, []
        if not passed_before:
            self._trust(client, seconds)
            if self._is_new_message(request.get("instance")):
                delay = seconds - triplet.first
                return f"PREPEND {self._added(delay, now)}", "triplet found", [f"delay={delay}"]
        return "DUNNO", "triplet found", []

    def _network_of(self, client: str) -> str:
        """The client as triplets know it."""
        if self.by_host:
            return client
        bits = self.bits[6 if ":" in client else 4]
        return str(ipaddress.ip_network(f"{client}/{bits}", strict=False).network_address)

    def _trust(self, client: str, seconds: int) -> None:
        """Count a success, at most one an hour."""
        if not self.trusted_after:
            return
        known = self.trusted.get(client)
        if known is None:
            self.trusted[client] = TrustedClient(1, seconds)
        elif seconds >= known.last + HOUR:
            known.count, known.last = known.count + 1, seconds

    def _said(self, missing: int, request: Mapping[str, str]) -> str:
        text = self.text
        if "etrn_domain" in request and not text[:1].isdigit():
            text = "4.2.0 " + text
        domain = request["recipient"].rpartition("@")[2]
        return text.replace("%s", str(missing), 1).replace("%r", domain, 1)

    def _added(self, delay: int, now: float) -> str:
        """The header that tells of the delay."""
        moment = self.machine.calendar.at(now)
        date = f"{DAYS[moment.weekday()]}, {moment.day:02d} {MONTHS[moment.month - 1]} {moment:%Y %H:%M:%S} UTC"
        text = self.header
        for mark, value in (("%t", str(delay)), ("%v", VERSION), ("%d", date), ("%h", self.hostname)):
            text = text.replace(mark, value, 1)
        return text

    def _is_new_message(self, instance: str | None) -> bool:
        """Whether none of the last messages was this one: each gets one header, however many recipients it has."""
        if instance is None:
            return True
        if instance in self._instances:
            return False
        self._instances = [instance, *self._instances[: INSTANCES - 1]]
        return True

    def _maintain(self, seconds: int) -> None:
        """Forget, at night, what is too old."""
        hour = (seconds // HOUR) % 24
        if hour not in MAINTENANCE_HOURS or seconds - self._cleaned < BETWEEN_MAINTENANCES:
            return
        self._cleaned = seconds
        self.triplets = {
            key: triplet
            for key, triplet in self.triplets.items()
            if seconds - triplet.last <= self.max_age
            and (triplet.last - triplet.first >= self.delay or seconds - triplet.last <= self.retry_window)
        }
        self.trusted = {client: known for client, known in self.trusted.items() if seconds - known.last <= self.max_age}


def _whole(given: Mapping[str, str], name: str) -> int:
    text = given[name]
    if not re.fullmatch(r"\d{1,9}", text):
        raise Fatal(f'Value "{text}" invalid for option {name} (number expected)')
    return int(text)


def _retry_window(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})(h?)", text, re.IGNORECASE)
    if found is None:
        raise Fatal("ERROR: --retry-window must be either a number of days or a number followed by 'h' for hours", 255)
    return int(found.group(1)) * (HOUR if found.group(2) else DAY)


def normal_sender(address: str) -> str:
    """A sender without what changes from message to message."""
    user, at, domain = address.partition("@")
    if not at:
        return address
    parts = user.split("=")
    if parts[0] == "prvs" and len(parts) == 3:
        tagged = [re.match("[0-9a-z]{10}", part) is not None for part in parts]
        user = parts[1] if tagged[2] and not tagged[1] else parts[2]
    user = user.partition("+")[0]
    return re.sub(r"\b\d+\b", "#", user, flags=re.ASCII) + "@" + domain
