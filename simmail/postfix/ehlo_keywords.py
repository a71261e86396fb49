"""NAME
    ehlo_keywords - extensions of SMTP that one side is told to do without

PARAMETERS
    smtpd_discard_ehlo_keywords, smtp_discard_ehlo_keywords, lmtp_discard_lhlo_keywords, and their _address_maps

SEE ALSO
    ehlo_mask(3)
"""

from __future__ import annotations

#: The keywords, in the order of the log.
KEYWORDS = ("8BITMIME", "AUTH", "ETRN", "PIPELINING", "SIZE", "VERP", "VRFY", "XCLIENT", "XFORWARD", "STARTTLS",
            "ENHANCEDSTATUSCODES", "DSN", "EHLO_MASK_SMTPUTF8", "SMTPUTF8", "CHUNKING", "SILENT-DISCARD")  # fmt: skip

_KNOWN = frozenset(KEYWORDS)

#: Those beside which smtpd's log does not speak of any: a bit of the real mask has two meanings.
QUIET = frozenset({"SILENT-DISCARD", "ENHANCEDSTATUSCODES"})


#: Stands for the keywords that a table should have told of.
UNSURE = frozenset({"?"})


def keyword_set(words: str) -> frozenset[str]:
    """The EHLO keywords that a list of them takes away; words that are none say nothing."""
    return _KNOWN.intersection(words.replace(",", " ").upper().split())


def shown_keywords(hidden: frozenset[str]) -> str:
    """Hidden keywords as the log shows them."""
    shown = {"SMTPUTF8": "EHLO_MASK_SMTPUTF8"}
    return " ".join(shown.get(name, name) for name in KEYWORDS if name in hidden)
