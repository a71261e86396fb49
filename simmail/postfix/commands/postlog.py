"""NAME
    postlog - Postfix-compatible logging utility

SYNOPSIS
    postlog [-iv] [-c config_dir] [-p priority] [-t tag] [text ...]

DESCRIPTION
    Logs its arguments, or the lines of its standard input.

DIAGNOSTICS
    status 1 for an unknown priority

SEE ALSO
    postlog(1)
"""

from __future__ import annotations

from simmail.files.invocation import Invocation
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note
from simmail.postfix.commands.usage import BadOption, Console, getopt

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
        return 1
    given = dict(options)
    try:
        console.config(given.get("c", ""))
    except Fatal:  # which only a terminal would show
        return 1
    event = PRIORITIES.get(given.get("p", "info"))
    if event is None:
        return 1
    tag = given.get("t", "postfix/postlog")
    program = tag.removeprefix("postfix/") if tag.startswith("postfix/") else "/" + tag
    for line in [" ".join(words)] if words else invocation.stdin.splitlines():
        yield Note(program, event, "", line)
    return 0
