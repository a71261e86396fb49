"""What a recipe does with a message: a folder, a program, a filter, another address; and the folder of last resort."""

from __future__ import annotations

import re

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.options import octets
from simmail.userland.procmail import locks
from simmail.userland.procmail.delivery import deliver, is_directory
from simmail.userland.procmail.log import abstract
from simmail.userland.procmail.mail import Mail
from simmail.userland.procmail.programs import run, start
from simmail.userland.procmail.rcfile import Recipe, captured_variable
from simmail.userland.procmail.state import Session
from simmail.userland.procmail.words import arguments, value

_APPENDED = re.compile(r">>[ \t]*([^ \t;&|<>\n]+)")


class Actions:
    """Performs actions.

    Args:
        session: the running procmail.

    Attributes:
        global_lock: the name of LOCKFILE's file while it is held; "" else.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.global_lock = ""

    def perform(self, recipe: Recipe, action: str) -> Decision[bool]:
        """Do what the action line says; whether the message is delivered with it."""
        session, flags = self.session, recipe.flags
        state = session.state
        state.succeeded = False
        head, body = _parts(flags)
        text = state.mail.part(head, body, "r" in flags)
        captured = captured_variable(action)
        if captured is not None:
            return (yield from self._capture(recipe, *captured, text))
        if action.startswith("|"):
            return (yield from self._program(recipe, action[1:], text))
        if action.startswith("!"):
            return (yield from self._forward(recipe, action[1:], state.mail.without_from_line(text)))
        return (yield from self._folder(recipe, action, text))

    def _done(self, recipe: Recipe, succeeded: bool) -> bool:
        """An action that delivers is over; whether the message is delivered with it."""
        state = self.session.state
        state.succeeded = succeeded
        if not succeeded:
            return False
        if "c" not in recipe.flags:
            return True
        if self.session.variable("LOGABSTRACT").lower() == "all":
            self._abstract()
        return False

    def _failed(self, recipe: Recipe, status: int, name: str) -> bool:
        """Whether a program's exit status means failure to this recipe; it is told where `w` is among the flags."""
        if not status or not recipe.flags & {"w", "W"}:
            return False
        if "W" in recipe.flags:
            self.session.log.tell(f'Non-zero exitcode ({status}) from "{name}"')
        else:
            self.session.log.complain(f'Program failure ({status}) of "{name}"')
        return True

    # ---- programs

    def _capture(self, recipe: Recipe, variable: str, command: str, text: str) -> Decision[bool]:
        """`VAR=| program`: what it prints, but for one newline at the end, is the variable's value."""
        self.session.assign(variable, "")
        lock = yield from self._local_lock(recipe, _target(command))
        ran = yield from run(self.session, command, text, captured=True)
        self.unlock(lock)
        self.session.assign(variable, ran.output.removesuffix("\n")[: self.session.line_limit], quiet=True)
        self.session.state.succeeded = not self._failed(recipe, ran.status, ran.name)
        return False

    def _program(self, recipe: Recipe, command: str, text: str) -> Decision[bool]:
        """`| program`, or with `f` a filter."""
        session = self.session
        if "f" in recipe.flags:
            return (yield from self._filter(recipe, command))
        if not command.strip():
            session.process.write(text)
            session.last_folder("|")
            return self._done(recipe, True)
        lock = yield from self._local_lock(recipe, _target(command))
        ran = yield from run(session, command, text)
        self.unlock(lock)
        failed = self._failed(recipe, ran.status, ran.name)
        session.last_folder(ran.line)
        session.state.size = octets(text)
        return self._done(recipe, not failed)

    def _filter(self, recipe: Recipe, command: str) -> Decision[bool]:
        """What the program makes of header, body or both takes their place."""
        session = self.session
        state, mail = session.state, session.state.mail
        head, body = _parts(recipe.flags)
        lock = yield from self._local_lock(recipe, _target(command))
        ran = yield from run(session, command, mail.part(head, body, "r" in recipe.flags), captured=True)
        self.unlock(lock)
        if self._failed(recipe, ran.status, ran.name):
            session.log.complain("Rescue of unfiltered data succeeded")
            return False
        state.mail = Mail(("" if head else mail.head) + ran.output + ("" if body else mail.body))
        state.succeeded = True
        return False

    def _forward(self, recipe: Recipe, addresses: str, text: str) -> Decision[bool]:
        """`! addresses`: the host's sendmail takes it from here."""
        session = self.session
        flags = session.variable("SENDMAILFLAGS").split()
        argv = [session.variable("SENDMAIL") or "/usr/sbin/sendmail", *flags]
        argv += yield from arguments(session, addresses)
        lock = yield from self._local_lock(recipe, "")
        ran = yield from start(session, tuple(argv), text, ",".join(argv))
        self.unlock(lock)
        session.last_folder(" ".join(argv))
        session.state.size = octets(text)
        return self._done(recipe, not self._failed(recipe, ran.status, argv[0]))

    # ---- folders

    def _folder(self, recipe: Recipe, action: str, text: str) -> Decision[bool]:
        """A folder, or several directories."""
        session = self.session
        names = yield from arguments(session, action)
        if not names:
            session.log.complain('Skipped ""')
            return False
        is_file = not is_directory(session, names[0])
        lock = yield from self._local_lock(recipe, names[0] if is_file else "")
        if len(names) > 1 and is_file:
            session.log.complain(f'Skipped "{" ".join(names[1:])}"')
        head, body = _parts(recipe.flags)
        mail = session.state.mail
        delivered = deliver(session, names, text, mail.part(head, body, raw=True), "r" in recipe.flags)
        self.unlock(lock)
        return self._done(recipe, delivered)

    def last_resort(self) -> Decision[bool]:
        """Deliver to DEFAULT, or where that cannot be to ORGMAIL; whether one of them took it."""
        session = self.session
        names = [session.variable(name) for name in ("DEFAULT", "ORGMAIL")]
        text = session.state.mail.part()
        for name in dict.fromkeys(name for name in names if name):
            guarded = name == names[0] and not is_directory(session, name)
            needed = name + session.variable("LOCKEXT") if guarded else ""
            lock = (yield from self.lock(needed)) if needed else ""
            delivered = deliver(session, [name], text, session.state.mail.text)
            self.unlock(lock)
            if delivered:
                return True
        return session.is_true("DELIVERED")

    # ---- locks

    def _local_lock(self, recipe: Recipe, target: str) -> Decision[str]:
        """Take the recipe's lock, if it has one: the name of the lockfile, "" for none."""
        if recipe.lock is None:
            return ""
        name = yield from value(self.session, recipe.lock)
        if not name:
            if not target:
                self.session.log.complain("Couldn't determine implicit lockfile from the action line")
                return ""
            name = target + self.session.variable("LOCKEXT")
        return (yield from self.lock(name))

    def lock(self, name: str) -> Decision[str]:
        """Take a lock, waiting for it as long as it takes; "" where it cannot be had."""
        session, process = self.session, self.session.process
        timeout = session.number("LOCKTIMEOUT", locks.TIMEOUT_S)
        session.log.tell(f'Locking "{name}"')
        refused = 0
        for _ in range(locks.MOST_TRIES):
            try:
                if locks.create(process, name):
                    return name
                if locks.is_stale(process, name, timeout):
                    process.files.remove(name)
                    session.log.complain(f'Forcing lock on "{name}"')
                    continue
            except FileError:
                refused += 1
                if refused == locks.MOST_REFUSALS:
                    break
                session.log.tell(f'Locking "{name}"')
            process.job.step()
            yield from locks.pause(process, max(session.number("LOCKSLEEP", locks.SLEEP_S), 1))
        session.log.complain(f'Lock failure on "{name}"')
        return ""

    def unlock(self, name: str) -> None:
        """Give a lock back."""
        if not name:
            return
        self.session.log.tell(f'Unlocking "{name}"')
        try:
            self.session.process.files.remove(name)
        except FileError:
            self.session.log.complain(f'Couldn\'t unlock "{name}"')

    def unlock_global(self) -> None:
        """Give LOCKFILE's lock back."""
        self.unlock(self.global_lock)
        self.global_lock = ""

    # ---- the log

    def summarize(self, undelivered: str = "") -> None:
        """Log the abstract, unless LOGABSTRACT says no; `undelivered`: what is told instead of a folder."""
        session = self.session
        wanted = session.variable("LOGABSTRACT")
        default = bool(session.log.path) or session.log.verbose
        if session.is_true("LOGABSTRACT", default) or wanted.lower() == "all":
            self._abstract(undelivered)

    def _abstract(self, undelivered: str = "") -> None:
        session = self.session
        folder = undelivered or session.variable("LASTFOLDER")
        size = 0 if undelivered else session.state.size
        session.log.write(abstract(session.state.mail, folder, size))


def _parts(flags: frozenset[str]) -> tuple[bool, bool]:
    """Whether an action is fed the header, and whether the body."""
    neither = not flags & {"h", "b"}
    return neither or "h" in flags, neither or "b" in flags


def _target(command: str) -> str:
    """The file that a program's output is appended to, which its lockfile is named after."""
    found = _APPENDED.search(command)
    return found[1] if found else ""
