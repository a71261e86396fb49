"""When pickup(8) of a simulated host looks into its maildrop queue: as it is told to, and each wake-up time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Level, Sleep
from simmail.postfix.deaths import LAST_BREATH_S

if TYPE_CHECKING:
    from simmail.world.master import Master


class Picking:
    """The rounds of one host's pickup(8), which does one thing at a time.

    Args:
        master: the host's master(8).
    """

    def __init__(self, master: Master) -> None:
        self._master = master
        self._round: object | None = None  # the present one
        self._called = False  # whether there was another call meanwhile

    def stop(self) -> None:
        """Postfix was stopped: whatever it does is no longer its business."""
        self._round = None

    def go(self) -> Decision[None]:
        """Take in what lies in the maildrop queue, now or after the present round."""
        now = yield Level()
        master = self._master
        system = master.system
        if system is None or not system.has("pickup") or system.stranger("pickup") or not master.spool.maildrop:
            return
        if self._round is not None:
            self._called = True
            return
        if system.silent("public/pickup"):  # master(8) alone finds it
            service = system.service("pickup")
            if service is None or not service.wakeup:
                return
            yield Sleep(service.until_woken(now))
            if master.system is not system or self._round is not None:
                return
        self._round = present = object()
        before = system.running("pickup")
        pickup = yield from system.summon("pickup")
        lived = pickup is before
        try:
            yield from pickup.scan()
        except Fatal as fatal:
            if lived:  # so does the next one, at once, and no other is started for a while
                yield pickup.note("fatal", "", fatal.text)
                pickup.system.deaths.mourn("pickup", "unix", (yield Level()))
                yield Sleep(LAST_BREATH_S)
            yield pickup.note("fatal", "", fatal.text)
            pickup.system.died(pickup, (yield Level()))
        if self._round is present:
            self._round = None
        if self._called:
            self._called = False
            master.wake_pickup()
            return
        pause = self._pause()
        if pause and master.spool.maildrop:
            yield Sleep(pause)
            yield Level()
            master.wake_pickup()

    def _pause(self) -> int:
        """How long it is until master(8) wakes it, seconds; 0 where that never happens."""
        system = self._master.system
        service = None if system is None else system.service("pickup")
        return 0 if service is None else service.wakeup
