"""NAME
    deaths - what is said and done as programs die

DESCRIPTION
    A program that cannot go on has its last words in the log; a moment later master(8) says how it ended.  One that had
    served nobody is not started again for a while (service_throttle_time).

PARAMETERS
    service_throttle_time, daemon_directory

DIAGNOSTICS
    process /usr/lib/postfix/sbin/smtpd pid 1215 exit status 1
    /usr/lib/postfix/sbin/smtpd: bad command startup -- throttling
        Said by master(8), a second after the last words of a program; the second line where it had served nobody.

SEE ALSO
    master(8)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from simmail.mail.errors import Fatal, LateFatal
from simmail.mail.questions import Decision, Note, Now, Sleep
from simmail.postfix.config import log_name
from simmail.postfix.processes import pid

if TYPE_CHECKING:
    from simmail.postfix.config import Config
    from simmail.postfix.mastercf import Service
    from simmail.postfix.program import Program

#: How long a program stays after its last words, seconds.
LAST_BREATH_S = 1.0


class Deaths:
    """The deaths of programs in one generation of the configuration.

    Args:
        config: the parameters.
        services: the entries of master.cf by name and type.

    Attributes:
        pause: how long it is before master(8) starts a program again that died at once, seconds.
        throttled: until when services are not started again, seconds since the start of the world.
        last_words: what the program that was made last has said; one that died at once can say it nowhere else.
        late_words: those of them that it would have said last.
        mourner: hears what master(8) says of a program's end, and when, seconds.
    """

    def __init__(self, config: Config, services: Mapping[tuple[str, str], Service]) -> None:
        self._config, self._services = config, services
        self.pause: float = config["service_throttle_time"] + LAST_BREATH_S
        self.throttled: dict[tuple[str, str], float] = {}
        self.last_words: list[Note] = []
        self.late_words: list[Note] = []
        self.mourner: Callable[[Note, float], None] = lambda said, now: None

    def throttle(self, name: str, type: str, now: float, end: str = Fatal.end) -> None:
        """A process has had its last words before it had served anybody: no other is started for a while.

        Args:
            name, type: its service.
            now: when it had them, seconds since the start of the world.
            end: how master(8) calls its end.
        """
        self.throttled[name, type] = now + self.pause
        path = self.mourn(name, type, now, end)
        self._said_of_end(f"{path}: bad command startup -- throttling", now)

    def mourn(self, name: str, type: str, now: float, end: str = Fatal.end) -> str:
        """A process has had its last words: master(8) says so as it ends.

        Args: as for `throttle`.

        Returns: the path of its program.
        """
        command = self._services[name, type].command
        path = f"{self._config['daemon_directory']}/{command}"
        self._said_of_end(f"process {path} pid {pid(command)} {end}", now)
        return path

    def _said_of_end(self, text: str, now: float) -> None:
        self.mourner(Note(self._config.log_name("master"), "warning", "", text), now + LAST_BREATH_S)

    def until_free(self, program: Program) -> Decision[None]:
        """Wait, while no process of a program may be started, until there is an idle one or one may be."""
        now: float = yield Now()
        until = self.throttled.get((program.service.name, program.service.type), now)
        if until > now and not program.survives(now):
            yield Sleep(until - now)

    def dying(self, name: str, type: str, fatal: Fatal, now: float) -> list[Note]:
        """The program behind a service dies as it starts, or waits for another that has died.

        Args:
            name, type: the service.
            fatal: what it dies of.
            now: when, seconds since the start of the world.

        Returns: what is said of that.
        """
        if fatal.program:
            self.throttled[name, type] = now + self.pause
        else:
            self.throttle(name, type, now)
        service = self._services[name, type]
        syslog_name = service.overrides.get("syslog_name") or self._config["syslog_name"]
        return self.last_said(fatal, log_name(syslog_name, service.command))

    def last_said(self, fatal: Fatal, program: str) -> list[Note]:
        """What the program that was made last said, and what it died of, or another that it waited for.

        Args:
            fatal: that.
            program: what the log calls it.
        """
        late = set() if isinstance(fatal, LateFatal) else set(map(id, self.late_words))
        said = [note for note in self.last_words if id(note) not in late]
        return [*said, Note(fatal.program or program, "fatal", "", fatal.text)]
