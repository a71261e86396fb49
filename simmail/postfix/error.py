"""NAME
    error - the error and retry delivery agent

DESCRIPTION
    Runs as two services: `error` returns what it is given, `retry` defers it.  The nexthop is the reason, an enhanced
    status code before it.

DIAGNOSTICS
    `Fatal`: bad error service name: NAME, of any other service

BUGS
    error_service_name makes no other name a good one.

SEE ALSO
    error(8), transport(5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.errors import Fatal
from simmail.mail.questions import NOW, Decision
from simmail.postfix.delivery import Dsn, Request, Result, enter
from simmail.postfix.program import Program
from simmail.postfix.report import Reporter, delays, split_status

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem


#: What it can be called in master.cf.
SERVICES = ("error", "retry")


class Error(Program):
    """The agent that delivers nothing."""

    command = "error"

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        reporter = Reporter(self)
        retry = service.name == "retry"
        self._report = reporter.deferred if retry else reporter.bounced
        self._status, self._action = ("4.0.0", "delayed") if retry else ("5.0.0", "failed")

    def deliver(self, request: Request) -> Decision[list[Result]]:
        """Defer or bounce each recipient.  Raises Fatal."""
        if self.service.name not in SERVICES:
            raise Fatal(f"bad error service name: {self.service.name}")
        status, reason = split_status(request.nexthop, self._status)
        dsn = Dsn(status, self._action, reason)
        times = delays(request, (yield NOW))
        results: list[Result] = []
        for recipient in request.recipients:
            note, result = self._report(request, recipient, dsn, "none", times)
            if self.pending:
                yield from self.spoken()
            yield note
            enter(request.message, result)
            results.append(result)
        return results
