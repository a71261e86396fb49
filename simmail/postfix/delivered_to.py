"""Mail that comes back: the Delivered-To: lines of a header say where a message has been."""

from __future__ import annotations

from simmail.mail.content import Content

_DELIVERED_TO = "delivered-to:"
_NOWHERE: frozenset[str] = frozenset()


def delivered_before(content: Content) -> frozenset[str]:
    """The addresses of the Delivered-To: header lines, in lower case; blanks behind one are part of it."""
    header = content.header()
    if _DELIVERED_TO not in "\n".join(header).lower():
        return _NOWHERE
    found = (line[len(_DELIVERED_TO) :] for line in header if line[: len(_DELIVERED_TO)].lower() == _DELIVERED_TO)
    return frozenset(address.lstrip().lower() for address in found)
