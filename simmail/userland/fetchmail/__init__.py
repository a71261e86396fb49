"""fetchmail: brings mail from mailboxes elsewhere to this host."""

from __future__ import annotations

from simmail.userland.fetchmail.command import COMMANDS

__all__ = ["COMMANDS"]
