"""A running program of a simulated host, and how one program starts another."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from simmail.files.file_errors import DENIED, NO_FILE, FileError
from simmail.files.invocation import Command, Invocation
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision
from simmail.userland.files import EXECUTE, UserFiles
from simmail.userland.job import Exhausted, Job
from simmail.userland.quoting import quoted
from simmail.userland.streams import Printed, Stream

#: What dash takes for PATH where the environment has none.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: The status of a program that was killed for what it used up.
KILLED = 137
#: How many names of files are looked through in a step.
NAMES_A_STEP = 100
#: How much text is copied in a step, octets.
OCTETS_A_STEP = 16384
#: What says which language and characters a program speaks, the first that is set, and the quotes of the plain one.
LANGUAGE = ("LC_ALL", "LC_CTYPE", "LANG")
PLAIN_QUOTES = str.maketrans("\u2018\u2019", "''")
USER_FOLDERS = frozenset({"/bin", "/usr/bin"})
ADMIN_FOLDERS = frozenset({"/sbin", "/usr/sbin"})
#: Programs that Debian keeps in /usr/sbin.
ADMIN_PROGRAMS = frozenset(
    """
    postconf postmap postalias postqueue postsuper postcat postfix postdrop postlog postkick postlock postmulti
    sendmail qshape posttls-finger postgrey adduser useradd deluser userdel service chroot
    nologin runuser
    """.split()
)


#: Programs that are links to others, and what these say.
LINKS = {
    "/usr/bin/mailq": "../sbin/sendmail",
    "/usr/bin/newaliases": "../sbin/sendmail",
    "/usr/lib/sendmail": "../sbin/sendmail",
}


class LaunchError(Exception):
    """A program that cannot be run.

    Args:
        status: what the shell's exit status becomes: 126 or 127.
        reason: strerror(3)'s words.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


class CommandError(Exception):
    """What ends a command with a message in its own name.

    Args:
        text: the message.
        status: the exit status.
    """

    def __init__(self, text: str, status: int = 1) -> None:
        self.text, self.status = text, status
        super().__init__(text)


class Program(NamedTuple):
    """A program as found on the disk: what it does, and the words it is started with.

    Args:
        path: where it lies.
        command: what it does.
        before: words that come in front of its arguments, its own name first (the interpreter's, for a script).
    """

    path: str
    command: Command
    before: tuple[str, ...]


