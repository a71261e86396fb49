"""NAME
    discard - the agent that throws mail away

DESCRIPTION
    Pretends to deliver; the nexthop is the text in the log, an enhanced status code may stand before it.

DIAGNOSTICS
    sent: ignoring dsn code "5.7.1": that is none of success

SEE ALSO
    discard(8), transport(5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.questions import NOW, Decision
from simmail.postfix.delivery import Dsn, Request, Result
from simmail.postfix.program import Program
from simmail.postfix.report import Reporter, delays, split_status

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem


class Discard(Program):
    """The agent that throws mail away."""

    command = "discard"
    brief = True

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        self._reporter = Reporter(self)

    def deliver(self, request: Request) -> Decision[list[Result]]:
        """Say that each recipient got it."""
        status, reason = split_status(request.nexthop, "2.0.0")
        dsn = Dsn(status, "delivered", reason)
        times = delays(request, (yield NOW))
        results: list[Result] = []
        for recipient in request.recipients:
            note, result = self._reporter.sent(request, recipient, dsn, "none", times)
            if self.pending:
                yield from self.spoken()
            yield note
            results.append(result)
        return results
