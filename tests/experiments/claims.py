"""What the living world is claimed to show, each as something that must hold in a run and must not in its control.

A claim has a world (`worlds/NAME`), which is run for some time, perhaps with an administrator's act on the way, and a
control that differs from it in one line of one file.  Nothing in a world says what should come of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

from simmail.world.actors.virus import Virus
from simmail.world.loader import load
from simmail.world.truth import Fate
from simmail.world.world import World

WORLDS = Path(__file__).parent / "worlds"
MAIN_CF = "hosts/mail.domain.ork/etc/postfix/main.cf"
DAY_S = 86_400.0


class Change(NamedTuple):
    """One line of a world's files, and what the control has in its place."""

    file: str
    line: str
    instead: str


class Claim(NamedTuple):
    """A claim.

    Args:
        world: the folder below `worlds/`.
        says: what it claims, a sentence.
        holds: whether it holds in a world that has been run.
        judged: what `holds` looks at, in words.
        control: the line by which the control differs.
        act: what an administrator does on the way; None for nothing.
        depends: on what it depends, in words, where that is known; "" for nothing.
    """

    world: str
    says: str
    holds: Callable[[World], bool]
    judged: str
    control: Change
    act: Callable[[World], None] | None = None
    depends: str = ""


def run(
    claim: Claim, place: Path, seed: int, control: bool = False, figures: Mapping[str, float] | None = None
) -> bool:
    """Play a claim's world (as `play` does) and see whether it holds."""
    return claim.holds(play(claim, place, seed, control, figures))


def play(
    claim: Claim, place: Path, seed: int, control: bool = False, figures: Mapping[str, float] | None = None
) -> World:
    """Run a claim's world.

    Args:
        claim: which.
        place: a folder for a copy of the world.
        seed: of the run.
        control: whether the control is run instead.
        figures: the world's own figures, by name.
    """
    folder = place / f"{claim.world}-{seed}-{control}-{'-'.join(figures or ())}"
    shutil.copytree(WORLDS / claim.world, folder)
    if control:
        file = folder / claim.control.file
        text = file.read_text(encoding="utf-8")
        assert text.count(claim.control.line) == 1, claim.control
        file.write_text(text.replace(claim.control.line, claim.control.instead), encoding="utf-8")
    if figures:
        with (folder / "world.yaml").open("a", encoding="utf-8") as out:
            out.write("figures:\n" + "".join(f"  {name}: {value!r}\n" for name, value in figures.items()))
    world = load(folder, seed)
    if claim.act is not None:
        claim.act(world)
    world.run()
    shutil.rmtree(folder)
    return world


# ---- what is looked at


def fates(world: World, *kinds: str, sender: str = "", recipient: str = "") -> list[Fate]:
    """What became of mail of some kinds, from and to addresses that end so."""
    return [
        fate
        for fate in world.results.account.fates
        if fate.kind in kinds and fate.sender.endswith(sender) and fate.recipient.endswith(recipient)
    ]


def share(found: list[Fate], state: str) -> float:
    """The share of them that ended so; 0 of none."""
    return sum(1 for fate in found if fate.state == state) / len(found) if found else 0.0


def first(world: World, event: str) -> float:
    """When something happened for the first time; infinity for never."""
    return next((record.time for record in world.results.records if record.event == event), float("inf"))


# ---- 1 and 7: open relays


def _close(world: World) -> None:
    """After a day and a half the administrator sees what is wrong."""
    world.run("1d 12:00")
    mail = world.host("mail.domain.ork")
    mail.edit("main.cf", mynetworks="127.0.0.0/8, 192.168.1.0/24")
    mail.sh("postfix reload")


def _there_and_back(world: World) -> bool:
    relayed = [fate.written for fate in fates(world, "spam") if fate.state in ("delivered", "bounced")]
    own = fates(world, "wanted", "reply", sender="@domain.ork", recipient=".example")
    refused = [fate.ended for fate in own if fate.state == "bounced" and fate.ended is not None]
    last_day = [fate for fate in own if 2.5 * DAY_S < fate.written < 3 * DAY_S - 3600]
    busiest = max((size for time, host, size in world.results.queue_rows if host == "mail.domain.ork"), default=0)
    return bool(
        relayed and refused and last_day
        and first(world, "found") < min(relayed) < first(world, "listed") < min(refused)
        and busiest >= 3
        and max(fate.written for fate in fates(world, "spam") if fate.state == "delivered") < 1.6 * DAY_S
        and share(last_day, "delivered") > 0.95
    )  # fmt: skip


def _relays_for_strangers(world: World) -> bool:
    return len([fate for fate in fates(world, "spam") if fate.state in ("delivered", "trapped")]) > 50


# ---- 2: the form


def _form_abused(world: World) -> bool:
    spam = fates(world, "spam", recipient=".example")
    return len(spam) > 50 and share(spam, "delivered") > 0.5


