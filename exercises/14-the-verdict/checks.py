"""What must hold of a server on which the chapter's advice does what it was meant to do."""

from __future__ import annotations

from simmail.lab.checks import Bench, Failed, check

OFFICE, FIRM, STRANGER = "192.168.1.20", "198.51.100.5", "203.0.113.200"
#: The octets of an attachment in base64, with line ends of CR LF, for one octet of it.
BASE64 = 78 / 76 * 4 / 3


def _attached(part: str) -> str:
    return (
        'Subject: look\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\nSee below.\n--b\n{part}\n\nTVqQAAMAAAAEAAAA\n--b--"
    )


@check(3, hint="Who stands first in each list of restrictions?", manual="SMTPD_ACCESS_README")
def office_may_write(bench: Bench) -> None:
    """A PC of the office, which greets as `bobs-pc`, can send mail to anywhere, and it arrives."""
    bench.letter(OFFICE, "alice@domain.ork", "joe@friend.example", helo="bobs-pc").accepted()
    bench.arrives("joe", "Subject: a probe", "mx.friend.example", within=60.0)


@check(3, hint="Which list is asked, and is it still alive?", manual="postconf(5), reject_rbl_client")
def firms_may_write(bench: Bench) -> None:
    """A letter from another firm is taken and reaches the mailbox."""
    bench.letter(FIRM, "joe@friend.example", "alice@domain.ork").accepted()
    bench.arrives("alice", "Subject: a probe", within=60.0)


@check(2, hint="Ask postconf -n, and read its warnings.", manual="postconf(5), reject_unknown_sender_domain")
def forged_senders_are_refused(bench: Bench) -> None:
    """Senders without a full domain, or with one that does not exist, are refused."""
    bench.letter(STRANGER, "offers@no-such-domain.example", "alice@domain.ork", helo="mx.bulk.example").refused()
    bench.letter(STRANGER, "offers@sales", "alice@domain.ork", helo="mx.bulk.example").refused()


@check(2, hint="Its zone is bl.example.", manual="postconf(5), reject_rbl_client")
def list_is_asked(bench: Bench) -> None:
    """A client that the living blocklist lists is refused for good."""
    bench.letter("203.0.113.9", "kim@friend.example", "alice@domain.ork", helo="mx.bulk.example").refused("5")


@check(2, hint="Which kind of checks sees the name of an attachment?", manual="header_checks(5)")
def attachments_are_refused(bench: Bench) -> None:
    """Attachments called love.txt.vbs, photo.pif, fireworks.scr and setup.exe are refused."""
    for name in ("love.txt.vbs", "photo.pif", "fireworks.scr", "setup.exe"):
        part = f'Content-Type: application/octet-stream; name="{name}"'
        bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text=_attached(part)).refused("5")


@check(1, hint="What do body_checks look at?", manual="header_checks(5)")
def words_about_attachments_pass(bench: Bench) -> None:
    """A letter whose text warns of such an attachment is taken."""
    for line in ('name="love.txt.vbs"', 'Content-Type: application/octet-stream; name="love.txt.vbs"'):
        text = f"Subject: beware\n\nNever open what says\n{line}"
        bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text=text).accepted()


@check(2, hint="How does a photo travel?", manual="postconf(5), message_size_limit")
def a_photo_of_three_megabytes_passes(bench: Bench) -> None:
    """A letter with 3 MB of photo may be announced; one with 10 MB may not."""
    session = bench.world.telnet(OFFICE, bench.study)
    session.type("EHLO pc1.domain.ork")
    for photo, may in ((3_000_000, True), (10_000_000, False)):
        said = session.type(f"MAIL FROM:<alice@domain.ork> SIZE={round(photo * BASE64)}")
        if said.startswith("2") is not may:
            raise Failed(f"a photo of {photo:,} octets got {said!r}", session.transcript)
        session.type("RSET")


@check(2, hint="mynetworks may hold names.", manual="postconf(5), mynetworks")
def the_partner_may_relay_by_name(bench: Bench) -> None:
    """hosting.partner.example can send mail to anywhere, from each of its two addresses."""
    for address in ("198.51.100.30", "198.51.100.31"):
        bench.letter(address, "shop@partner.example", "joe@friend.example").accepted()


@check(2, hint="Is a name proof of anything?", manual="postconf(5), mynetworks")
def pretenders_may_not_relay(bench: Bench) -> None:
    """A computer that only says it is hosting.partner.example cannot."""
    said = bench.letter("203.0.113.31", "shop@partner.example", "joe@friend.example", helo="hosting.partner.example")
    said.refused()
