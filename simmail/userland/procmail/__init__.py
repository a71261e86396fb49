"""procmail, formail and lockfile: mail sorted by a user's recipes."""

from __future__ import annotations

from simmail.files.invocation import Command
from simmail.userland.procmail import command, formail, lockfile

#: Name -> what it does.
COMMANDS: dict[str, Command] = {**command.TOOLS, **formail.TOOLS, **lockfile.TOOLS}
