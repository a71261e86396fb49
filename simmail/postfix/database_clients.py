"""NAME
    database_clients - settings of LDAP, SQL and memcache tables

DESCRIPTION
    Such a table (`ldap:NAME`) is told how to ask its server by a file of its own, or, in old configurations, by
    parameters of main.cf that begin with its name.  Here only the names are known; there are no such servers.

DIAGNOSTICS
    main.cf: missing '}' in "TEXT"

    TYPE:FILE: unused parameter: NAME=VALUE
    open "TYPE" configuration "FILE": REASON

SEE ALSO
    ldap_table(5), mysql_table(5), pgsql_table(5), sqlite_table(5), memcache_table(5)
"""

from __future__ import annotations

from collections.abc import Callable

from simmail.files.file_errors import FileError
from simmail.files.machine import Machine
from simmail.postfix.maincf import parse
from simmail.postfix.tables.split import BraceError, balanced, inside_braces, split_outside_braces

_QUERY = "additional_conditions domain expansion_limit query result_format select_field table where_field"
_SERVER = "dbname hosts password user " + _QUERY
#: A table's type -> the names of its settings.
SETTINGS: dict[str, frozenset[str]] = {
    name: frozenset(text.split())
    for name, text in {
        "ldap": "bind bind_dn bind_pw cache cache_expiry cache_size chase_referrals debuglevel dereference domain "
        "expansion_limit leaf_result_attribute query_filter result_attribute result_filter result_format sasl_authz_id "
        "sasl_mechs sasl_minssf sasl_realm scope search_base server_host server_port size_limit "
        "special_result_attribute start_tls terminal_result_attribute timeout tls_ca_cert_dir tls_ca_cert_file "
        "tls_cert tls_cipher_suite tls_key tls_random_file tls_require_cert version",
        "mysql": "option_file option_group require_result_set tls_CAfile tls_CApath tls_cert_file tls_ciphers "
        "tls_key_file tls_verify_cert " + _SERVER,
        "pgsql": "encoding select_function " + _SERVER,
        "sqlite": "dbpath " + _QUERY,
        "memcache": "backup data_size_limit domain flags key_format line_size_limit max_try memcache result_format "
        "retry_pause timeout ttl",
    }.items()
}

#: How deep braces within braces are looked into.
DEEPEST = 50


class DatabaseClients:
    """The database tables that a host's parameters name.

    Args:
        machine: the host.
        warn: hears what is wrong with their files.
    """

    def __init__(self, machine: Machine, warn: Callable[[str], None]) -> None:
        self.machine, self.warn = machine, warn
        self._seen: set[str] = set()

    def scan(self, text: str, file: str, use: Callable[[str], None]) -> None:
        """Look for such tables in an expanded value.

        Args:
            text: the value.
            file: where it stands: `main.cf`, `master.cf`.
            use: told the name of each parameter that a table of the old kind would read.
        """
        waiting: list[tuple[str, int]] = []

        def look_into(inner: str, depth: int) -> None:
            if depth < DEEPEST:
                waiting.extend((item, depth) for item in reversed(split_outside_braces(inner)))

        look_into(text, 0)
        while waiting:
            item, depth = waiting.pop()
            if item.startswith("{"):
                look_into(self._inside(item, file), depth + 1)
                continue
            kind, colon, name = item.partition(":")
            while colon and kind == "proxy":
                kind, colon, name = name.partition(":")
            if name.startswith("{"):
                look_into(self._inside(name, file), depth + 1)
            elif kind in SETTINGS and name.startswith("/"):
                self._file(kind, name)
            elif kind in SETTINGS and not name.startswith("."):
                for setting in sorted(SETTINGS[kind]):
                    use(f"{name}_{setting}")

    def _inside(self, text: str, file: str) -> str:
        """What stands in braces, even where they do not pair; that is told."""
        try:
            return inside_braces(text)
        except BraceError as error:
            self.warn(f"{file}: {error}")
            end = balanced(text)
            return text[1 : end - 1] if end else text[1:]

    def _file(self, kind: str, path: str) -> None:
        """Tell what a table's file sets for nothing, once."""
        if f"{kind}:{path}" in self._seen:
            return
        self._seen.add(f"{kind}:{path}")
        try:
            text = self.machine.files.read(path)
        except FileError as error:
            self.warn(f'open "{kind}" configuration "{path}": {error.reason}')
            return
        for name, setting in parse(text, path, lambda level, line: self.warn(line)).items():
            if name not in SETTINGS[kind]:
                self.warn(f"{kind}:{path}: unused parameter: {name}={setting.value}")
