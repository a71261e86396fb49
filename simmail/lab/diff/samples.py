"""A text that a pattern matches, made from its tree."""

from __future__ import annotations

from simmail.postfix.tables.patterns import BadPattern
from simmail.postfix.tables.perl_syntax import PerlParser
from simmail.postfix.tables.posix_syntax import PosixParser
from simmail.postfix.tables.syntax import Atomic, Choice, Group, Node, One, Repeat, Sequence

#: What is taken of a set, the first that it has.
PREFERRED = b"xXa0 .-_" + bytes(range(33, 127))


def sample(rule: str, type: str) -> str | None:
    """A text for a rule of a table; None where none can be made.

    Args:
        rule: the pattern with its delimiters and flags, `/^Subject:.*offer/i`.
        type: `pcre` or `regexp`.
    """
    delimiter, end = rule[:1], len(rule) - 1
    while end > 0 and rule[end] != delimiter:
        end -= 1
    if not delimiter or delimiter.isalnum() or end < 1:
        return None
    text = rule[1:end].replace(f"\\{delimiter}", delimiter)
    octets = text.encode("utf-8", "surrogateescape").decode("latin-1")
    try:
        parser = PerlParser(octets, frozenset("s")) if type == "pcre" else PosixParser(octets, True, False, True)
        made = _made(parser.parse().node)
    except (BadPattern, RecursionError):
        return None
    return made.encode("latin-1").decode("utf-8", "surrogateescape")


def _made(node: Node) -> str:
    """The shortest text for a node; what only looks takes nothing, and the caller tries what came out."""
    if isinstance(node, One):
        return chr(next((octet for octet in PREFERRED if octet in node.octets), min(node.octets, default=120)))
    if isinstance(node, Sequence):
        return "".join(map(_made, node.items))
    if isinstance(node, Choice):
        return _made(node.items[0]) if node.items else ""
    if isinstance(node, Repeat):
        return _made(node.item) * min(node.low, 1000)
    if isinstance(node, Group | Atomic):
        return _made(node.item)
    return ""
