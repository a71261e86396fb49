"""Checks: what an exercise asks of a learner's configuration, tried out in a world, never read off its text.

A check is a function of a `Bench`, marked with what it is worth:

    from simmail.lab.checks import check

    @check(2, hint="Which clients does the server trust?", manual="postconf(5), mynetworks")
    def strangers_may_not_relay(bench):
        "A stranger cannot send to third parties."
        bench.letter("203.0.113.9", "a@bot.example", "b@elsewhere.example").refused()

Its docstring is what the learner reads; where it fails, the message and the witness (the session, the log lines, the
mail that went wrong) say why.  Each check begins with a fresh world.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from simmail.files.paths import normal
from simmail.lab.trouble import troubles
from simmail.mail.errors import Fatal, NobodyError, SimmailError
from simmail.postfix.config import Config
from simmail.postfix.local.mailboxes import MailboxPaths
from simmail.world.loader import load
from simmail.world.logs import maillog

if TYPE_CHECKING:
    from simmail.world.world import World

#: Log lines that a witness shows, at most.
LINES = 12
#: The folders of a Maildir in which letters are that have arrived.
SEEN = ("new", "cur")
#: How a reply begins of a server that could not decide, its configuration or its tables being broken.
UNDECIDED = ("451 4.3.0", "451 4.3.5")
#: Where a function keeps what `check` said of it.
_MARK = "_simmail_check"


#: What tries a learner's files.
Trial = Callable[["Bench"], None]


class Check(NamedTuple):
    """One check.

    Args:
        name: the function's.
        says: what holds where it passes, a sentence.
        points: what it is worth.
        hint: a question or a pointer for those who fail it.
        manual: where to read on.
        run: the function.
    """

    name: str
    says: str
    points: float
    hint: str
    manual: str
    run: Trial


class Failed(SimmailError):
    """A check that does not hold.

    Args:
        text: what was expected and what happened.
        witness: the lines that show it: a session, the log, a mailbox.
    """

    def __init__(self, text: str, witness: Sequence[str] = ()) -> None:
        self.text, self.witness = text, tuple(witness)
        super().__init__(text)


def check(points: float, *, hint: str = "", manual: str = "") -> Callable[[Trial], Trial]:
    """Mark a function as a check; see the module's own text."""

    def mark(run: Trial) -> Trial:
        says = " ".join((run.__doc__ or run.__name__.replace("_", " ")).split())
        setattr(run, _MARK, Check(run.__name__, says, points, hint, manual, run))
        return run

    return mark


class Reply(NamedTuple):
    """How a server took a letter that was offered to it.

    Args:
        text: its last reply.
        line: the line that was answered so.
        transcript: the whole session.
        log: what the server's log says of it.
        client: who offered it: a host or an address.
    """

    text: str
    line: str
    transcript: tuple[str, ...]
    log: tuple[str, ...]
    client: str

    @property
    def witness(self) -> tuple[str, ...]:
        """Session and log; of a reply of several lines the last."""
        return (*(line for line in self.transcript if not line.startswith("S: 250-")), *self.log)

    def accepted(self, why: str = "") -> Reply:
        """It was taken.  Raises Failed."""
        if not self.text.startswith("2"):
            raise self._failed(why, f"accepted, but {self.line!r} was answered {self.text!r}")
        return self

    def refused(self, code: str = "", why: str = "") -> Reply:
        """It was answered, and not taken; `code`: the beginning of the reply that it should have got (`5`, `550`).

        Raises:
            Failed: where it was taken, refused otherwise, or not answered at all: silence is no refusal, and neither
                is the reply of a server that is broken.
        """
        if self.text.startswith("2"):
            raise self._failed(why, "refused, but was accepted")
        if not self.text.startswith(("4", "5")):
            raise self._failed(why, f"refused, but nobody said so: {self.text!r}")
        if self.text.startswith(UNDECIDED):
            raise self._failed(why, f"refused, but the server is broken: {self.text!r}")
        if not self.text.startswith(code):
            raise self._failed(why, f"refused with {code}, but got {self.text!r}")
        return self

    def _failed(self, why: str, what: str) -> Failed:
        """That it should have been treated otherwise; `why`: the check's own words for it."""
        return Failed(why or f"a letter from {self.client} should have been {what}", self.witness)


