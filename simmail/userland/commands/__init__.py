"""The common commands of a simulated host, by name."""

from __future__ import annotations

from simmail.files.invocation import Command
from simmail.userland.commands import (
    awk,
    clock,
    diff,
    encode,
    find,
    getent,
    grep,
    lines,
    links,
    ls,
    manage,
    resolve,
    rights,
    sed,
    sh,
    su,
    system,
    text,
    truncate,
    words,
    xargs,
)

#: Name -> what it does.
COMMANDS: dict[str, Command] = {
    **text.TOOLS,
    **lines.TOOLS,
    **grep.TOOLS,
    **sed.TOOLS,
    **awk.TOOLS,
    **manage.TOOLS,
    **rights.TOOLS,
    **truncate.TOOLS,
    **ls.TOOLS,
    **links.TOOLS,
    **find.TOOLS,
    **xargs.TOOLS,
    **clock.TOOLS,
    **diff.TOOLS,
    **encode.TOOLS,
    **system.TOOLS,
    **getent.TOOLS,
    **su.TOOLS,
    **words.TOOLS,
    **sh.TOOLS,
    **resolve.TOOLS,
}
