"""Policy servers: programs that Postfix's SMTP server asks what to do with a client, a sender or a recipient."""

from simmail.userland.policy.protocol import Direct, Line, PolicyProgram, Said
from simmail.userland.policy.registry import PROGRAMS, TOOLS, start
from simmail.userland.policy.spawned import Spawned

__all__ = ["PROGRAMS", "TOOLS", "Direct", "Line", "PolicyProgram", "Said", "Spawned", "start"]
