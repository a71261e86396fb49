"""Policy servers: programs that Postfix's SMTP server asks what to do with a client, a sender or a recipient."""

from simmail.userland.policy.protocol import PolicyProgram, action_of, request_text
from simmail.userland.policy.registry import PROGRAMS, start
from simmail.userland.policy.spawned import Spawned

__all__ = ["PROGRAMS", "PolicyProgram", "Spawned", "action_of", "request_text", "start"]