class Bench:
    """Where a learner's files are tried out.

    Args:
        files: of the world, path -> text.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self._folder = tempfile.TemporaryDirectory(prefix="simmail-")
        for path, text in files.items():
            target = Path(self._folder.name) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8", "surrogateescape"))
        self._world: World | None = None
        self._server, self._offered = "", 0

    def close(self) -> None:
        """Take the bench away."""
        self._folder.cleanup()

    def named(self, text: str) -> str:
        """A text with the names of files as the learner knows them, from the copy's folder."""
        return text.replace(f"{self._folder.name}/", "")

    def rewrite(self, path: str, rewritten: Callable[[str], str]) -> None:
        """Change a file of the worlds that are made from now on.

        Args:
            path: from the copy's folder: `world.yaml`.
            rewritten: its new text, made from the old.
        """
        target = Path(self._folder.name) / path
        text = target.read_bytes().decode("utf-8", "surrogateescape")
        target.write_bytes(rewritten(text).encode("utf-8", "surrogateescape"))

    def fresh(self, seed: int = 1) -> World:
        """A fresh world of these files, in which the following probes are made."""
        self._world, self._offered = load(Path(self._folder.name), seed), 0
        return self._world

    @property
    def world(self) -> World:
        """The present world."""
        return self._world if self._world is not None else self.fresh()

    @property
    def study(self) -> str:
        """The host under study."""
        scenario = self.world.scenario
        return scenario.study if scenario is not None else ""

    def troubles(self) -> list[str]:
        """What keeps Postfix from running in this world, each with its place; nothing where no world came about."""
        return [] if self._world is None else troubles(self._world, self._files)

    def another(self, host: str, address: str) -> str:
        """Somebody like those whom the learner's files speak of: a host of this world gets one more address.

        Args:
            host: whose.
            address: one that stands in no file of the copy, where a rule that was asked for is to be told from a list
                of those who are known.

        Returns: the address, for `letter`.
        """
        self.world.network.add_host(host, (address,))
        return address

    def letter(
        self,
        client: str,
        sender: str,
        to: str,
        *,
        host: str = "",
        helo: str = "",
        text: str = "Subject: a probe\n\nhello",
        port: int = 25,
    ) -> Reply:
        """Offer a letter to a server, as somebody who types; how it was taken.

        Args:
            client: the host or the address it is offered from.
            sender, to: of the envelope.
            host: the server; the one under study by default.
            helo: the name the client greets with; its own by default.
            text: header and body.
            port: TCP port.
        """
        world = self.world
        self._server = name = host or self.study
        self._offered = seen = len(self.log(name))
        session = world.telnet(client, name, port)
        owner = world.network.owner(client) or client
        lines = [f"EHLO {helo or owner}", f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA", f"{text}\n."]
        line, said = "(connecting)", session.transcript[-1].removeprefix("S: ") if session.transcript else ""
        for line in lines:
            said = str(session.type(line)).rpartition("\n")[2]
            if said[:1] not in ("2", "3"):
                break
        if session.open:
            session.type("QUIT")
        world.run(world.now + 1)
        return Reply(
            said, line.partition("\n")[0], tuple(session.transcript), tuple(self.log(name)[seen:][-LINES:]), client
        )

    def sh(self, command: str, host: str = "") -> str:
        """What a command of the administrator prints."""
        done = self.world.host(host or self.study).sh(command)
        return done.stdout + done.stderr

    def log(self, host: str = "") -> list[str]:
        """The lines of a host's log."""
        return list(maillog(self.world.host(host or self.study)))

    def mailbox(self, user: str, host: str = "") -> str:
        """The text of a user's mailbox on a host, wherever the host's main.cf puts it: an mbox file or a Maildir."""
        machine = self.world.host(host or self.study).machine
        if user not in machine.accounts:
            return ""
        try:
            paths = MailboxPaths(Config.load(machine))
        except Fatal:
            paths = MailboxPaths(Config(machine, {}))
        path = paths.of(machine.accounts[user])
        if path.endswith("/"):
            return "".join(machine.files.read(name) for part in SEEN for name in machine.files.names(f"{path}{part}"))
        mbox = machine.files.find(normal(path))
        return mbox.text if mbox is not None else ""

    def arrives(self, user: str, words: str, host: str = "", within: float = 3600.0) -> None:
        """A letter with these words comes to a user's mailbox within a time (s).

        Raises:
            Failed: with the log of the server that was last offered a letter, since then, and of the mailbox's.
        """
        self.world.run(self.world.now + within)
        if words not in self.mailbox(user, host):
            place = host or self.study
            servers = dict.fromkeys((self._server or place, place))
            raise Failed(
                f"no letter with {words!r} came to the mailbox of {user} on {place} by {self._moment()}",
                [line for server in servers for line in self._since_offered(server)],
            )

    def _since_offered(self, server: str) -> list[str]:
        """What a server's log says since it was offered a letter: how it begins, and how it ends."""
        lines = self.log(server)[self._offered if server == self._server else 0 :]
        if len(lines) <= LINES:
            return lines
        return [*lines[: LINES // 2], "...", *lines[-(LINES // 2) :]]

    def _moment(self) -> str:
        """The present moment, as the log writes it: `Mar  2 10:00:01`."""
        return f"{self.world.calendar.at(self.world.now):%b %e %H:%M:%S}"

    def expect(self, holds: bool, text: str, witness: Sequence[str] = ()) -> None:
        """Anything else that has to hold.  Raises Failed."""
        if not holds:
            raise Failed(text, witness or self.log()[-LINES:])


class Outcome(NamedTuple):
    """What a check came to.

    Args:
        check, says, points, hint, manual: as in `Check`.
        earned: the points that were earned.
        text: what was wrong; "" where it passed.
        witness: the lines that show it.
        broken: whether the check itself broke, which is never the learner's fault.
        troubles: where it failed: what kept Postfix from running meanwhile.
    """

    check: str
    says: str
    points: float
    earned: float
    text: str
    witness: tuple[str, ...]
    hint: str
    manual: str
    broken: bool = False
    troubles: tuple[str, ...] = ()


def checks_in(path: Path) -> list[Check]:
    """The checks of a file, in the order in which they stand there.

    Raises:
        ImportError, SyntaxError: where the file cannot be used; that is its author's fault.
    """
    name = f"simmail_checks_{path.stem}_{abs(hash(str(path)))}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return [found for value in vars(module).values() if isinstance(found := getattr(value, _MARK, None), Check)]


def run_checks(paths: Sequence[Path], files: Mapping[str, str]) -> list[Outcome]:
    """Try all checks on a learner's files.

    Args:
        paths: the files with the checks.
        files: the world's files with the learner's in their places.
    """
    outcomes = []
    for path in paths:
        for found in checks_in(path):
            bench = Bench(files)
            try:
                outcomes.append(_outcome(found, bench))
            finally:
                bench.close()
    return outcomes


def _outcome(found: Check, bench: Bench) -> Outcome:
    def came(earned: float, text: str = "", witness: tuple[str, ...] = (), broken: bool = False) -> Outcome:
        seen = tuple(map(bench.named, witness))
        kept = () if earned else tuple(map(bench.named, bench.troubles()))
        return Outcome(
            found.name, found.says, found.points, earned, bench.named(text), seen, found.hint, found.manual,
            broken, kept,
        )  # fmt: skip

    try:
        found.run(bench)
    except Failed as failed:
        return came(0.0, failed.text, failed.witness)
    except NobodyError as error:
        return came(0.0, f"the check itself broke: {error}", (), True)  # hosts and people are the exercise's own
    except SimmailError as error:
        return came(0.0, str(error))
    except MemoryError:
        raise  # of what a process has in all, which is no matter of one check
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return came(0.0, f"the check itself broke: {type(error).__name__}: {error} ({last.name})", (), True)
    return came(found.points)
