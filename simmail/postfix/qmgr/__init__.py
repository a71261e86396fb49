"""The queue manager, qmgr(8): see `simmail.postfix.qmgr.manager`."""

from simmail.postfix.qmgr.manager import QueueManager, unheard

__all__ = ["QueueManager", "unheard"]
