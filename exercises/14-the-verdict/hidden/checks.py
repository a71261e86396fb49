"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

FIRM = "198.51.100.5"


def _attached(part: str) -> str:
    return (
        'Subject: look\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\nSee below.\n--b\n{part}\n\nTVqQAAMAAAAEAAAA\n--b--"
    )


@check(1, hint="Which forms has the name of an attachment?", manual="RFC 2045, RFC 2183")
def half_hidden_names_are_refused(bench: Bench) -> None:
    """Without quotation marks, on a line of its own, or with a size behind it: the name is the same name."""
    for part in (
        "Content-Type: application/octet-stream; name=love.txt.vbs",
        'Content-Type: application/octet-stream;\n name="love.txt.vbs"',
        'Content-Disposition: attachment; filename="love.txt.vbs"; size=12',
    ):
        bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text=_attached(part)).refused("5")


@check(1, hint="Whose names end in .com?", manual="header_checks(5)")
def price_lists_pass(bench: Bench) -> None:
    """An attachment called `prices from acme.com` is taken."""
    part = 'Content-Type: application/pdf; name="prices from acme.com"'
    bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text=_attached(part)).accepted()


@check(1, hint="Which answers of the list mean `listed`?", manual="postconf(5), reject_rbl_client")
def notices_of_the_list_do_not_count(bench: Bench) -> None:
    """A firm about which the list answers 127.255.255.254 is not taken for a listed one."""
    bench.letter("198.51.100.66", "kim@asked-too-often.example", "alice@domain.ork").accepted()


@check(1, hint="Is 250 a promise?", manual="header_checks(5), DISCARD")
def nothing_vanishes(bench: Bench) -> None:
    """An invitation with the word `free` in its subject arrives."""
    text = "Subject: are you free on Friday?\n\nLunch?"
    bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text=text).accepted()
    bench.arrives("alice", "Subject: are you free", within=60.0)


@check(1, hint="Who is in mynetworks?", manual="postconf(5), smtpd_relay_restrictions")
def strangers_may_not_relay(bench: Bench) -> None:
    """A stranger, and another firm, cannot send mail to third parties, also where they claim to be Alice."""
    for client in ("203.0.113.200", FIRM):
        for sender in ("me@friend.example", "alice@domain.ork"):
            bench.letter(client, sender, "somebody@elsewhere.example").refused()
