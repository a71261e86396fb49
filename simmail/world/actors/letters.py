"""What actors write: headers, a body of a size, sometimes an attachment; every check finds something to read in it.

Texts are put together from lists of words, so that no two messages are alike; what fills a message up to its size is a
line that all messages share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.content import Content
from simmail.world.attachment import Attachment, body

if TYPE_CHECKING:
    from random import Random

    from simmail.mail.calendar import Calendar

FILLER = "and so on, for as long as it takes to say it, with all that belongs to it and a little more;"


class Style(NamedTuple):
    """A way of writing.

    Args:
        subjects, sentences: patterns, in which `{w}` is a word and `{n}` a number.
        words: what stands for `{w}`.
        files: patterns of the names of attachments.
    """

    subjects: tuple[str, ...]
    sentences: tuple[str, ...]
    words: tuple[str, ...]
    files: tuple[str, ...] = ("file{n}.dat",)


OFFICE = Style(
    ("{w} for {w}", "Minutes of the {w} meeting", "Order {n}", "Invoice {n}", "The {w}, again",
     "Question about the {w}", "{w} on {w}day", "Lunch?", "Your {w} of last week", "Draft of the {w}"),
    ("Could you look at the {w} before {w}day?", "We have {n} of them left.", "The {w} has changed since {w}day.",
     "Please send me the {w}.", "I have put the {w} on the server.", "They want {n} more.", "Thanks for the {w}."),
    ("budget", "trinket", "contract", "mon", "tues", "wednes", "thurs", "fri", "report", "delivery", "brochure",
     "offer", "server", "holiday", "tax", "receipt", "stock", "customer"),
    ("{w}.doc", "{w}{n}.pdf", "{w}.xls", "photo{n}.jpg", "{w}.zip"),
)  # fmt: skip
SPAM = Style(
    ("FREE {w} {n}!!", "{w} at {n} % off", "You have won {n}", "Make {n} a week with {w}", "{w} without prescription",
     "Hot {w} alert", "Re: your {w}", "Approved: {w} loan of {n}"),
    ("Click now for {w}: http://{w}{n}.example/", "Only {n} left of our {w}!!", "No {w}, no questions, {n} guaranteed.",
     "Doctors hate this {w}.", "Reply within {n} hours to claim your {w}."),
    ("pills", "watches", "money", "casino", "software", "diploma", "mortgage", "stock", "miracle", "offer"),
)  # fmt: skip
VIRUS = Style(
    ("I love you", "Your {w} is ready", "Undelivered mail {n}", "Photo {n}", "Re: {w}", "hi"),
    ("Please look at the attached {w}.", "The message cannot be shown in 7-bit ASCII and has been attached.",
     "See the {w} for details."),
    ("document", "invoice", "photo", "letter", "details"),
)  # fmt: skip


def worded(style: Style, rng: Random, patterns: Sequence[str]) -> str:
    """One of the patterns, filled with words and numbers."""
    text = rng.choice(patterns)
    while "{w}" in text:
        text = text.replace("{w}", rng.choice(style.words), 1)
    while "{n}" in text:
        text = text.replace("{n}", str(rng.randrange(2, 99_999)), 1)
    return text[:1].upper() + text[1:]


def letter(
    calendar: Calendar,
    now: float,
    identity: str,
    author: str,
    to: Sequence[str],
    subject: str,
    text: Sequence[str],
    size: float = 0.0,
    attachments: Sequence[Attachment] = (),
    headers: Sequence[str] = (),
) -> Content:
    """A message's header and body.

    Args:
        calendar, now: for its Date: header.
        identity: its Message-ID.
        author: what stands in From:, an address or `Name <address>`.
        to: addresses for To:.
        subject, text: what it says.
        size: octets that it should have in all; it is filled up to that.
        attachments: files with it.
        headers: further header lines.
    """
    lines = [
        f"Date: {calendar.header(now).removesuffix(' (UTC)').replace(',  ', ', ')}",
        f"From: {author}",
        f"To: {', '.join(to)}",
        f"Subject: {subject}",
        f"Message-ID: {identity}",
        "MIME-Version: 1.0",
        *headers,
    ]
    below = body(text, attachments, identity)
    missing = size - sum(len(line) + 1 for line in lines) - sum(len(line) + 1 for line in below)
    filling = [FILLER] * int(missing // (len(FILLER) + 1)) if missing > 0 and not attachments else []
    return Content([*lines, *below, *filling])
