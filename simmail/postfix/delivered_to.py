"""Mail that comes back: the Delivered-To: lines of a header say where a message has been."""

from __future__ import annotations

from simmail.mail.content import Content

_DELIVERED_TO = "delivered-to:"


def delivered_before(content: Content) -> frozenset[str]:
    """The addresses of the Delivered-To: header lines, in lower case."""
    found: set[str] = set()
    for line in content.lines:
        if not line:
            break
        if line[0] in "dD" and line[:13].lower() == _DELIVERED_TO:
            found.add(line[13:].strip().lower())
    return frozenset(found)
