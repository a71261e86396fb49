"""What explain says is what the real Postfix said: for every recipient of every session of the recorded cases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import simmail
from simmail.conformance.case import Case
from simmail.conformance.player import Player

CASES = Path(__file__).parents[1] / "conformance" / "cases"
#: Cases of policy servers and of address verification, which explain leaves open, of several configurations, and of
#: what a process that has served others says.
LEFT_OUT = re.compile("policy-|greylist|verify-|milter-down|status-without-text")
PATHS = sorted(
    path
    for family in ("restrictions", "blocklists", "relay")
    for path in (CASES / family).glob("*.yaml")
    if not LEFT_OUT.match(path.stem)
)
ADDRESS = re.compile(r"(?:MAIL FROM|RCPT TO):\s*<([^>]*)>\s*$", re.IGNORECASE)


class Tried(NamedTuple):
    """A recipient that a client tried, and what it was answered in the end: at RCPT, or before."""

    client: str
    helo: str
    sender: str
    recipient: str
    reply: str


def tried(client: str, transcript: list[str]) -> Iterator[Tried]:
    """The recipients of a recorded session, as long as it goes as explain would play it."""
    helo = ""
    sender: str | None = ""
    refused = {"": ""}
    for said, answer in exchanges(transcript):
        verb, _, argument = said.partition(" ")
        verb = verb.upper()
        if verb in ("HELO", "EHLO"):
            helo, refused = argument.strip(), {verb: answer} if answer[:1] != "2" else {}
        found = ADDRESS.match(said)
        if found is None and verb == "MAIL":  # explain says no parameters: what follows is another mail
            sender = None
        if found is None or not helo or not re.match("MAIL|RCPT", verb):
            continue
        if verb == "MAIL":
            sender = found[1]
            refused = {
                **{k: v for k, v in refused.items() if k != "MAIL"},
                **({"MAIL": answer} if answer[0] != "2" else {}),
            }
        elif (
            sender is not None
            and answer != "(closed)"
            and not any(reply.startswith("503") for reply in refused.values())
        ):
            yield Tried(client, helo, sender, found[1], next(iter(refused.values()), answer))


def exchanges(transcript: list[str]) -> Iterator[tuple[str, str]]:
    """What the client said, and the last line of the answer."""
    said = ""
    answer = ""
    for line in [*transcript, "C: "]:
        if line.startswith("C: "):
            if said and answer:
                yield said, answer
            said, answer = line[3:], ""
        else:
            answer = line[3:]


def sessions(path: Path) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """The sessions of a case: the step, and the real Postfix's transcript."""
    case = Case.read(path)
    record = json.loads(path.with_suffix(".real.json").read_text(encoding="utf-8"))
    for step, entry in zip(case.steps, record["steps"], strict=True):
        if "client" in step and isinstance(step["send"], str) and entry["transcript"][0].startswith("S: 220"):
            yield step, entry["transcript"]


@pytest.mark.parametrize("path", PATHS, ids=[f"{path.parent.name}/{path.stem}" for path in PATHS])
def test_explain_says_what_the_real_postfix_said(path: Path) -> None:
    """The reply at RCPT, or the refusal before it, is to the letter that of the recording, and so is the rule."""
    playing = Player(Case.read(path))
    playing.play()
    table = playing.world.results.decisions
    decided = set(zip(table.parameter, table.rule, table.line, table.entry, strict=True))
    for step, transcript in sessions(path):
        for want in tried(step["client"], transcript):
            told = simmail.explain(
                playing.host, client=want.client, helo=want.helo, sender=want.sender, recipient=want.recipient
            )
            heard = dict(exchanges(told.played.transcript))
            reply = next(heard[line] for line in reversed(heard) if re.match("EHLO|MAIL|RCPT", line))
            assert reply == want.reply, str(told)
            reason = told.reason
            if told.verdict == "refused" and reason is not None and told.reply == reply:
                assert (reason.parameter, reason.restriction, reason.line, reason.entry) in decided


def test_there_are_enough_of_them() -> None:
    """More than a dozen cases and a hundred recipients are compared."""
    compared = [list(tried(step["client"], transcript)) for path in PATHS for step, transcript in sessions(path)]
    assert len(PATHS) > 30
    assert sum(map(len, compared)) > 100
