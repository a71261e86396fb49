"""NAME
    postalias - Postfix alias database maintenance

SYNOPSIS
    postalias [-fFinNoprsuvw] [-c config_dir] [-d key] [-q key] [file_type:]file_name ...
    newaliases

DESCRIPTION
    Compiles a file of `name: value, value` lines, as sendmail has them, into a table, asks it, changes it or lists it.
    The options are postmap's, but for those that have to do with messages and files.

    newaliases compiles what alias_database lists.

PARAMETERS
    alias_database, default_database_type, myhostname, smtputf8_enable

DIAGNOSTICS
    /etc/aliases, line 7: need name:value pair
    /etc/aliases, line 11: name must be local

BUGS
    newaliases takes sendmail's other options without a word.

SEE ALSO
    postalias(1), aliases(5), newaliases(1)
"""

from __future__ import annotations

import posixpath

from simmail.files.invocation import Invocation
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note
from simmail.mail.tokens import externalize, internalize, scan
from simmail.postfix.commands.table_tool import TableTool
from simmail.postfix.commands.usage import LOGGED, BadOption, enter_queue, getopt
from simmail.postfix.config import FOLDER, Config
from simmail.postfix.maincf import logical_lines
from simmail.postfix.tables.build import Builder, create
from simmail.postfix.tables.flags import DictFlag
from simmail.postfix.tables.fold import is_utf8
from simmail.postfix.tables.split import split_outside_braces

NO_RECIPIENT = "alias initialization mode requires no recipient"
#: EX_TEMPFAIL, with which sendmail gives up.
TEMPORARY = 75


def postalias(invocation: Invocation) -> Decision[int]:
    """Run postalias; the exit status."""
    return Postalias(invocation).run()


def newaliases(invocation: Invocation) -> Decision[int]:
    """Run newaliases: postalias for all of alias_database."""
    try:
        given, operands = getopt(invocation.argv[1:], "A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:ij:k:l:mno:p:r:q:tvx")
    except BadOption:
        given, operands = [], []
    folder = [value for letter, value in given if letter == "C"][-1:] or [invocation.environment.get("MAIL_CONFIG", "")]
    named = [value[1:] for letter, value in given if letter == "o" and value.startswith("A")]
    try:
        config = Config.load(
            invocation.machine,
            lambda level, text: invocation.complain(f"newaliases: {level}: {text}"),
            posixpath.join(invocation.folder, folder[0] or FOLDER),
        )
        if invocation.control is not None:
            enter_queue(config)
    except Fatal as fatal:
        raise Fatal(fatal.text, TEMPORARY) from None
    if operands:
        yield Note(config.log_name("sendmail"), "fatal", "", NO_RECIPIENT)
        raise Fatal(NO_RECIPIENT, TEMPORARY)
    tables = named[-1:] or split_outside_braces(str(config["alias_database"]))
    if not tables:
        return 0
    try:
        called = invocation.called("postalias", *tables)
        called.environment = {**invocation.environment, LOGGED: "postlog", "MAIL_CONFIG": config.folder}
        return (yield from postalias(called))
    except Fatal as fatal:
        invocation.complain(f"postalias: fatal: {fatal.text}")
        return fatal.status


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
