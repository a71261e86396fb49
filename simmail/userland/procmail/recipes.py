"""Works through recipe files: assignments, conditions, actions, until the message is delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from simmail.files.file_errors import FileError
from simmail.files.paths import NULL_DEVICE
from simmail.mail.questions import Decision
from simmail.userland.procmail.actions import Actions
from simmail.userland.procmail.conditions import hold
from simmail.userland.procmail.rcfile import Assignment, Complaint, Recipe, Statement, parse
from simmail.userland.procmail.state import Frame, Session
from simmail.userland.procmail.words import Overflow, value

#: How deep recipe files may include one another.
MOST_FILES = 30


class HostMismatch(Exception):
    """HOST names another machine: the recipe file ends here."""


class Recipes:
    """Works through recipe files.

    Args:
        session: the running procmail.
        undelivered: what the abstract tells of a message that cannot be delivered.
    """

    def __init__(self, session: Session, undelivered: str) -> None:
        self.session, self.undelivered = session, undelivered
        self.actions = Actions(session)

    def open(self, name: str) -> bool:
        """Go on with a recipe file; False, and a complaint, where it cannot be read."""
        session = self.session
        frames = session.state.frames
        if sum(not frame.is_block for frame in frames) >= MOST_FILES:
            session.log.complain(f'"{name}" not read: recipe files included {MOST_FILES} deep')
            return False
        try:
            text = session.process.files.read(name)
        except FileError:
            session.log.complain(f'Couldn\'t read "{name}"')
            return False
        session.process.job.step(200)
        session.process.job.spend(len(text))
        session.log.tell(f'Rcfile: "{name}"')
        frames.append(Frame(parse(text), name))
        return True

    def run(self) -> Decision[bool]:
        """Work until the message is delivered, which is the verdict, or nothing is left to do.

        Raises:
            HostMismatch: where HOST says so.
        """
        frames = self.session.state.frames
        while frames:
            frame = frames[-1]
            if frame.index >= len(frame.statements):
                frames.pop()
                if frame.is_block:
                    self.session.state.succeeded = True
                continue
            statement = frame.statements[frame.index]
            frame.index += 1
            self.session.process.job.step()
            if (yield from self.statement(statement, frame)):
                return True
            frames = self.session.state.frames
        return False

    def statement(self, statement: Statement, frame: Frame) -> Decision[bool]:
        """One statement; whether the message is delivered with it."""
        if isinstance(statement, Complaint):
            self.session.log.complain(statement.text)
            return False
        if isinstance(statement, Assignment):
            yield from self.assignment(statement)
            return False
        return (yield from self.recipe(statement, frame))

    # ---- recipes

    def recipe(self, recipe: Recipe, frame: Frame) -> Decision[bool]:
        """A recipe: whether its turn is now, whether its conditions hold, what it does."""
        session, flags = self.session, recipe.flags
        state = session.state
        if recipe.skipped:
            session.log.complain(f'Skipped "{recipe.skipped}"')
        considered = (
            (frame.matched or not flags & {"A", "a"})
            and (state.succeeded or "a" not in flags)
            and (not frame.executed or "E" not in flags)
            and ((frame.executed and not state.succeeded) or "e" not in flags)
        )
        matched = considered and (yield from hold(session, recipe))
        if not flags & {"A", "a"}:
            frame.matched = matched
        if not frame.executed or "E" not in flags:
            frame.executed = matched
        if not matched:
            return False
        if isinstance(recipe.action, tuple):
            yield from self.block(recipe, recipe.action, frame)
            return False
        try:
            return (yield from self.actions.perform(recipe, recipe.action))
        except Overflow:
            session.assign("PROCMAIL_OVERFLOW", "yes")
            session.log.complain("Exceeded LINEBUF")
            state.succeeded = False
            return False

    def block(self, recipe: Recipe, statements: tuple[Statement, ...], frame: Frame) -> Decision[None]:
        """A nesting block; with `c` a clone goes on from here, and this procmail behind the block."""
        session = self.session
        session.state.succeeded = True
        inner = Frame(statements, frame.rcfile, is_block=True, matched=True, executed=True)
        if "c" not in recipe.flags:
            session.state.frames.append(inner)
            return
        session.log.tell('Forking "procmail"')
        parent, child = session.state, session.state.clone()
        child.frames.append(inner)
        session.process.job.enter()
        session.turn_to(child)
        yield from self.to_the_end()
        session.turn_to(parent)
        session.process.job.leave()

    def to_the_end(self) -> Decision[bool]:
        """Deliver the message by the recipes, or to the default mailbox; whether it could be."""
        try:
            delivered = (yield from self.run()) or (yield from self.actions.last_resort())
        except HostMismatch:
            delivered = True
        self.actions.summarize("" if delivered else self.undelivered)
        return delivered

    # ---- assignments

    def assignment(self, statement: Assignment) -> Decision[None]:
        """Set or unset a variable, and do what it stands for."""
        session = self.session
        name = statement.name
        if statement.value is None:
            session.state.environment.pop(name, None)
            session.log.tell(f'Assigning "{name}"')
            if name == "SWITCHRC":
                self.leave_file()
            elif name == "LOCKFILE":
                self.actions.unlock_global()
            elif name == "VERBOSE":
                session.log.verbose = False
            elif name == "HOST":
                self._host("")
            return
        try:
            text = yield from value(session, statement.value)
        except Overflow:
            session.assign("PROCMAIL_OVERFLOW", "yes")
            session.log.complain("Exceeded LINEBUF")
            self.leave_file()
            return
        yield from self.set(name, text)

    def set(self, name: str, text: str) -> Decision[None]:
        """Set a variable, and do what it stands for."""
        self.session.assign(name, text)
        if name == "LOCKFILE":
            self.actions.unlock_global()
            if text:
                self.actions.global_lock = yield from self.actions.lock(text)
        elif name in self.MEANINGS:
            self.MEANINGS[name](self, text)

    def _logfile(self, text: str) -> None:
        if text:
            self.session.log.open(text)

    def _log(self, text: str) -> None:
        self.session.log.write(text)

    def _verbose(self, text: str) -> None:
        self.session.log.verbose = self.session.is_true("VERBOSE")

    def _maildir(self, text: str) -> None:
        session = self.session
        if not session.process.files.is_folder(text):
            session.log.complain(f'Couldn\'t chdir to "{text}"')
            return
        session.state.folder = session.process.folder = session.process.files.path(text)

    def _umask(self, text: str) -> None:
        digits = text if text and set(text) <= set("01234567") else "0"
        self.session.state.umask = self.session.process.umask = int(digits[-4:], 8) & 0o777

    def _includerc(self, text: str) -> None:
        if text and text != NULL_DEVICE:
            self.open(text)

    def _switchrc(self, text: str) -> None:
        if not text or text == NULL_DEVICE:
            self.leave_file()
            return
        frames = self.session.state.frames
        before = list(frames)
        self.leave_file()
        if not self.open(text):
            frames[:] = before

    def leave_file(self) -> None:
        """The present recipe file ends here."""
        frames = self.session.state.frames
        while frames and frames.pop().is_block:
            pass

    def _host(self, text: str) -> None:
        own = self.session.process.machine.hostname
        if text != own:
            self.session.log.tell(f'HOST mismatched "{text}"')
            raise HostMismatch

    def _shift(self, text: str) -> None:
        count = int(text) if text.isascii() and text.isdigit() else 0
        del self.session.state.arguments[:count]

    MEANINGS: ClassVar[dict[str, Callable[[Recipes, str], None]]] = {
        "LOGFILE": _logfile,
        "LOG": _log,
        "VERBOSE": _verbose,
        "MAILDIR": _maildir,
        "UMASK": _umask,
        "INCLUDERC": _includerc,
        "SWITCHRC": _switchrc,
        "HOST": _host,
        "SHIFT": _shift,
    }
