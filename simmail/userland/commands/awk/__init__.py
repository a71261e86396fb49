"""awk: runs a small program on each record.

It is mawk 1.3.4, as Debian has it: octets are counted, braces in regular expressions mean themselves, whole numbers
end at 2147483647, and `for (key in array)` follows its hash tables.  It starts no programs but those that something
is printed to (`print | "sort"`), and these run when it has ended.
"""

from simmail.userland.commands.awk.command import awk
from simmail.userland.process import Tool

TOOLS = {name: Tool(awk) for name in ("awk", "mawk", "nawk")}
