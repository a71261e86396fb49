"""NAME
    firewall - work-arounds for firewalls that spoil SMTP

DESCRIPTION
    Some old firewalls (Cisco PIX, `fixup protocol smtp`) hide a server's greeting behind asterisks, do not know EHLO,
    and lose the dot at the end of the content where it does not come in a packet of its own.  The client knows them by
    such a greeting.  It waits before the dot only with mail that has waited for long already.

PARAMETERS
    smtp_pix_workarounds, smtp_pix_workaround_maps, smtp_pix_workaround_threshold_time, smtp_pix_workaround_delay_time,
    each also as lmtp_

DIAGNOSTICS
    QUEUE_ID: enabling PIX workarounds: disable_esmtp delay_dotcrlf for HOST

SEE ALSO
    smtp(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.postfix.tables import LookupFailure
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp

NO_ESMTP, DELAY_DOT = "disable_esmtp", "delay_dotcrlf"
#: All that may stand in a greeting that is hidden, code and all.
_HIDDEN = "20 *\t"


def masked(greeting: Reply) -> bool:
    """Whether a server's greeting is one that such a firewall has hidden."""
    return not greeting.lines[0].strip(_HIDDEN) and not "".join(greeting.wire()).strip(_HIDDEN)


class Firewall:
    """What one client does about such firewalls.

    Args:
        client: the client.

    Attributes:
        delay: how long it waits before the dot, seconds.
    """

    def __init__(self, client: Smtp) -> None:
        config, prefix = client.config, client.prefix
        self._words: str = config[f"{prefix}_pix_workarounds"]
        self._maps = client.maps(f"{prefix}_pix_workaround_maps")
        self._age: float = config[f"{prefix}_pix_workaround_threshold_time"]
        self.delay: float = config[f"{prefix}_pix_workaround_delay_time"]

    def workarounds(self, address: str, age: float) -> list[str] | None:
        """The names of those that are used; None where none are asked for at all.

        Args:
            address: the server's.
            age: that of the message, seconds.
        """
        try:
            words = self._maps.find(address)
        except LookupFailure:
            words = None
        if words is None:
            words = self._words
        if not words:
            return None
        asked = words.replace(",", " ").lower().split()
        return [name for name in (NO_ESMTP, DELAY_DOT) if name in asked and (name != DELAY_DOT or age >= self._age)]
