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

from simmail.files.invocation import Invocation
from simmail.mail.questions import Decision
from simmail.mail.tokens import externalize, internalize, scan
from simmail.postfix.commands.table_tool import TableTool
from simmail.postfix.maincf import logical_lines
from simmail.postfix.tables.build import Builder, create
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
        for line in logical_lines(self.text(source), path, self.environment.warn):
            self._entry(builder, f"{path}, line {line.first}", line.text, line.first)
        self._sign(builder)
        builder.close()

    def _entry(self, builder: Builder, place: str, text: str, line: int) -> None:
        """One alias; what is none is warned of and left out."""
        warn = self.environment.warn
        if builder.table.utf8 and not is_utf8(text):
            warn("warning", f'{place}: non-UTF-8 input "{text}" -- ignoring this line')
            return
        tokens = scan(text)
        kinds = [token.kind for token in tokens]
        if not tokens:
            return
        colon = kinds.index(":") if ":" in kinds else 0
        if not 0 < colon < len(tokens) - 1 or "," in kinds[:colon]:
            warn("warning", f"{place}: need name:value pair")
            return
        if "@" in kinds[:colon] or "%" in kinds[:colon]:
            warn("warning", f"{place}: name must be local")
            return
        builder.put(internalize(tokens[:colon]), externalize(tokens[colon + 1 :])[0], line)

    def _sign(self, builder: Builder) -> None:
        """Add what sendmail and NIS look for in an alias database."""
        if self.request.incremental:
            builder.flags |= DictFlag.REPLACE
        builder.put("@", "@")
        invocation = self.invocation
        now = int(invocation.machine.calendar.unix(invocation.now))
        builder.put("YP_LAST_MODIFIED", f"{now:010d}", bare=True)
        builder.put("YP_MASTER_NAME", str(self.config["myhostname"]), bare=True)
