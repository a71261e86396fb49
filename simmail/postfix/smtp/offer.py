"""NAME
    offer - what a server says that it can do

DESCRIPTION
    A server's reply to EHLO lists the extensions that it knows; those that the client is told to do without do not
    count.  What follows from them for MAIL, RCPT and the content is found out once for each reply.

    A server that offers SMTPUTF8 is taken to know 8BITMIME.

SEE ALSO
    RFC 5321 section 4.1.1.1, RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 2920 (PIPELINING), RFC 3461 (DSN)
"""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import NamedTuple

from simmail.mail.digits import whole

#: How MAIL names the encodings that it can name.
_BODIES = {"7bit": " BODY=7BIT", "8bit": " BODY=8BITMIME"}
#: A line of the offer: keyword, argument.
_OFFERED = re.compile(r"^[ =]*([^ =]*)[ =]?(.*)")


class Form(NamedTuple):
    """How content of one encoding travels.

    Args:
        downgrades: whether it has to become 7-bit.
        sized: whether its size is told beforehand.
        body: what MAIL says of it.
    """

    downgrades: bool
    sized: bool
    body: str


class Offer:
    """What one reply to EHLO comes to.

    Args:
        lines: the reply's.
        discarded: the keywords that do not count, in upper case.

    Attributes:
        name: who the server says it is, in lower case; "" where it does not.
        features: the keywords that count, in upper case -> their arguments.
        limit: octets that a message may have; 0 for no limit.
        pipelining, dsn, smtputf8: whether it offers these.
        logins: what each line offers of ways to log in.
        author: what MAIL says of the author's own login; "" for nothing.
        remarks: what is odd about it, for the log: level, and a text with places for the server and its port.
    """

    __slots__ = (
        "_forms", "_other", "author", "dsn", "features", "limit", "logins", "name", "pipelining", "remarks", "smtputf8",
    )  # fmt: skip

    def __init__(self, lines: tuple[str, ...], discarded: frozenset[str]) -> None:
        self.name = first_word(lines[0])
        self.features: dict[str, str] = {}
        self.limit = 0
        remarks: list[tuple[str, str]] = []
        logins: list[str] = []
        for line in lines[1:]:
            keyword, argument = _OFFERED.findall(line)[0]
            keyword = keyword.upper()
            if not keyword or keyword in discarded:
                continue
            self.features[keyword] = argument.strip()
            if keyword == "AUTH":
                logins.append(argument)
            if keyword == "SIZE" and argument.split():
                limit = argument.split()[0]
                if limit.isascii() and limit.isdecimal():
                    self.limit = whole(limit)
                else:
                    shown = limit.replace("{", "{{").replace("}", "}}")
                    remarks.append(("warning", f'bad EHLO SIZE limit "{shown}" from {{0}}:{{port}}'))
        self.pipelining, self.dsn = "PIPELINING" in self.features, "DSN" in self.features
        self.smtputf8 = "SMTPUTF8" in self.features
        if self.smtputf8 and "8BITMIME" not in self.features:
            remarks.append(("text", "host {0} offers SMTPUTF8 support, but not 8BITMIME"))
            self.features["8BITMIME"] = ""
        self.remarks, self.logins = tuple(remarks), tuple(logins)
        self.author = ""
        self._forms = {encoding: self._form(encoding) for encoding in _BODIES}
        self._other = self._form("")

    def _form(self, encoding: str) -> Form:
        takes_all = "8BITMIME" in self.features
        downgrades = not takes_all and encoding != "7bit"
        body = _BODIES.get(encoding, "") if takes_all else ""
        return Form(downgrades, "SIZE" in self.features and not downgrades, body)

    def with_nobody(self) -> Offer:
        """The same, of a server that is to hear that the client's login is not the author's."""
        found = copy(self)
        found.author = " AUTH=<>"
        return found

    def form(self, encoding: str) -> Form:
        """How content of an encoding (`7bit`, `8bit`, "" for none) travels."""
        return self._forms.get(encoding, self._other)


@lru_cache(maxsize=4096)
def offer(lines: tuple[str, ...], discarded: frozenset[str]) -> Offer:
    """What a reply to EHLO comes to; the arguments are those of `Offer`."""
    return Offer(lines, discarded)


@lru_cache(maxsize=4096)
def first_word(line: str) -> str:
    """The first word of a line, in lower case; "" where there is none."""
    words = line.split(None, 1)
    return words[0].lower() if words else ""


#: That of a server that has not been asked.
NOTHING = offer(("",), frozenset())
