"""NAME
    header_rewrite - addresses in headers

DESCRIPTION
    Each address of a header is changed on its own; a header in which one has changed is written anew, several addresses
    to a line up to column 70, and any other is left as it came.

PARAMETERS
    header_address_token_limit

SEE ALSO
    ADDRESS_REWRITING_README
"""

from __future__ import annotations

from collections.abc import Callable

from simmail.mail.content import octets
from simmail.mail.tokens import MAX_OTHER_TEXT, Address, external_address, externalize, parse, scan

#: A new line begins where the one before would reach this column.
FOLD_COLUMN = 70


def rewrite_header(header: str, limit: int, change: Callable[[str], str]) -> tuple[str, list[str]]:
    """A header with each of its addresses changed.

    Args:
        header: the header, its lines joined by newlines.
        limit: how many tokens to read.
        change: what to make of an address (external form).

    Returns:
        The header, and the warnings that its writing gave rise to.
    """
    items = parse(header[header.index(":") + 1 :], limit)
    changed = False
    for item in items:
        if isinstance(item, Address):
            before = external_address(item)
            after = change(before)
            changed |= after != before
            item.tokens, item.spaced = scan(after), True
    if not changed:
        return header, []
    text, cut = externalize(items, ",\n", MAX_OTHER_TEXT)
    warnings = [f"stripping too many comments from address: {piece[:100]}..." for piece in cut]
    return fold(f"{header[: header.index(':')]}: {text}"), warnings


def fold(text: str) -> str:
    """Fill lines with as many addresses as fit; those after the first begin with a tab unless with white space."""
    first, *rest = text.split("\n")
    lines = [first]
    for line in rest:
        if octets(lines[-1]) + 1 + octets(line) < FOLD_COLUMN:
            lines[-1] += " " + line
        else:
            lines.append(line)
    return "\n".join(
        line if number == 0 or line[:1] in (" ", "\t") else "\t" + line for number, line in enumerate(lines)
    )
