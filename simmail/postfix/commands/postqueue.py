"""NAME
    postqueue - Postfix queue control

SYNOPSIS
    postqueue [-c config_dir] -f | -i queue_id | -j | -p | -s site

DESCRIPTION
    -p lists the queue for people, -j as JSON, a line for each message.  -f tries all that is deferred now, -i one
    message, -s what waits for one domain that fast_flush_domains knows.

    A star behind a queue id stands for the active queue, an exclamation mark for hold, a hash sign for a message that
    was made too old.

PARAMETERS
    fast_flush_domains, authorized_flush_users, authorized_mailq_users, enable_long_queue_ids

DIAGNOSTICS
    Mail system is down -- accessing queue directly (Connect to the Postfix showq service: Connection refused)
    Cannot flush mail queue - mail system is down
    malformed showq server response
        Postfix does not run, and the folder of a queue is missing, as `hold` is before the first check or start.
    Flush service is not configured for destination "SITE"
    User NAME(UID) is not allowed to view the mail queue, or to flush it
    status 69 (EX_UNAVAILABLE) for whatever cannot be done

BUGS
    -v tells nothing more; neither does that of postsuper(1).

SEE ALSO
    postqueue(1), showq(8), flush(8), qmgr(8)
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from simmail.files.invocation import Invocation
from simmail.mail.calendar import Calendar
from simmail.mail.errors import Fatal
from simmail.mail.hostnames import literal_address, valid_hostname
from simmail.mail.questions import Decision, Note, Trigger
from simmail.postfix.commands.usage import BadOption, Console, Option, getopt, valid_queue_id
from simmail.postfix.fast_flush import FastFlush
from simmail.postfix.flush import flush_words, send_site, unasked
from simmail.postfix.log_form import shown
from simmail.postfix.showq import LISTED, Entry, entries
from simmail.postfix.spool_view import unscannable

UNAVAILABLE = 69
USAGE = "usage: postqueue -f | postqueue -i queueid | postqueue -j | postqueue -p | postqueue -s site"
ONE_ONLY = "fijps"
HEADING = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------"
LONG_HEADING = "----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------"
EMPTY = "Mail queue is empty"
DOWN = "Mail system is down -- accessing queue directly (Connect to the Postfix showq service: {})"
#: What showq(8) is told to have said that does not find the folder of a queue.
NO_FOLDERS = "malformed showq server response"
NO_FLUSH = "Cannot flush mail queue - mail system is down"
#: Where reasons end and where recipients begin.
REASON_WIDTH, RECIPIENT_INDENT, LONG_RECIPIENT_INDENT = 76, " " * 41, " " * 47
#: How many lines end a listing.
END_LINES = 2
UNKNOWN_REASON = "reason unavailable"
MARKS = {"active": "*", "hold": "!"}


def postqueue(invocation: Invocation) -> Decision[int]:
    """Run postqueue; the exit status."""
    return (yield from _Postqueue(invocation).run())


class _Postqueue:
    """One run of the command."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.console = Console("postqueue", invocation, UNAVAILABLE)

    def run(self) -> Decision[int]:
        """Do what the command line asks for."""
        try:
            options, rest = getopt(self.invocation.argv[1:], "c:fi:jps:v")
        except BadOption as error:
            self.invocation.complain(f"postqueue: {error.text}")
            raise Fatal(USAGE, UNAVAILABLE) from None
        wanted = [option for option in options if option.letter in ONE_ONLY]
        if rest or len(wanted) > 1:
            raise Fatal(USAGE, UNAVAILABLE)
        folder = next((option.value for option in options if option.letter == "c"), "")
        self.config = self.console.config(folder)
        yield from self.console.inherited()
        if not wanted:
            yield from self.console.die(USAGE)
        return (yield from self._act(wanted[0]))

    def _act(self, option: Option) -> Decision[int]:
        if self.console.locked_out:
            lists = option.letter in "pj"
            deed, users = ("view", "authorized_mailq_users") if lists else ("flush", "authorized_flush_users")
            yield from self.console.permit(f"{deed} the mail queue", users, self.config)
        if option.letter in "pj":
            return (yield from self._list(option.letter == "j"))
        if option.letter == "f":
            return (yield from self._flush())
        if option.letter == "i":
            return (yield from self._flush_message(option.value))
        return (yield from self._flush_site(option.value))

    # ---- listing

    def _list(self, as_json: bool) -> Decision[int]:
        control = self.console.control()
        if control.system is None:
            yield from self.console.warn(DOWN.format(control.spool.no_answer))
        elif not control.system.has("showq"):
            yield from self.console.warn(DOWN.format(control.spool.unanswered("public/showq")))
        else:
            yield from control.system.others.roused("showq")
        service = control.system.service("showq") if control.system is not None else None
        found = list(entries(control.spool, self.invocation.machine, self.config, service))
        calendar = self.invocation.machine.calendar
        complete = control.system is not None or not unscannable(self.invocation.machine, LISTED)
        if as_json:
            lines = [as_json_line(entry, calendar) for entry in found]
        else:
            lines = [line + "\n" for line in listing(found, calendar, self.config["enable_long_queue_ids"])]
            if not complete:
                del lines[-END_LINES:]
        self.invocation.out.extend(lines)
        if not complete:
            yield from self.console.die(NO_FOLDERS)
        return 0

    # ---- flushing

    def _flush(self) -> Decision[int]:
        control = self.console.control()
        if control.system is None and not control.spool.sockets:
            yield from self.console.warn(f"unable to look up public/qmgr: {control.spool.no_answer}")
        yield from self._running()
        unknown = self._no_manager()
        if unknown:
            yield from self.console.warn(unknown)
            yield from self.console.die(NO_FLUSH)
        yield Trigger(lambda manager, now: manager.flush(now))
        return 0

    def _flush_message(self, queue_id: str) -> Decision[int]:
        if not valid_queue_id(queue_id):
            yield from self.console.die(f'Cannot flush queue ID - invalid name: "{queue_id}"')
        yield from self._flush_service()
        if not (yield from self._untold(self.console.control().spool.holds(queue_id))):
            yield Trigger(lambda manager, now: manager.flush_message(queue_id, now))
        return 0

    def _flush_site(self, site: str) -> Decision[int]:
        if not (valid_hostname(site) or (site.startswith("[") and site.endswith("]") and literal_address(site[1:-1]))):
            yield from self.console.die(f'Cannot flush mail queue - invalid destination: "{site}"')
        config = self.config
        known = yield from self.console.is_listed(lambda env: FastFlush(config, env).serves(site, "flush mail"), config)
        if not known:
            yield from self.console.die(f'Flush service is not configured for destination "{site}"')
        yield from self._flush_service()
        system = self.console.control().system
        if system is not None:
            yield from flush_words(system)
        if not (yield from self._untold(bool(self.console.control().spool.listed("deferred")))):
            yield send_site(site)
        return 0

    def _flush_service(self) -> Decision[None]:
        """See that flush(8) can be asked."""
        control = self.console.control()
        if control.system is None:
            yield from self.console.warn(f"connect to public/flush: {control.spool.no_answer}")
        yield from self._running()
        failure = unasked(control.system) if control.system is not None else ""
        if failure:
            yield from self.console.warn(failure)
            yield from self.console.die(NO_FLUSH)

    def _no_manager(self) -> str:
        """What is said of a queue manager that is not where it is looked for; "" where it is there."""
        system = self.console.control().system
        return system.unfound("public/qmgr") if system is not None else ""

    def _untold(self, waits: bool) -> Decision[bool]:
        """Whether flush(8) looks for the queue manager in vain; it says so where there is something that waits."""
        unknown = self._no_manager()
        if unknown and waits:
            yield Note("flush", "warning", "", unknown)
        return bool(unknown)

    def _running(self) -> Decision[None]:
        if self.console.control().system is None:
            yield from self.console.die(NO_FLUSH)


