"""What Postfix's commands share: how they read their options, and how they give up."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from simmail.files.invocation import Invocation
from simmail.files.machine import Account
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note
from simmail.postfix.config import FOLDER, Config
from simmail.postfix.control import Control
from simmail.postfix.match_lists import StringList
from simmail.postfix.tables import LookupFailure, TableEnvironment

_QUEUE_ID = re.compile(r"\w{1,100}", re.ASCII)


#: In the environment of a command that another one has started, and told where the log is.
LOGGED = "POSTLOG_SERVICE"
#: Who the queue belongs to (mail_owner).
OWNER = "postfix"
#: Commands with the rights of the group that may write to the public sockets (setgid_group).
PRIVILEGED = frozenset({"postqueue", "postdrop"})
#: What everybody is allowed by.
ANYBODY = "static:"

#: Commands that do not work in the queue directory.
ANYWHERE = frozenset({"postlog"})


def valid_queue_id(text: str) -> bool:
    """Whether a queue file can have that name."""
    return _QUEUE_ID.fullmatch(text) is not None


class Option(NamedTuple):
    """An option that was given: its letter, and its argument ("" where it takes none)."""

    letter: str
    value: str = ""


class BadOption(Exception):
    """An option that getopt(3) refuses: its letter, and what is said of it."""

    def __init__(self, text: str, letter: str) -> None:
        self.letter, self.text = letter, f"{text} -- '{letter}'"
        super().__init__(self.text)


def getopt(words: Sequence[str], letters: str) -> tuple[list[Option], list[str]]:
    """Read options as POSIX getopt(3) does; they end at the first word that is none, or behind `--`.

    Args:
        words: the arguments.
        letters: the option letters; one with a colon behind it takes an argument, one with two may have one.

    Returns:
        The options, and the words behind them.

    Raises:
        BadOption: for an unknown option, or one without its argument.
    """
    found: list[Option] = []
    index = 0
    while index < len(words):
        word = words[index]
        if not word.startswith("-") or word == "-":
            break
        index += 1
        if word == "--":
            break
        rest = word[1:]
        while rest:
            letter, rest = rest[0], rest[1:]
            place = letters.find(letter)
            if letter == ":" or place < 0:
                raise BadOption("invalid option", letter)
            kind = letters[place + 1 : place + 3]
            if kind[:1] != ":":
                found.append(Option(letter))
                continue
            if rest or kind == "::":
                found.append(Option(letter, rest))
            elif index < len(words):
                found.append(Option(letter, words[index]))
                index += 1
            else:
                raise BadOption("option requires an argument", letter)
            break
    return found, list(words[index:])


def enter_queue(config: Config) -> None:
    """Go to the queue directory, as a command does that works there.  Raises Fatal where there is none."""
    folder: str = config["queue_directory"]
    reason = config.machine.files.no_way_into(folder)
    if reason:
        raise Fatal(f"chdir {folder}: {reason}")


class Console:
    """Where one run of a command prints, and what it knows of its host.

    Args:
        program: its name, as the log has it.
        invocation: its run.
        status: its exit status where it gives up.
    """

    def __init__(self, program: str, invocation: Invocation, status: int = 1) -> None:
        self.program, self.invocation, self.status = program, invocation, status
        self._log_file = ""
        self._config: Config | None = None
        #: What was wrong with main.cf, for who is told where the log is.
        self.heard: list[tuple[str, str]] = []
        #: What its lists have said and the log has not heard yet.
        self._unlogged: list[tuple[str, str]] = []

    def warn(self, text: str, program: str = "") -> Decision[None]:
        """Print a warning, and log it."""
        program = program or self.program
        self.invocation.complain(f"{program}: warning: {text}")
        yield from self.log("warning", text, program)

    def die(self, text: str) -> Decision[NoReturn]:
        """Log a fatal error, and end; whoever ran the command prints it."""
        yield from self.log("fatal", text)
        raise Fatal(text, self.status)

    def log(self, event: str, text: str, program: str = "") -> Decision[None]:
        """Log a line, unless it is lost."""
        program = program or self.program
        if self.reaches_log(program):
            yield Note(program if self._config is None else self._config.log_name(program), event, "", text)

    def reaches_log(self, program: str) -> bool:
        """Whether what a program says is logged.

        Lost is what postlogd(8) should write (maillog_file) where Postfix does not run, or who runs the command may not
        tell it.
        """
        told = self.invocation.user == "root" or program in PRIVILEGED
        return not self._log_file or (told and self.control().system is not None)

    def config(self, folder: str = "") -> Config:
        """The parameters.  Raises Fatal where main.cf cannot be used."""
        invocation = self.invocation
        folder = folder or invocation.environment.get("MAIL_CONFIG", FOLDER)
        try:
            config = Config.load(invocation.machine, self._complain, folder, self.program, invocation.user)
            self._config, self._log_file = config, config["maillog_file"]
            self.heard = config.heard
            if invocation.control is not None and self.program not in ANYWHERE:
                enter_queue(config)
        except Fatal as fatal:
            raise Fatal(fatal.text, self.status) from None
        return config

    def _complain(self, level: str, text: str) -> None:
        name = posixpath.basename(self.invocation.argv[0])  # what is printed has the name that it was called by
        self.invocation.complain(f"{name}: {level}: {text}" if level != "text" else f"{name}: {text}")

    def inherited(self) -> Decision[None]:
        """Log what is wrong with main.cf, if whoever has started the command told it where the log is."""
        if LOGGED in self.invocation.environment:
            for level, text in self.heard:
                yield from self.log(level, text)

    def environment(self, config: Config) -> TableEnvironment:
        """Where the command's tables find files."""
        machine, utf8 = self.invocation.machine, config["smtputf8_enable"]

        def complain(level: str, text: str) -> None:
            self._complain(level, text)
            self._unlogged.append((level, text))

        return TableEnvironment(machine, complain, utf8=utf8, surrogates=False)

    def is_listed(self, look: Callable[[TableEnvironment], bool], config: Config) -> Decision[bool]:
        """What a look-up in a list comes to; one that fails finds nothing.  Raises Fatal where a list is not there."""
        try:
            found = look(self.environment(config))
        except LookupFailure:
            found = False
        except Fatal as fatal:
            yield from self.die(fatal.text)
        finally:
            unlogged, self._unlogged = self._unlogged, []
        for level, text in unlogged:
            yield from self.log(level, text)
        return found

    def control(self) -> Control:
        """The host's Postfix.  Raises Fatal where it has none."""
        control: Control | None = self.invocation.control
        if control is None:
            raise Fatal(f"open {FOLDER}/main.cf: No such file or directory", self.status)
        return control

    def account(self) -> Account:
        """Who runs the command.  Raises Fatal for nobody that the host knows."""
        found = self.invocation.machine.accounts.get(self.invocation.user)
        if found is None:
            raise Fatal("no login name found for user ID", self.status)
        return found

    def permit(self, deed: str, parameter: str, config: Config) -> Decision[None]:
        """See that a list of users allows who runs the command to do something.  Raises Fatal."""
        users: str = config[parameter]
        if users.startswith(ANYBODY):
            return
        account = self.account()
        name = account.name
        allowed = yield from self.is_listed(lambda env: StringList.open(parameter, users, env).matches(name), config)
        if not allowed:
            yield from self.die(f"User {account.name}({account.uid}) is not allowed to {deed}")

    @property
    def locked_out(self) -> bool:
        """Whether who runs the command may not look into the queue's folders."""
        return self.invocation.user not in ("root", OWNER)

    def run(self, words: tuple[str, ...]) -> Decision[int]:
        """Be another of Postfix's commands from now on."""
        from simmail.postfix.commands import COMMANDS

        invocation = self.invocation
        before, invocation.argv = invocation.argv, words
        environment = invocation.environment
        invocation.environment = {**environment, LOGGED: "postlog"}
        try:
            return (yield from COMMANDS[words[0]](invocation))
        except Fatal as fatal:
            if fatal.text:
                invocation.complain(f"{words[0]}: fatal: {fatal.text}")
            return fatal.status
        finally:
            invocation.argv, invocation.environment = before, environment
