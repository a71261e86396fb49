"""NAME
    postalias - Postfix alias database maintenance

SYNOPSIS
    postalias [-fFinNoprsuvw] [-c config_dir] [-d key] [-q key] [file_type:]file_name ...

DESCRIPTION
    Compiles a file of `name: value, value` lines, as sendmail has them, into a table, asks it, changes it or lists it.
    The options are postmap's, but for those that have to do with messages and files.

PARAMETERS
    default_database_type, myhostname, smtputf8_enable

DIAGNOSTICS
    /etc/aliases, line 7: need name:value pair
    /etc/aliases, line 11: name must be local

BUGS
    As of postmap(1).

SEE ALSO
    postalias(1), aliases(5), sendmail(1)
"""

from __future__ import annotations

from collections.abc import Iterator

from simmail.files.invocation import Invocation
from simmail.mail.questions import Decision
from simmail.mail.tokens import externalize, internalize, scan
from simmail.postfix.commands.table_tool import TableTool
from simmail.postfix.maincf import Warn, logical_lines
from simmail.postfix.tables.build import Builder, create
from simmail.postfix.tables.entries import Entry
from simmail.postfix.tables.flags import DictFlag
from simmail.postfix.tables.fold import is_utf8


def postalias(invocation: Invocation) -> Decision[int]:
    """Run postalias; the exit status."""
    return Postalias(invocation).run()


class Postalias(TableTool):
    """One run of postalias."""

    letters = "Nc:d:finopq:rsuvw"
    usage = "[-Nfinoprsuvw] [-c config_dir] [-d key] [-q key] [map_type:]file..."
    colon = ":"

    def make(self, type: str, name: str) -> None:
        """Compile an alias database, or add to it."""
        path, source = self.source(type, name)
        builder = create(type, name, self.environment, self.request.flags, source)
        for entry in alias_entries(self.text(source), path, self.environment.warn, builder.table.utf8):
            builder.put(entry.key, entry.value, entry.line)
        self._sign(builder)
        builder.close()

    def _sign(self, builder: Builder) -> None:
        """Add what sendmail and NIS look for in an alias database."""
        if self.request.incremental:
            builder.flags |= DictFlag.REPLACE
        builder.put("@", "@")
        invocation = self.invocation
        now = int(invocation.machine.calendar.unix(invocation.now))
        builder.put("YP_LAST_MODIFIED", f"{now:010d}", bare=True)
        builder.put("YP_MASTER_NAME", str(self.config["myhostname"]), bare=True)


def alias_entries(text: str, name: str, warn: Warn, utf8: bool) -> Iterator[Entry]:
    """The entries of an alias database's source; lines that are none are warned of and left out.

    Args:
        text: the source.
        name: its name, for warnings.
        warn: who hears them.
        utf8: whether a line has to be UTF-8.
    """
    for line in logical_lines(text, name, warn):
        place = f"{name}, line {line.first}"
        if utf8 and not is_utf8(line.text):
            warn("warning", f'{place}: non-UTF-8 input "{line.text}" -- ignoring this line')
            continue
        tokens = scan(line.text)
        kinds = [token.kind for token in tokens]
        if not tokens:
            continue
        colon = kinds.index(":") if ":" in kinds else 0
        if not 0 < colon < len(tokens) - 1 or "," in kinds[:colon]:
            warn("warning", f"{place}: need name:value pair")
            continue
        if "@" in kinds[:colon] or "%" in kinds[:colon]:
            warn("warning", f"{place}: name must be local")
            continue
        yield Entry(internalize(tokens[:colon]), externalize(tokens[colon + 1 :])[0], line.first)
