"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(1, hint="How many of the largest letters does a mailbox hold?", manual="postconf(5), mailbox_size_limit")
def several_photos_fit(bench: Bench) -> None:
    """Three letters with photos of 3 MB each, one after the other, all arrive."""
    client = bench.world.people["client"]
    for number in range(3):
        client.send("bledger@creativeacct.com", f"photo {number}", "!", [("photo.jpg", 3_000_000)])
        bench.world.run(bench.world.now + 60)
    for number in range(3):
        bench.arrives("bledger", f"Subject: photo {number}", within=1)


@check(1, hint="An extension of a name that is none is none either.", manual="postconf(5), recipient_delimiter")
def an_extension_makes_no_name(bench: Bench) -> None:
    """Letters to `mrs-nobody` and `mrs-nobody+trinkets` are refused, and one to the postmaster arrives at Annie's."""
    for name in ("mrs-nobody", "mrs-nobody+trinkets"):
        bench.letter("198.51.100.23", "c@client.example", f"{name}@creativeacct.com").refused("5")
    bench.letter("198.51.100.23", "c@client.example", "postmaster@creativeacct.com").accepted()
    bench.arrives("annie", "Subject: a probe", within=60)


@check(1, hint="Is there an entry for every word that somebody may append?", manual="postconf(5), recipient_delimiter")
def any_extension_works(bench: Bench) -> None:
    """Letters to `bledger+anything` and `receipts+march` reach the bookkeeper's mailbox."""
    for name in ("bledger+anything", "receipts+march"):
        text = f"Subject: for {name}\n\nhello"
        bench.letter("198.51.100.23", "c@client.example", f"{name}@creativeacct.com", text=text).accepted()
        bench.arrives("bledger", f"Subject: for {name}", within=60)


@check(1, hint="For whom is it, and for whom not?", manual="aliases(5)")
def nobody_gets_what_is_anothers(bench: Bench) -> None:
    """Letters to `taxes`, `receipts` and `postmaster` are in one mailbox each."""
    for name, other in (("taxes", "annie"), ("receipts", "annie"), ("postmaster", "bledger")):
        text = f"Subject: for {name}\n\nhello"
        bench.letter("198.51.100.23", "c@client.example", f"{name}@creativeacct.com", text=text).accepted()
        bench.world.run(bench.world.now + 60)
        bench.expect(f"for {name}" not in bench.mailbox(other), f"what was sent to {name} is in {other}'s mailbox, too")
