"""NAME
    literal - the text that a pattern cannot do without

DESCRIPTION
    `^(.*)name\\="(.*)\\.exe"$` matches no text in which `name="` does not stand.  Looking for such a text costs next to
    nothing, so that a table of patterns need not be run over each line of each message.

    Only patterns are looked into whose match can never be given up: few repeats, none of them of a group, and
    nothing but what every dialect reads alike.  So nothing is missing in the log, either.

SEE ALSO
    pcre_table(5), regexp_table(5)
"""

from __future__ import annotations

import re

#: Repeats without end that a pattern may have, and the longest text (octets) for which such a match always ends.
REPEATS, LONGEST = 2, 2048
#: Letters behind a pattern with which it is read in another way.
STRANGE = frozenset("x")

_PIECE = re.compile(
    r"""(?P<escaped>\\[^0-9A-Za-z<>'`])
      | (?P<kind>\\[dDsSwW])
      | (?P<class>\[\^?\]?[^\]\\\[]*\])
      | (?P<plain>[^\\\[\](){}|*+?.^$])
      | (?P<any>[.^$])
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_REPEAT = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})[?+]?")


def needed(pattern: str, options: frozenset[str]) -> str:
    """The longest text, in lower case, that stands in all that a pattern matches, whatever the case; "" for none.

    Args:
        pattern: as it stands between its delimiters.
        options: the letters behind it.

    >>> needed(r'^(.*)name\\="(.*)\\.exe"$', frozenset())
    'name="'
    """
    if not pattern.isascii() or options & STRANGE:
        return ""
    texts, run, depth, repeats = [""], "", 0, 0
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char in "()" or (char == "|" and depth):
            depth += (char == "(") - (char == ")")
            texts.append(run)
            run = ""
            position += 1
            behind = pattern[position : position + 1]
            if depth < 0 or (behind and behind in ("?*" if char == "(" else "*+{" if char == ")" else "")):
                return ""
            continue
        piece = _PIECE.match(pattern, position)
        if piece is None:
            return ""
        position = piece.end()
        repeat = _REPEAT.match(pattern, position)
        if repeat is not None:
            position = repeat.end()
            repeats += repeat.group()[0] != "?"
        if piece.lastgroup in ("plain", "escaped") and repeat is None and not depth:
            run += piece.group()[-1]
        else:
            texts.append(run)
            run = ""
    if depth or repeats > REPEATS:
        return ""
    return max(*texts, run, key=len).lower()
