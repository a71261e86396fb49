"""What must hold between the server's door and the mailboxes."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

CLIENT = "198.51.100.23"
SUBJECT = "Subject: a probe"


def _written(bench: Bench, name: str, subject: str = SUBJECT) -> None:
    text = f"{subject}\n\nhello"
    bench.letter(CLIENT, "client@client.example", f"{name}@creativeacct.com", text=text).accepted()


def _reach_the_bookkeeper(bench: Bench, *names: str) -> None:
    for name in names:
        subject = f"Subject: for {name}"
        _written(bench, name, subject)
        bench.arrives("bledger", subject, within=60)


@check(2, hint="Who is behind the name, in the end? Follow each alias.", manual="aliases(5)")
def taxes_and_receipts(bench: Bench) -> None:
    """Letters to `taxes` and to `receipts` reach the bookkeeper's mailbox."""
    _reach_the_bookkeeper(bench, "taxes", "receipts")


@check(2, hint="What does the log call it?", manual="aliases(5), local(8)")
def office_is_both(bench: Bench) -> None:
    """A letter to `office` reaches both mailboxes, once each, and nothing of it comes back."""
    _written(bench, "office")
    for user in ("bledger", "annie"):
        bench.arrives(user, SUBJECT, within=60)
        number = bench.mailbox(user).count(SUBJECT)
        bench.expect(number == 1, f"it came to the mailbox of {user} {number} times")
    returned = [line for line in bench.log() if "status=bounced" in line]
    bench.expect(not returned, "a part of it went back to the client", returned)


@check(2, hint="One parameter, one character.", manual="postconf(5), recipient_delimiter")
def extensions(bench: Bench) -> None:
    """Letters to `bledger+trinkets` and `taxes+2026` reach the bookkeeper's mailbox."""
    _reach_the_bookkeeper(bench, "bledger+trinkets", "taxes+2026")


@check(3, hint="How many octets is the photo as base64? And who refuses to write it?", manual="RFC 2045, section 6.8")
def a_photo_fits(bench: Bench) -> None:
    """A letter with a photo of 3 MB is taken and arrives."""
    client = bench.world.people["client"]
    draft = client.send("bledger@creativeacct.com", "a probe", "!", [("photo.jpg", 3_000_000)])
    bench.world.run(60)
    bench.expect(draft.state == "sent", f"the letter was not taken: {draft.reply}")
    bench.arrives("bledger", SUBJECT, within=600)


@check(2, hint="A limit is there to limit.", manual="postconf(5), message_size_limit")
def a_film_does_not(bench: Bench) -> None:
    """A letter with a file of 12 MB, announced as 16.4 MB, is refused in the session, before it is sent."""
    session = bench.world.telnet("client.example", "mail.creativeacct.com")
    session.type("EHLO client.example")
    said = session.type("MAIL FROM:<client@client.example> SIZE=16421052")
    bench.expect(said.startswith("552"), f"it should have been refused with 552; the answer was {said!r}")


@check(2, hint="Which names exist?", manual="postconf(5), local_recipient_maps")
def strangers_names_are_refused(bench: Bench) -> None:
    """A letter to somebody who does not exist is refused in the session."""
    bench.letter(CLIENT, "client@client.example", "no-such-person@creativeacct.com").refused("5")
