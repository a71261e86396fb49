"""What spam says and in whose name, whoever sends it: lists of addresses, forged senders, greetings that are none.

Figures: spam.*
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision, Note, Now
from simmail.world.actors.figures import Figures
from simmail.world.actors.letters import SPAM, Style, letter, worded
from simmail.world.actors.mailer import Parcel
from simmail.world.attachment import Attachment
from simmail.world.chance import along, choose

if TYPE_CHECKING:
    from random import Random

    from simmail.world.world import World

#: Words with which spamware greets that knows no better.
BARE_NAMES = ("friend", "localhost", "pc", "home-pc", "user", "xp", "owner", "PAXCUKKG")
#: Local parts that dictionary attacks try.
GUESSES = tuple(
    "info sales admin john mary peter contact office webmaster support mike david anna test hr jobs".split()
)


def targets(rng: Random, addresses: Sequence[str], invalid: float) -> str:
    """Somebody to send to: from a list of addresses, of which a share has never existed.

    Args:
        rng: the sender's stream.
        addresses: those that exist, or did.
        invalid: the share of the list that does not exist.
    """
    address = rng.choice(addresses)
    if rng.random() >= invalid:
        return address
    return f"{rng.choice(GUESSES)}{rng.randrange(100)}@{address.rpartition('@')[2]}"


def forged(rng: Random, victims: Sequence[str], figures: Figures) -> str:
    """A sender's address to hide behind.

    Args:
        rng: the sender's stream.
        victims: domains of innocents, or whole addresses, that are taken in vain.
        figures: of the world (spam.forged_invalid_domain).
    """
    name = f"{rng.choice(GUESSES)}{rng.randrange(10_000)}"
    if not victims or rng.random() < figures["spam.forged_invalid_domain"]:
        return f"{name}@{rng.choice(BARE_NAMES).lower()}{rng.randrange(10_000)}.invalid"
    victim = rng.choice(victims)
    return victim if "@" in victim else f"{name}@{victim}"


def greeting(rng: Random, figures: Figures, victim: str) -> str:
    """The name that spamware greets a server with.

    Args:
        rng: the sender's stream.
        figures: of the world (spam.helo_*).
        victim: the domain it writes to, which some give for their own.
    """
    kinds = ("bare", "victim", "unresolvable", "named")
    shares = [figures["spam.helo_bare"], figures["spam.helo_victim"], figures["spam.helo_unresolvable"]]
    kind = choose(rng.random(), kinds, [*shares, max(0.0, 1 - sum(shares))])
    number = rng.randrange(10_000)
    return {
        "bare": rng.choice(BARE_NAMES),
        "victim": victim,
        "unresolvable": f"host{number}.dsl{number % 100}.invalid",
        "named": "",
    }[kind]


def spam(
    world: World,
    author: str,
    number: int,
    rng: Random,
    sender: str,
    to: tuple[str, ...],
    kind: str = "spam",
    style: Style = SPAM,
    attachments: tuple[Attachment, ...] = (),
) -> Decision[Parcel]:
    """Write an unwanted message; it is recorded with its kind.

    Args:
        world: where.
        author: the actor's name.
        number: which of the actor's, for its Message-ID.
        rng: the actor's stream.
        sender: the envelope's sender, which the header repeats.
        to: recipients, all of one domain.
        kind: `spam`, `virus` or `probe`.
        style, attachments: what it says and carries.
    """
    now: float = yield Now()
    identity = f"<{world.calendar.stamp(now)}.{number}.{author}@{sender.rpartition('@')[2] or 'localhost'}>"
    subject = worded(style, rng, style.subjects)
    text = [worded(style, rng, style.sentences) for _ in range(rng.randrange(2, 6))]
    size = along(rng.random(), Figures.pairs("spam.size_octets"))
    content = letter(world.calendar, now, identity, sender, to, subject, text, size, attachments)
    world.truth.kinds[identity] = kind
    yield Note("", "composed", "", identity, sender, to, subject, content.size, kind, author)
    return Parcel(identity, sender, to, content, kind)
