"""What must hold of two servers that refuse in time."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

STRANGER, FRIEND, VICTIM = "203.0.113.9", "friend@stranger.example", "vera@flowers.example"
MAIN, BACKUP = "mail.domain.ork", "mx2.domain.ork"
NOBODY = ("alise@domain.ork", "info7@domain.ork", "jobs@trinkets.bis")
#: Address -> whose mailbox it is.
PEOPLE = {
    "alice@domain.ork": "alice",
    "bob@domain.ork": "bob",
    "orders@domain.ork": "bob",
    "postmaster@domain.ork": "alice",
    "sales@trinkets.bis": "bob",
}


def _arrives(bench: Bench, to: str, user: str, server: str) -> None:
    subject = f"Subject: for {to}"
    bench.letter(STRANGER, FRIEND, to, host=server, text=f"{subject}\n\nhello").accepted()
    bench.arrives(user, subject, within=60.0)


@check(2, hint="Who is asked whether somebody exists?", manual="LOCAL_RECIPIENT_README")
def nobody_is_refused_by_the_first(bench: Bench) -> None:
    """Our own server refuses letters to people who do not exist, for good, while the client is on the line."""
    for address in NOBODY:
        bench.letter(STRANGER, FRIEND, address).refused("5")


@check(2, hint="The backup cannot know whom we have unless it is told.", manual="postconf(5), relay_recipient_maps")
def nobody_is_refused_by_the_backup(bench: Bench) -> None:
    """The backup MX refuses them just as well."""
    for address in NOBODY:
        bench.letter(STRANGER, FRIEND, address, host=BACKUP).refused("5")


@check(2, hint="Which server wrote to her, and what had it accepted before?", manual="BACKSCATTER_README")
def the_flower_shop_is_left_alone(bench: Bench) -> None:
    """A letter to nobody in Vera's name brings her no notice, whichever server it is offered to."""
    for server in (MAIN, BACKUP):
        bench.letter("203.0.113.9", VICTIM, "info7@domain.ork", host=server)
        bench.world.run(bench.world.now + 600)
        got = bench.mailbox("vera", "mail.flowers.example")
        bench.expect(
            "MAILER-DAEMON" not in got, f"Vera was sent a notice, after {server} was called", bench.log(server)
        )


@check(2, hint="Does the table send somebody's mail to somebody else?", manual="virtual(5)")
def who_exists_gets_mail(bench: Bench) -> None:
    """Everybody who exists gets what is theirs, in their own mailbox."""
    for address, user in PEOPLE.items():
        _arrives(bench, address, user, MAIN)


@check(2, hint="Is everybody on the backup's list? Of both domains?", manual="postconf(5), relay_domains")
def the_backup_still_serves(bench: Bench) -> None:
    """While our own server is down the backup takes their mail, and brings it when it is up again."""
    bench.world.host(MAIN).crash()
    for address in PEOPLE:
        text = f"Subject: for {address}\n\nhello"
        bench.letter(STRANGER, FRIEND, address, host=BACKUP, text=text).accepted()
    bench.world.run(bench.world.now + 1800)
    bench.world.host(MAIN).boot()
    for address, user in PEOPLE.items():
        bench.arrives(user, f"Subject: for {address}", within=7200.0)


@check(1, hint="What is a single wrong name that many people use? An alias.", manual="aliases(5)")
def the_usual_slip_arrives(bench: Bench) -> None:
    """What is sent to order@ reaches Bob, by either server."""
    _arrives(bench, "order@domain.ork", "bob", MAIN)
    _arrives(bench, "order@domain.ork", "bob", BACKUP)
