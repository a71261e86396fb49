"""NAME
    verp - the sender of mail to one recipient of a list

DESCRIPTION
    With VERP each recipient's address is written into the sender's: `list@example.com` becomes
    `list+joe=home.example@example.com` for joe@home.example.

SEE ALSO
    VERP_README
"""

from __future__ import annotations


def verp_sender(sender: str, delimiters: str, recipient: str) -> str:
    """The sender for one recipient.

    Args:
        sender: the envelope sender.
        delimiters: the characters that go before the recipient, and in the place of its `@`.
        recipient: the recipient's address as the sender gave it.

    >>> verp_sender("list@example.com", "+=", "joe@home.example")
    'list+joe=home.example@example.com'
    """
    name, at, domain = sender.rpartition("@") if "@" in sender else (sender, "", "")
    local, inner_at, home = recipient.rpartition("@") if "@" in recipient else (recipient, "", "")
    return f"{name}{delimiters[0]}{local}{delimiters[1] + home if inner_at else ''}{at}{domain}"