# ---- 3: greylisting


def _patience(world: World) -> bool:
    trojans = [fate for fate in fates(world, "spam") if fate.author == "trojans"]
    adapting = [fate for fate in fates(world, "spam") if fate.author == "adapting"]
    late = [fate for fate in adapting if fate.written > DAY_S + 4 * 3600 and fate.written < 2 * DAY_S - 3 * 3600]
    delays = {
        software: median(
            # those that were put off; senders who have come before are let through at once
            [f.delay for f in fates(world, "wanted", sender=".example") if f.author == software and (f.delay or 0) > 60]
            or [0.0]
        )
        for software in ("exchange", "postfix", "exim", "sendmail")
    }
    return (
        share(trojans, "delivered") < 0.45
        and share(late, "delivered") > share(trojans, "delivered") + 0.2
        and 240 <= delays["postfix"] <= delays["exchange"] <= delays["exim"] <= delays["sendmail"]
    )


# ---- 4: attachments


def _curve_bent(world: World) -> bool:
    virus = world.actors["love"]
    assert isinstance(virus, Virus)
    return len(virus.infected) <= 1


# ---- 5: lists


def _strict(world: World) -> bool:
    return (
        share(fates(world, "spam", recipient="@domain.ork"), "refused") > 0.6
        and share(fates(world, "wanted"), "refused") > 0.05
    )


def _all_stopped(world: World) -> bool:
    after = [fate for fate in fates(world, "wanted", "reply") if fate.written > DAY_S + 600]
    before = [fate for fate in fates(world, "wanted", "reply") if fate.written < DAY_S - 600]
    return share(before, "delivered") > 0.95 and share(after, "delivered") < 0.05


# ---- 6: backscatter


def _drowned(world: World) -> bool:
    return sum(1 for _, address, _ in world.results.account.notices if address.endswith("@victim.example")) > 100


CLAIMS = (
    Claim(
        "open-relay",
        "Opened to the world a relay is found, abused, listed and refused, in that order; closed, it is forgiven.",
        _there_and_back,
        (
            "The scanner's find, the first relayed spam, the first listing and the first refusal "
            "of the office's own mail come in this order; the queue has held three messages at "
            "once; no spam written later than the act (and a few hours) gets through; on the third "
            "day more than 95 % of the office's mail is delivered."
        ),
        Change(MAIN_CF, "mynetworks = 0.0.0.0/0", "mynetworks = 127.0.0.0/8, 192.168.1.0/24"),
        _close,
    ),
    Claim(
        "web-form",
        "The flawed form is found and abused although mynetworks is right; the mended one is not.",
        _form_abused,
        ("More than 50 messages of spam to others, more than half of them delivered."),
        Change("world.yaml", "script: flawed", "script: mended"),
    ),
    Claim(
        "greylisting",
        "Greylisting stops bots that do not come back, delays wanted mail by software, and fails as bots adapt.",
        _patience,
        (
            "Less than 45 % of the trojans' spam is delivered; of the adapting campaign's, from "
            "its fifth hour on, at least 20 points more; of wanted mail that was put off, the "
            "median delay is at least 240 s and rises from Postfix over Exchange and Exim to "
            "sendmail."
        ),
        Change(MAIN_CF, ", check_policy_service inet:127.0.0.1:10023", ""),
    ),
    Claim(
        "attachments",
        "The course's attachment rules bend the infection curve in mime_header_checks, and do nothing as printed.",
        _curve_bent,
        ("At most one PC is infected."),
        Change(MAIN_CF, "mime_header_checks", "body_checks"),
    ),
    Claim(
        "lists",
        "A fundamentalist list stops more spam and loses more wanted mail than a tolerant one.",
        _strict,
        ("More than 60 % of the spam and more than 5 % of the wanted mail is refused."),
        Change(MAIN_CF, "strict.example", "tolerant.example"),
    ),
    Claim(
        "dead-list",
        "A list that closes by answering for everybody stops all mail, that of the office too.",
        _all_stopped,
        ("Until the list closes more than 95 % of wanted mail is delivered, afterwards less than 5 %."),
        Change("world.yaml", "how: everybody", "how: empty"),
    ),
    Claim(
        "backscatter",
        "Accepting for unknown users and bouncing drowns an innocent domain; refusing in the session does not.",
        _drowned,
        ("More than 100 notices about mail it never sent reach the innocent domain, which takes mail for any name."),
        Change(MAIN_CF, "local_recipient_maps =", "biff = no"),
    ),
    Claim(
        "behind-a-gateway",
        "A gateway that hides its clients makes a relay for strangers of a well-configured server.",
        _relays_for_strangers,
        ("More than 50 messages of spam are delivered by way of the server."),
        Change("world.yaml", "hides_clients: true", "hides_clients: false"),
    ),
)
