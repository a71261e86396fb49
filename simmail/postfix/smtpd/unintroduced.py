"""NAME
    smtpd.unintroduced - a client before a server that waits for a proxy to introduce it

DESCRIPTION
    Behind haproxy nobody is served who comes by himself: the log tells who it was, and the client is hung up on.

DIAGNOSTICS
    connect from HOST, disconnect from HOST commands=0/0

SEE ALSO
    haproxy
"""

from __future__ import annotations

from simmail.mail.questions import Decision
from simmail.postfix.smtpd.lookups import meet
from simmail.postfix.smtpd.session import SmtpdSession
from simmail.smtp.replies import Reply


class Unintroduced(SmtpdSession):
    """A session that is over as soon as it begins."""

    __slots__ = ()

    def greet(self) -> Decision[Reply | None]:
        """Hang up."""
        smtpd, state = self.smtpd, self.state
        state.process = smtpd.processes.take(smtpd.system.machine.files.clock())
        state.client, state.namaddr = yield from meet(smtpd, state.client.address, self.server)
        yield from smtpd.heard()
        self.exempt = True  # anvil(8) has not heard of it
        reply = yield from self.say(421, f"4.3.0 {self.parameters.hostname} Server local error")
        return (yield from self.close(reply))
