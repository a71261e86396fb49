"""An explanation: what a server would say to a client, and which line of which file decides it."""

from __future__ import annotations

from typing import Any

from simmail.lab.explain.aftermath import Aftermath, aftermath
from simmail.lab.explain.mistakes import unread, without_effect
from simmail.lab.explain.open_questions import Explorer, Fork
from simmail.lab.explain.place import Place
from simmail.lab.explain.play import Mail, Player, decisive
from simmail.lab.explain.trace import RuleHeard
from simmail.lab.explain.words import reads, rule
from simmail.postfix.smtpd.findings import Reason
from simmail.postfix.smtpd.program import MAIL_LISTS

#: What is not played where clients come to smtpd by way of postscreen(8).
SCREENED = "postscreen(8) hears the client first; this is what one hears that it has let through"


class Explanation:
    """What would happen to one mail on one host; as a text it is for people, in a notebook a table.

    Args:
        place: the host.
        mail: what a client tries to send.

    Attributes:
        played: the session, open questions answered as is likeliest.
        forks: the open questions, and what would come of each answer.
        after: what becomes of the message; None where it is refused.
        unread: settings of names that nobody reads.
        without_effect: settings of what is not simulated.
        decisive: the rule that decided; None where none in a list did.
    """

    def __init__(self, place: Place, mail: Mail) -> None:
        self.place, self.mail = place, mail
        self.played = Player(place, mail, {}).play()
        self.forks: tuple[Fork, ...] = Explorer(lambda chosen: Player(place, mail, chosen).play()).forks(self.played)
        self.after: Aftermath | None = None if self.played.fatal else aftermath(place, mail, self.played)
        self.unread = unread(place)
        self.without_effect = list(without_effect(place))
        self.decisive: RuleHeard | None = decisive(self.played)

    @property
    def notices(self) -> list[str]:
        """What the user should know of how it was made."""
        return [*self.place.notices, *([SCREENED] if self.played.screened else [])]

    @property
    def verdict(self) -> str:
        """That of the session; or `does not run`, or `not heard` where nothing listens on the port."""
        if self.played.fatal:
            return "not heard" if self.played.unheard else "does not run"
        return self.played.verdict

    @property
    def reply(self) -> str:
        """What the client hears in the end."""
        return self.played.reply

    @property
    def reason(self) -> Reason | None:
        """The rule that decided; None where no rule spoke."""
        return self.played.reason

    def never_heard(self) -> list[str]:
        """The lists that have rules and were not heard at all."""
        system = self.played.system
        if system is None or self.played.fatal:
            return []
        heard = {item.parameter for item in self.played.trace.lists()}
        return [name for name in MAIL_LISTS if name not in heard and system.config.list(name)]

    def placed(self, reason: Reason) -> str:
        """Where a rule stands, as the user knows it."""
        return f"{self.place.name(reason.file)}:{reason.line}" if reason.where else "default"

    def entry(self, reason: Reason) -> str:
        """The table's line that decided, as the user knows it; "" for none."""
        return reason.entry and (self.played.trace.place(reason.entry) or reason.entry)

    def told(self, reason: Reason | None) -> str:
        """A rule in words, with its place."""
        if reason is None:
            return "the server itself, not by a rule" if self.played.refused else "no rule: nothing refused it"
        entry = f", entry {self.entry(reason)}" if reason.entry else ""
        return f"{rule(reason)} ({self.placed(reason)}{entry})"

    def reads(self, heard: RuleHeard) -> list[str]:
        """The parameters that a rule decides by, with the places where they are set."""
        system = self.played.system
        assert system is not None
        found = ((name, system.config.where(name)) for name in reads(heard.rule))
        return [f"{name} ({self.place.name(where.file)}:{where.line})" for name, where in found if where is not None]

    def __str__(self) -> str:
        from simmail.lab.explain.text import lines

        return "\n".join(lines(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from simmail.lab.explain.page import page

        return page(self)

    def json(self) -> dict[str, Any]:
        """All of it as plain values, fit for JSON."""
        from simmail.lab.explain.values import values

        return values(self)