# ---- the listing's lines


def listing(found: list[Entry], calendar: Calendar, long_ids: bool = False) -> Iterator[str]:
    """The lines of a listing for people.

    Args:
        found: the queue.
        calendar: how times read as dates.
        long_ids: enable_long_queue_ids, which needs more room.
    """
    if not found:
        yield EMPTY
        return
    heading, indent = (LONG_HEADING, LONG_RECIPIENT_INDENT) if long_ids else (HEADING, RECIPIENT_INDENT)
    yield heading
    total = 0
    for queue, message, sender, size, recipients in found:
        name = message.queue_id + MARKS.get(queue, "") + ("#" if message.expired else "")
        date = calendar.asctime(message.arrival)
        if long_ids:
            yield f"{name:<17} {size:8d} {date[:19]} {shown(sender)}"
        else:
            yield f"{name:<11} {size:7d} {date[:20]} {shown(sender)}"
        total += size
        said = ""
        for address, reason in recipients:
            if reason != said:
                said = reason
                text = reason or UNKNOWN_REASON
                yield " " * (REASON_WIDTH - len(text)) + f"({text})"
            yield indent + shown(address)
        yield ""
    count = len(found)
    yield f"-- {total // 1024} Kbytes in {count} Request{'' if count == 1 else 's'}."


def as_json_line(entry: Entry, calendar: Calendar) -> str:
    """A message as a line of JSON."""
    message = entry.message
    row = {
        "queue_name": entry.queue,
        "queue_id": message.queue_id,
        "arrival_time": int(calendar.unix(message.arrival)),
        "message_size": entry.size,
        "forced_expire": message.expired,
        "sender": shown(entry.sender),
        "recipients": [
            {"address": shown(address), **({"delay_reason": reason} if reason else {})}
            for address, reason in entry.recipients
        ],
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
