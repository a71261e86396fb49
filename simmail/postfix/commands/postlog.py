"""NAME
    postlog - Postfix-compatible logging utility

SYNOPSIS
    postlog [-iv] [-c config_dir] [-p priority] [-t tag] [text ...]

DESCRIPTION
    Logs its arguments, or the lines of its standard input, and shows them on a terminal.

DIAGNOSTICS
    fatal: bad severity: "TEXT", which only a terminal shows; status 1

SEE ALSO
    postlog(1)
"""

from __future__ import annotations

from simmail.files.invocation import Invocation
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note
from simmail.postfix.commands.usage import BadOption, Console, getopt

USAGE = "postlog [-c config_dir] [-i] [-p priority] [-t tag] [-v] [text]"
#: Priority -> the event of the log.
PRIORITIES = {
    "info": "text",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "fatal": "fatal",
    "panic": "panic",
}


def postlog(invocation: Invocation) -> Decision[int]:
    """Run postlog; the exit status."""
    console = Console("postlog", invocation)
    try:
        options, words = getopt(invocation.argv[1:], "c:ip:t:v")
    except BadOption as error:
        invocation.complain(f"postlog: {error.text}")
        return _fatal(invocation, f"usage: {USAGE}")
    given = dict(options)
    try:
        console.config(given.get("c", ""))
    except Fatal as fatal:
        return _fatal(invocation, fatal.text)
    priority = given.get("p", "info")
    event = PRIORITIES.get(priority.lower())
    if event is None:
        return _fatal(invocation, f'bad severity: "{priority}"')
    tag = given.get("t", "postfix/postlog")
    program = tag.removeprefix("postfix/") if tag.startswith("postfix/") else "/" + tag
    for line in [" ".join(words)] if words else invocation.stdin.splitlines():
        if invocation.terminal:
            invocation.complain(f"{tag}: {line}" if event == "text" else f"{tag}: {event}: {line}")
        yield Note(program, event, "", line)
    return 0


def _fatal(invocation: Invocation, text: str) -> int:
    """Show on a terminal why nothing is logged; the exit status."""
    if invocation.terminal:
        invocation.complain(f"postfix/postlog: fatal: {text}")
    return 1
