"""How one kind of mail fares under one configuration, and when two ends are the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from simmail.lab.diff.mail import KindOfMail
from simmail.lab.explain import words
from simmail.lab.explain.aftermath import Aftermath, aftermath
from simmail.lab.explain.place import Place
from simmail.lab.explain.play import Played, Player, decisive
from simmail.mail.errors import Fatal
from simmail.postfix.smtpd.findings import Reason
from simmail.postfix.system import MailSystem

_CODE = re.compile(r"(\d{3})[ -](?:([245]\.\d{1,3}\.\d{1,3}) )?")


class End(NamedTuple):
    """How a mail fares.

    Args:
        verdict: `accepted`, `refused`, `refused for now`, or `no answer`.
        reply: what the client hears in the end.
        rule: the rule that decided, with its place; "" for none.
        fate: what becomes of it: a line for each recipient, and for a queue that is not the usual one.
        routes: the fate without the addresses: what ends are compared by.
    """

    verdict: str
    reply: str
    rule: str
    fate: tuple[str, ...]
    routes: tuple[str, ...]

    @property
    def code(self) -> str:
        """The reply's code and status, `550 5.1.1`."""
        found = _CODE.match(self.reply)
        return found.group().strip() if found else ""

    def __str__(self) -> str:
        decided = f"  [{self.rule}]" if self.rule else ""
        return "\n".join([f"{self.reply}{decided}", *(f"then {line}" for line in self.fate)])


class Side:
    """One of the two configurations.

    Args:
        name: what it is called.
        place: the host.
    """

    def __init__(self, name: str, place: Place) -> None:
        self.name, self.place = name, place
        self.opened: dict[str, int] = {}
        self._system: MailSystem | None = None

    def play(self, kind: KindOfMail) -> End:
        """Play a mail; the Postfix that the first one started goes on for the others."""
        chosen: Mapping[str, int] = dict([kind.answer]) if kind.answer[0] else {}
        mail = kind.mail
        try:
            played = Player(self.place, mail, chosen, self._system).play()
        except Fatal as fatal:
            return End("no answer", f"(a program ends: {fatal.text})", "", (), ())
        self._system = None if played.learnt else played.system
        for question, answers in played.opened.items():
            self.opened.setdefault(question, len(answers))
        if played.fatal:
            # without any Postfix, or without one on that port, the computer itself says that nobody listens
            port = "refuses connections" if played.unheard or played.system is None else "is silent"
            return End("no answer", f"(port {mail.port} {port}: {played.fatal})", "", (), ())
        return self._end(played, aftermath(self.place, mail, played))

    def _end(self, played: Played, after: Aftermath | None) -> End:
        heard = decisive(played)
        rule = self._told(heard.reason if heard is not None else played.reason)
        if after is None:
            return End(played.verdict, played.reply, rule, (), ())
        fate, routes = [], []
        if after.queue != "incoming" and (after.queue or not after.filter):
            fate.append(f"it is thrown away ({after.queue})" if not after.queue else f"it waits in {after.queue}")
            routes.append(after.queue or "discarded")
        if after.filter:
            fate.append(f"it goes to the filter {after.filter} first")
            routes.append(after.filter)
        for there in after.destinations:
            note = f", {there.note}" if there.note else ""
            fate.append(f"{there.address}: {there.transport}:{there.nexthop}{note}")
            noted = there.note.partition(" (")[0]  # without the file's name, which is not the same on both sides
            routes.append(f"{there.address_class} {there.transport}:{there.nexthop} {noted} {there.address}")
        routes.append(f"from {after.sender}")
        return End(played.verdict, played.reply, rule, tuple(fate), tuple(routes))

    def _told(self, reason: Reason | None) -> str:
        if reason is None:
            return ""
        where = f", {self.place.name(reason.file)}:{reason.line}" if reason.where else ""
        return f"{words.rule(reason)}{where}"
