"""Regular expressions as grep, sed and awk have them (POSIX, with GNU's additions), matched in bounded time."""

from simmail.userland.regex.pattern import Match, Pattern
from simmail.userland.regex.perl import PerlPattern
from simmail.userland.regex.syntax import basic, extended
from simmail.userland.regex.tree import PatternError

__all__ = ["Match", "Pattern", "PatternError", "PerlPattern", "basic", "extended"]
