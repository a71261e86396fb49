"""Reads regular expressions as procmail's own egrep has them (procmailrc(5), "Extended regular expressions").

`^` and `$` stand for a newline each, `^^` for an end of what is searched, a negated set and `.` never match a newline,
`\\<` and `\\>` match one character that is in no word, `\\/` marks where MATCH begins.  There are no `{}` and no named
classes.  What is searched has a newline in front of it and one behind (`expression.Expression`).
"""

from __future__ import annotations

from simmail.userland.regex.syntax import DEEPEST, WORD
from simmail.userland.regex.tree import (
    Any,
    Char,
    CharSet,
    Edge,
    Either,
    Group,
    Node,
    OneOf,
    PatternError,
    Repeat,
    Sequence,
)

#: The group that MATCH is taken from begins where this one does.
SPLIT = 1
NEWLINE = Char("\n")
BEGIN = Sequence((Edge("^"), NEWLINE))
END = Sequence((NEWLINE, Edge("$")))
NO_WORD = OneOf(CharSet(WORD, True))
ESCAPES: dict[str, Node] = {"<": NO_WORD, ">": NO_WORD}

_TO = "(^((Original-)?(Resent-)?(To|Cc|Bcc)|(X-Envelope|Apparently(-Resent)?)-To):"
_SENDER = "(((Resent-)?(From|Sender)|X-Envelope-From):|>?From )([^>]*[^(.%@a-z0-9])?"
_TAIL = r"(([^).!:a-z0-9][-_a-z0-9]*)?[%@>\t ][^<)]*(\(.*\).*)?)?$([^>]|$))".replace(r"\t", "\t")
#: What stands for a longer expression (procmailrc(5), "Miscellaneous").
MACROS = {
    "^TO_": _TO + "(.*[^-a-zA-Z0-9_.])?)",
    "^TO": _TO + "(.*[^a-zA-Z])?)",
    "^FROM_DAEMON": (
        "(^(Mailing-List:|Precedence:.*(junk|bulk|list)|To: Multiple recipients of |"
        + _SENDER
        + "(Post(ma?(st(e?r)?|n)|office)|(send)?Mail(er)?|daemon|m(mdf|ajordomo)|n?uucp|LIST(SERV|proc)|NETSERV"
        r"|o(wner|ps)|r(e(quest|sponse)|oot)|b(ounce|bs\.smtp)|echo|mirror|s(erv(ices?|er)|mtp(error)?|ystem)"
        "|A(dmin(istrator)?|MMGR|utoanswer))" + _TAIL + ")"
    ),
    "^FROM_MAILER": (
        "(^" + _SENDER + r"(Post(ma(st(er)?|n)|office)|(send)?Mail(er)?|daemon|mmdf|n?uucp|ops|r(esponse|oot)"
        r"|(bbs\.)?smtp(error)?|s(erv(ices?|er)|ystem)|A(dmin(istrator)?|MMGR))" + _TAIL
    ),
}


def expand_macros(text: str) -> str:
    """An expression with what its macros stand for."""
    for name, meaning in MACROS.items():
        text = text.replace(name, meaning)
    return text


def parse(text: str) -> Node:
    """The tree of an expression whose macros were expanded.  Raises PatternError."""
    return _Reader(text).whole()


class _Reader:
    """Reads one expression."""

    def __init__(self, text: str) -> None:
        self.text, self.position, self.depth = text, 0, 0
        self.split = False

    def whole(self) -> Node:
        node = self.either()
        if self.position < len(self.text):
            raise PatternError("unmatched )")
        return node

    def either(self) -> Node:
        branches = [self.sequence()]
        while self.text.startswith("|", self.position):
            self.position += 1
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else Either(tuple(branches))

    def sequence(self) -> Node:
        nodes: list[Node] = []
        while self.position < len(self.text) and self.text[self.position] not in "|)":
            if self.text.startswith("\\/", self.position):
                self.position += 2
                nodes.append(Sequence(()) if self.split else Group(SPLIT, Sequence(())))
                continue
            nodes.append(self.repeated())
        return nodes[0] if len(nodes) == 1 else Sequence(tuple(nodes))

    def repeated(self) -> Node:
        node = self.atom()
        while (operator := self.text[self.position : self.position + 1]) and operator in "*+?":
            self.position += 1
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[operator]
            node = Repeat(node, low, high)
        return node

    def atom(self) -> Node:
        if self.text.startswith("^^", self.position):
            # In front it is the begin of what is searched, behind anything else its end.
            first = self.position == 0 or self.text[self.position - 1] in "(|"
            self.position += 2
            return BEGIN if first else END
        char = self.text[self.position]
        self.position += 1
        if char == "(":
            return self.group()
        if char == "[":
            return self.bracket()
        if char == ".":
            return Any(newline=False)
        if char in "^$":
            return NEWLINE
        if char == "\\" and self.position < len(self.text):
            char = self.text[self.position]
            self.position += 1
            return ESCAPES.get(char, Char(char))
        return Char(char)

    def group(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise PatternError("nested too deeply")
        node = self.either()
        if not self.text.startswith(")", self.position):
            raise PatternError("unmatched (")
        self.position += 1
        self.depth -= 1
        return node

    def bracket(self) -> Node:
        """What follows `[`; a set that nothing closes ends with the expression."""
        negated = self.text.startswith("^", self.position)
        self.position += negated
        end = self.text.find("]", self.position + 1)
        end = len(self.text) if end < 0 else end
        inside = self.text[self.position : end]
        self.position = end + 1
        ranges = [("\n", "\n")] if negated else []
        at = 0
        while at < len(inside):
            low = high = inside[at]
            if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
                high = inside[at + 2]
                at += 2
            at += 1
            if low <= high:
                ranges.append((low, high))
        return OneOf(CharSet(tuple(ranges), negated))
