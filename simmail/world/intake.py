"""How mail gets onto a host's disk: flow control, queue files, and a disk that may fail.

Flow control is Postfix's: there are as many tokens as default_process_limit; each new queue file takes one, and the
queue manager gives one back for each message that it takes from the incoming queue, and all of them when nothing
waits there.  Who finds none waits for in_flow_delay (cleanup(8), qmgr(8)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.files.mailbox import deposit
from simmail.mail.questions import Abandon, Commit, Decision, Deposit, Level, NewQueueId, Sleep
from simmail.postfix import queue_id
from simmail.world.clock import Task
from simmail.world.speed import Speed, Station

if TYPE_CHECKING:
    from simmail.mail.message import Message
    from simmail.postfix.system import MailSystem
    from simmail.world.master import Master

#: The first inode that a queue file gets; only its number of digits shows.
FIRST_INODE = 0x41000


class Intake:
    """The disk of one mail server, and who may write to it.

    Args:
        master: the server's supervisor.
        speed: how fast the host is.

    Attributes:
        disk, processors: who is served when.
        inode: the last one that a queue file got.
        begun: names of queue files that are not finished.
        trouble: what writing to the disk fails with, "No space left on device"; "" while it does not.
    """

    def __init__(self, master: Master, speed: Speed) -> None:
        self.master, self.speed = master, speed
        self.disk, self.processors = Station(), Station(speed.processors)
        self.trouble = ""
        self.inode = FIRST_INODE
        self.begun: set[str] = set()
        self._unix = master.host.world.calendar.unix
        self._delay = 0.0
        self._limit = self._tokens = 0
        self._arrived = self._taken = 0

    def configure(self, system: MailSystem) -> None:
        """Postfix was started or reloaded."""
        self._delay = system.config["in_flow_delay"]
        self._limit = self._tokens = system.config["default_process_limit"]
        self._arrived = self._taken = len(self.master.spool.incoming)

    # ---- queue files; who asks does so on the host whose disk it is

    @staticmethod
    def new_queue_id(task: Task, question: NewQueueId) -> Any:
        """Name a queue file."""
        intake: Intake = task.host.master.intake
        if intake._tokens <= 0 and intake._delay:
            return task.call(task.host, intake._held_up(task, question.long))
        intake._tokens -= 1
        return intake._named(task, question.long)

    def _held_up(self, task: Task, long: bool) -> Decision[str]:
        """The same, for who found no token."""
        yield Sleep(self._delay)
        yield Level()
        return self._named(task, long)

    def _named(self, task: Task, long: bool) -> str:
        self.inode += 1
        name = queue_id.long(self._unix(task.now), self.inode) if long else queue_id.short(task.now, self.inode)
        self.begun.add(name)
        task.now = self.processors.serve(task.now, self.speed.receiving)
        return name

    def taken(self) -> None:
        """The queue manager has looked at the incoming queue."""
        waiting = len(self.master.spool.incoming)
        taken = self._arrived - waiting
        self._tokens = min(self._limit, self._tokens + taken - self._taken) if waiting else self._limit
        self._taken = taken

    @staticmethod
    def abandon(task: Task, question: Abandon) -> None:
        """A queue file that was never finished is no more; nothing was kept of it."""
        task.host.master.intake.begun.discard(question.queue_id)

    @staticmethod
    def commit(task: Task, question: Commit) -> Any:
        """Write a queue file; once it is safe the queue manager hears of it."""
        intake: Intake = task.host.master.intake
        if intake.trouble:
            return intake.trouble
        message: Message = question.message
        intake.begun.discard(message.queue_id)
        task.now = intake.disk.serve(task.now, intake.speed.queue_file)
        intake.master.spool.take(message, question.queue)
        if question.queue == "incoming":
            intake._arrived += 1
            intake.master.queue.arrived(message, task.now)
        return ""

    @staticmethod
    def deposit(task: Task, question: Deposit) -> Any:
        """Put a message into a mailbox of the host."""
        intake: Intake = task.host.master.intake
        if intake.trouble:
            return intake.trouble
        machine = task.host.machine
        error = deposit(machine.files, question, task.now, machine.calendar.unix(task.now), machine.hostname)
        task.now = intake.disk.serve(task.now, intake.speed.mailbox)
        return error