class Process(Invocation):
    """A running program: an invocation that reads its input as it comes, and can start others.

    Args:
        source: what it reads; `stdin` is all of it that is there when first asked for.
        commands: the host's programs by name.
        job: the process tree it is part of.
        umask: which permissions new files do not get; None: the same as its parent's.
        terminal: whether its standard error is a terminal; None: where its parent's is.
        (the others are those of Invocation)
    """

    __slots__ = ("_all", "commands", "files", "job", "source")

    def __init__(
        self,
        argv: tuple[str, ...],
        parent: Invocation,
        *,
        source: Stream,
        commands: Mapping[str, Command],
        job: Job,
        environment: Mapping[str, str] | None = None,
        folder: str | None = None,
        user: str | None = None,
        umask: int | None = None,
        terminal: bool | None = None,
        out: list[str] | None = None,
        err: list[str] | None = None,
    ) -> None:
        self.argv, self.machine, self.user = argv, parent.machine, parent.user if user is None else user
        self.system, self.control, self.file_limit = parent.system, parent.control, parent.file_limit
        self.folder = parent.folder if folder is None else folder
        self.environment = parent.environment if environment is None else environment
        self.out = parent.out if out is None else out
        self.err = parent.err if err is None else err
        self.source, self.commands, self.job = source, commands, job
        self.umask = parent.umask if umask is None else umask
        self.terminal = parent.terminal if terminal is None else terminal
        job.now = max(job.now, parent.now)
        self.files = UserFiles(self)
        self._all: str | None = None

    @classmethod
    def of(
        cls, invocation: Invocation, commands: Mapping[str, Command] | None = None, job: Job | None = None
    ) -> Process:
        """The invocation itself if it is a process, or one that prints where the invocation prints."""
        if isinstance(invocation, Process):
            return invocation
        source = Stream(invocation.stdin)
        return cls(invocation.argv, invocation, source=source, commands=commands or {}, job=job or Job())

    def looks_through(self, names: int) -> None:
        """Somebody looks through so many names of files."""
        self.job.step(1 + names // NAMES_A_STEP)

    def copies(self, octets: int) -> None:
        """So much text is copied, octets; it may be the last thing that a job does, so the next step counts."""
        self.job.steps -= octets // OCTETS_A_STEP

    @property
    def now(self) -> float:
        """The time, seconds since the world's start; all of a process tree live at the same."""
        return self.job.now

    @now.setter
    def now(self, now: float) -> None:
        self.job.now = now

    @property
    def stdin(self) -> str:
        """All that can be read now."""
        if self._all is None:
            self._all = self.source.take()
        return self._all

    @stdin.setter
    def stdin(self, text: str) -> None:
        self._all = text

    @property
    def name(self) -> str:
        """Its own name, without a folder."""
        return posixpath.basename(self.argv[0])

    def fail(self, text: str, status: int = 1) -> int:
        """Complain in the program's own name, as it was called; the exit status.

        The quotes that depend on the language are those of UTF-8 in `text`, and where the language is C they are plain.
        """
        if "\u2018" in text and self._language() in ("C", "POSIX"):
            text = text.translate(PLAIN_QUOTES)
        self.complain(f"{self.argv[0]}: {text}")
        return status

    def _language(self) -> str:
        """What the environment says of the language; hosts have UTF-8 where it says nothing."""
        return next((found for name in LANGUAGE if (found := self.environment.get(name))), "")

    def write(self, text: str) -> None:
        """Print a text as it is."""
        self.job.spend(len(text))
        self.out.append(text)

    def child(self, argv: tuple[str, ...], **others: object) -> Process:
        """A process that this one starts; what is not said is as here."""
        settings: dict[str, object] = {
            "source": self.source,
            "commands": self.commands,
            "job": self.job,
            **others,
        }
        return Process(argv, self, **settings)  # type: ignore[arg-type]


def is_installed(commands: Mapping[str, Command], path: str) -> bool:
    """Whether one of the host's own programs lies there: /bin and /usr/bin are one, /sbin and /usr/sbin too."""
    folder, name = posixpath.split(path)
    if name not in commands:
        return False
    return path in LINKS or folder in (ADMIN_FOLDERS if name in ADMIN_PROGRAMS else USER_FOLDERS)


def which(process: Process, name: str, path: str | None = None) -> str:
    """The absolute path of a program.

    Args:
        process: who looks for it.
        name: as typed; with a slash in it PATH is not searched.
        path: PATH; the process's own where it is None.

    Raises:
        LaunchError: where there is none, or it may not be run.
    """
    files = process.files
    if "/" in name:
        places = [name]
    else:
        path = process.environment.get("PATH", DEFAULT_PATH) if path is None else path
        places = [posixpath.join(folder or ".", name) for folder in path.split(":")]
    error = LaunchError(127, NO_FILE)
    for place in places:
        full = files.path(place)
        if is_installed(process.commands, full):
            return full if place.startswith("/") else place
        if files.is_folder(place):
            if "/" in name:
                raise LaunchError(126, DENIED)
            continue
        if files.exists(place):
            if files.may(place, EXECUTE):
                return place
            error = LaunchError(126, DENIED)
    raise error


def load(process: Process, path: str, name: str, levels: int = 4) -> Program:
    """What execve(2) makes of a file: a program of the host, or a script and its interpreter.

    Args:
        process: who starts it.
        path: from `which`.
        name: what the program is to find as its own name.
        levels: how many interpreters may themselves be scripts.

    Raises:
        LaunchError: where the interpreter is not there.
    """
    full = process.files.path(path)
    if is_installed(process.commands, full):
        return Program(full, process.commands[posixpath.basename(full)], (name,))
    try:
        text = process.files.program(path)
    except FileError as error:
        raise LaunchError(126, error.reason) from None
    if not text.startswith("#!"):
        shell = process.commands.get("sh")
        if shell is None:
            raise LaunchError(126, "Exec format error")
        return Program("/bin/sh", shell, ("/bin/sh", path))
    words = text[2:256].split("\n", 1)[0].strip(" \t").split(None, 1)
    if not words or levels == 0:
        raise LaunchError(126, "Exec format error")
    option = (words[1].rstrip(" \t"),) if len(words) > 1 else ()
    if not words[0].startswith("/"):
        raise LaunchError(127, NO_FILE)
    interpreter = load(process, which(process, words[0]), words[0], levels - 1)
    return Program(interpreter.path, interpreter.command, (*interpreter.before, *option, path))


def perform(command: Command, process: Process) -> Decision[int]:
    """Run a program to its end, a fatal error printed as Postfix's commands print it."""
    process.job.step()
    process.job.enter()
    try:
        return (yield from command(process))
    except Fatal as fatal:
        process.complain(f"{process.name}: fatal: {fatal.text}")
        return fatal.status
    except RecursionError:
        raise Exhausted("stopped: nested too deeply") from None
    finally:
        process.job.leave()


def launch(parent: Process, argv: tuple[str, ...], *, name: str = "", **others: object) -> Decision[int]:
    """Start a program, as `execute` does; its exit status as shells tell it.  Raises LaunchError."""
    status = yield from execute(parent, argv, name=name, **others)
    return status if status >= 0 else 128 - status


def execute(parent: Process, argv: tuple[str, ...], *, name: str = "", **others: object) -> Decision[int]:
    """Start a program as execvp(3) finds it, and wait until it ends; its status, negative where a signal ended it.

    Args:
        parent: who starts it.
        argv: its words.
        name: what it is to find as its own name; the first word where it is "".
        others: what shall be different from the parent (`Process.child`).

    Raises:
        LaunchError: where it cannot be run.
    """
    program = load(parent, which(parent, argv[0]), name or argv[0])
    process = parent.child((*program.before, *argv[1:]), **others)
    parent.job.settle()
    running = perform(program.command, process)
    answer: Any = None
    try:
        while True:
            question = running.send(answer)
            # what it prints stays with its parent, who takes as much as there may be
            answer = None if isinstance(question, Printed) else (yield question)
    except StopIteration as stop:
        return int(stop.value)
    finally:
        running.close()


class Tool:
    """A program of the userland: a command that reads its input as it comes.

    Args:
        function: what it does, given its process.
    """

    def __init__(self, function: Callable[[Process], Decision[int]]) -> None:
        self._function = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    def __call__(self, invocation: Invocation) -> Decision[int]:
        """Run it; the exit status."""
        process = Process.of(invocation)
        try:
            return (yield from self._function(process))
        except CommandError as error:
            return process.fail(error.text, error.status)
        except FileError as error:
            return process.fail(f"{quoted(error.path)}: {error.reason}")
        except Exhausted as error:
            if process is invocation:
                raise
            return process.fail(error.text, KILLED)
        finally:
            if process is not invocation:
                process.job.settle()


def plain(function: Callable[[Process], int]) -> Tool:
    """A program that asks nothing and reads no input, or only what is there at once."""

    def run(process: Process) -> Decision[int]:
        yield from ()
        return function(process)

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    return Tool(run)
