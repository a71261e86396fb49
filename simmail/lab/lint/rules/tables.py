"""Tables: not there, not compiled, compiled before they were edited, with lines that do nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simmail.lab.lint.databases import Databases
from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Parsed, TableRef
from simmail.lab.lint.sources import COMPILED, FILES, table_lines
from simmail.mail.errors import Fatal, Location
from simmail.postfix.tables import TableEnvironment
from simmail.postfix.tables.registry import open_table
from simmail.postfix.tables.surrogate import Unavailable
from simmail.world.blame import LINE

#: What lists of tables for proxymap(8) begin with: they name tables, and nobody opens them.
LISTS_OF_TABLES = "proxy_"
#: Tables' parameters -> who reads them; smtpd is among those who read the others.  Those of TLS nobody reads here.
READERS = tuple(
    (re.compile(names), program)
    for names, program in (
        (r"(mime_|nested_)?header_checks|body_checks|(recipient|sender)_bcc_maps", "cleanup"),
        (r"transport_maps|relocated_maps|address_verify_.*_maps|sender_dependent_.*_maps", "trivial-rewrite"),
        (r"(mailbox_command|mailbox_transport|fallback_transport)_maps", "local"),
        (r"virtual_(uid|gid)_maps", "virtual"),
        (r"smtp_.*_(checks|maps)", "smtp"),
        (r"lmtp_.*_(checks|maps)", "lmtp"),
        (r"postscreen_.*_maps", "postscreen"),
        (r"local_login_sender_maps", "postdrop"),
        (r"(?!tls).*_maps", "smtpd"),
    )
)
#: What comes of it that such a program does not run; what the others should deliver waits.
SILENCE = {
    "cleanup": "clients hang at the first RCPT",
    "trivial-rewrite": "clients hang at MAIL",
    "postscreen": "clients that it takes hear nothing",
    "postdrop": "sendmail takes no mail",
    "smtpd": "clients connect and hear nothing",
}
ALIASES = ("alias_maps", "alias_database")
#: What parameters end in whose tables Postfix makes for itself.
CACHES = ("_cache_database", "_cache_map", "address_verify_map")
#: What is said of a rule that has a pattern and nothing else.
EMPTY = "no replacement text"

NO_TYPE = Kind(
    "error", "table-without-type",
    "{effect}",
    "`{word}` in {parameter} is a file's name; a table needs its type before it.",
    "Write {parameter} = {type}:{word}.",
    "DATABASE_README",
)  # fmt: skip
MISSING = Kind(
    "error", "table-missing",
    "The table of {parameter} cannot be opened: 451 4.3.0 Temporary lookup failure, and mail waits.",
    "There is no {file}.",
    "Write the file{compile}, or take {spec} out.",
    "DATABASE_README",
)  # fmt: skip
UNREADABLE = Kind(
    "error", "table-unreadable",
    "The table of {parameter} cannot be opened, and mail waits: 451 4.3.0 Temporary lookup failure, or 451 4.3.5.",
    "It is written in main.cf, and not as such a table is: {reason}.",
    "Put braces of its own around each entry that has blanks or commas in it: inline:{{ {{NAME = VALUE, VALUE}} }}.",
    "DATABASE_README",
)  # fmt: skip
UNCOMPILED = Kind(
    "error", "table-not-compiled",
    "The table of {parameter} cannot be opened: 451 4.3.0 Temporary lookup failure, and mail waits.",
    "Postfix reads {file}.db, which is not there; {file} is only its source.",
    "Run `{command} {spec}`, now and after each change.",
    "postmap(1)",
)  # fmt: skip
STALE = Kind(
    "warning", "table-stale",
    "What was changed in {file} since {command} was run has no effect.",
    "{file} is newer than {file}.db, which is what Postfix reads.",
    "Run `{command} {spec}`.",
    "postmap(1)",
)  # fmt: skip
LINE_LOST = Kind(
    "warning", "table-line",
    "This line of {file} does nothing.",
    "{said}",
    "{advice}",
    "{manual}",
)  # fmt: skip
#: How warnings call a kind of table -> how a line of it is written, and where that stands.
WRITTEN = {
    "alias": ("Write NAME: WHO.", "aliases(5)"),
    "cidr map": ("Write NETWORK/LENGTH ACTION, or ADDRESS ACTION.", "cidr_table(5)"),
    "pcre map": ("Write /PATTERN/ ACTION, and try it with postmap -q.", "pcre_table(5)"),
    "regexp map": ("Write /PATTERN/ ACTION, and try it with postmap -q.", "regexp_table(5)"),
}
NETWORK_KEY = Kind(
    "warning", "network-in-keyed-table",
    "The entry {key} matches nobody.",
    "A {type}: table is asked for an address and for its first octets (192.168.1), never for a network with a length.",
    "Write {octets}, or make it a cidr: table.",
    "access(5)",
)  # fmt: skip
LOOP = Kind(
    "error", "alias-loop",
    "Mail for {name} comes back to itself: {way}.",
    "Each of these is an alias for the next; the last one leads to the first.",
    "Let one of them name a mailbox.",
    "aliases(5)",
)  # fmt: skip
OWNER = Kind(
    "error", "owner-loop",
    "A letter to {list} that fails once goes round without end: {name} leads to {list} again.",
    "What fails for the list comes to {name}, and from there to the whole list.",
    "Let {name} name a person.",
    "aliases(5)",
)  # fmt: skip
#: What the alias begins with that gets what fails for a list.
OWNS = "owner-"
FORWARD = Kind(
    "note", "forward-outside",
    "Mail for {name} goes on to {address} with its sender unchanged: there it fails SPF, and its spam counts as yours.",
    "An alias leaves the envelope's sender as it is, and this host is not among those that may send for it.",
    "Let the user fetch the mail, or rewrite senders (SRS).",
    "aliases(5)",
)  # fmt: skip
#: Alias -> the names that it leads to, and its place.
Graph = dict[str, tuple[tuple[str, ...], Location]]
#: Providers that check SPF, and count what is forwarded to them.
PROVIDERS = ("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "gmx.")


def without_type(host: Parsed) -> Iterator[Finding]:
    """Tables of which only the file is named."""
    for setting in host.assignments:
        name = setting.name
        reader = next((program for names, program in READERS if names.fullmatch(name)), "")
        if not reader or name.startswith(LISTS_OF_TABLES) or host.where(name).line != setting.line:
            continue
        for word, location in host.placed(name):
            if ":" in word or word.startswith(("#", "!")) or "=" in word:
                continue
            effect = f"{reader} does not run: {SILENCE.get(reader, 'mail for it waits in the queue')}."
            type = "pcre" if name.endswith("_checks") else "hash"
            yield NO_TYPE.at(location, effect=effect, word=word, parameter=name, type=type)


def files_there(host: Parsed) -> Iterator[Finding]:
    """Tables whose files are not there, or not compiled, or not since the last change."""
    databases = Databases(host.place)
    # what the world runs before Postfix starts fails, too, where main.cf cannot be read
    in_vain = host.place.folder is None and isinstance(host.start, Fatal)
    seen: set[str] = set()
    for table in host.tables:
        if (
            table.parameter.endswith(CACHES)
            or table.type not in FILES
            or not table.name.startswith("/")
            or table.spec in seen
        ):
            continue
        seen.add(table.spec)
        command = "postalias" if table.parameter in ALIASES else "postmap"
        words = {"parameter": table.parameter, "file": table.name, "spec": table.spec, "command": command}
        compiled = table.type in COMPILED
        if not databases.given(table.name):
            if not (compiled and databases.compiled(table.name)):
                yield MISSING.at(table.location, compile=f", and run {command}" if compiled else "", **words)
        elif compiled and databases.uncompiled(table.name):
            if not in_vain:
                yield UNCOMPILED.at(table.location, **words)
        elif compiled and databases.stale(table.name):
            yield STALE.at(Location(table.name, 1), table.location, **words)


def written_in_main_cf(host: Parsed) -> Iterator[Finding]:
    """Tables in braces that are not written as they must be."""
    environment = TableEnvironment(host.machine, lambda level, text: None)
    seen: set[str] = set()
    for table in host.tables:
        if table.name.startswith("{") and table.spec not in seen:
            seen.add(table.spec)
            try:
                opened = open_table(table.spec, environment)
            except Fatal:
                continue  # of which programs die: another rule's matter
            if isinstance(opened, Unavailable):
                reason = opened.reason.partition(": ")[0]
                yield UNREADABLE.at(table.location, parameter=table.parameter, reason=reason)


def lost_lines(host: Parsed) -> Iterator[Finding]:
    """Lines of tables that Postfix skips."""
    heard: list[str] = []
    # of its own: a table that has been opened has been complained of, and is not read again
    environment = TableEnvironment(host.machine, lambda level, text: heard.append(text))
    for table in host.tables:
        try:
            if table.type in ("cidr", "pcre", "regexp"):
                open_table(table.spec, environment)
            elif table.type in FILES:
                list(table_lines(table.spec, environment, table.parameter in ALIASES))
        except Fatal:
            continue
    # in a table that decides about mail an empty result is worse than lost; see the rules about access tables
    access = {item.argument.partition(":")[2] for item in host.all_items() if item.name.startswith("check_")}
    aliases = {table.name for table in host.tables if table.parameter in ALIASES}
    told: set[Location] = set()
    for text in heard:
        found = LINE.search(text)
        if found is None or (EMPTY in text and found[1] in access):
            continue
        place, said = Location(found[1], int(found[2])), text[found.end() :].strip(": ")
        if place in told:
            continue
        told.add(place)
        kind = "alias" if found[1] in aliases else text[: found.start()].strip()
        advice, manual = WRITTEN.get(kind, ("Write KEY VALUE.", "postmap(1)"))
        said = said[:1].upper() + said[1:] + ("" if said.endswith(("?", ".")) else ".")
        yield LINE_LOST._replace(manual=manual).at(place, file=found[1], said=said, advice=advice)


def network_keys(host: Parsed) -> Iterator[Finding]:
    """Networks as keys of tables that know no networks."""
    for item in host.all_items():
        type, _, _ = item.argument.removeprefix("proxy:").partition(":")
        if not item.name.startswith("check_") or type not in (*COMPILED, "texthash"):
            continue
        for line in host.entries(item.argument.removeprefix("proxy:")):
            address, slash, length = line.key.partition("/")
            if slash and length.isdigit() and set(address) <= set("0123456789."):
                octets = ".".join(address.split(".")[: max(1, int(length) // 8)])
                yield NETWORK_KEY.at(line.location, key=line.key, type=type, octets=octets)


def aliases(host: Parsed) -> Iterator[Finding]:
    """Aliases that lead round in a circle, or out to a provider."""
    graph: Graph = {}
    for table in host.tables_of("virtual_alias_maps", "alias_maps"):
        alias = table.parameter == "alias_maps"
        for line in host.entries(table.spec, alias):
            targets = tuple(word.strip(" \t\\").lower() for word in line.value.split(","))
            graph[line.key.lower()] = (targets, _place(line.location, table))
            for target in targets:
                if "@" in target and target.rpartition("@")[2].startswith(PROVIDERS):
                    yield FORWARD.at(_place(line.location, table), name=line.key, address=target)
    told: set[str] = set()
    for name in graph:
        way = _circle(graph, name)
        if way and not told & set(way):
            told.update(way)
            last = max(way, key=lambda key: graph[key][1])
            yield LOOP.at(graph[last][1], name=name, way=" -> ".join((*way, name)))
    for name in graph:
        owned = name.removeprefix(OWNS)
        if owned != name and owned in graph and _leads(graph, name, owned):
            yield OWNER.at(graph[name][1], name=name, list=owned)


def _place(location: Location, table: TableRef) -> Location:
    return location if location.line else table.location


def _circle(graph: Graph, start: str) -> tuple[str, ...]:
    """The names on a way from a name back to itself; none where there is no way, or it leads to itself at once."""
    return next((way for way in _ways(graph, start) if len(way) > 1 and start in graph[way[-1]][0]), ())


def _leads(graph: Graph, start: str, end: str) -> bool:
    """Whether an alias leads to another."""
    return any(way[-1] == end for way in _ways(graph, start))


def _ways(graph: Graph, start: str) -> Iterator[tuple[str, ...]]:
    """A way from an alias to each that it leads to, itself first."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop()
        yield way
        for target in graph[way[-1]][0]:
            if target in graph and target not in seen:
                seen.add(target)
                ways.append((*way, target))


RULES = (without_type, files_there, written_in_main_cf, lost_lines, network_keys, aliases)
