"""sed: edits a stream of lines."""

from simmail.userland.commands.sed.editor import sed
from simmail.userland.process import Tool

TOOLS = {"sed": Tool(sed)}
