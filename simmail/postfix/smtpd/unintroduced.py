"""NAME
    smtpd.unintroduced - clients that are hung up on before they hear a greeting

DESCRIPTION
    Behind haproxy nobody is served who comes by himself: the log tells who it was, and the client is hung up on.  So is
    every client of a server that wants TLS before all else, and has none (smtpd_tls_wrappermode).

DIAGNOSTICS
    connect from HOST, disconnect from HOST commands=0/0
    Wrapper-mode request dropped from HOST for service SERVICE. TLS context initialization failed. ...

SEE ALSO
    haproxy
"""

from __future__ import annotations

from simmail.mail.questions import Decision
from simmail.postfix.smtpd.lookups import meet
from simmail.postfix.smtpd.session import SmtpdSession
from simmail.smtp.replies import HANG_UP, Reply


class Unintroduced(SmtpdSession):
    """A session that is over as soon as it begins."""

    __slots__ = ()

    def greet(self) -> Decision[Reply | None]:
        """Hang up."""
        smtpd, state = self.smtpd, self.state
        state.process = smtpd.processes.take(smtpd.system.machine.files.clock())
        yield from smtpd.heard()
        state.met(*(yield from meet(smtpd, state.client.address, self.server)))
        self.exempt = True  # anvil(8) has not heard of it
        return (yield from self.close((yield from self._last_word())))

    def _last_word(self) -> Decision[Reply]:
        return (yield from self.say(421, f"4.3.0 {self.parameters.hostname} Server local error"))


class Wrapped(Unintroduced):
    """A session that is to begin with TLS, where there is none."""

    __slots__ = ()

    def _last_word(self) -> Decision[Reply]:
        smtpd = self.smtpd
        yield smtpd.note(
            "warning", "",
            f"Wrapper-mode request dropped from {self.state.namaddr} for service {smtpd.service.name}. TLS context "
            "initialization failed. For details see earlier warnings in your logs.",
        )  # fmt: skip
        return HANG_UP
