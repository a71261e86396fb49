"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

SERVERS = ("mail.domain.ork", "mx2.domain.ork")


@check(1, hint="What has an empty sender?", manual="RFC 2505, section 2.6.1")
def notices_are_taken(bench: Bench) -> None:
    """A notice, from the empty sender, is taken for somebody who exists."""
    for server in SERVERS:
        bench.letter("203.0.113.9", "", "alice@domain.ork", host=server).accepted()


@check(1, hint="Does relay_domains cover more than it names?", manual="postconf(5), parent_domain_matches_subdomains")
def names_below_ours_are_refused(bench: Bench) -> None:
    """A letter to a name below our domain is refused."""
    for server in SERVERS:
        bench.letter("203.0.113.9", "friend@stranger.example", "alice@sub.domain.ork", host=server).refused()


@check(1, hint="Do you list those who exist, or those who do not?", manual="LOCAL_RECIPIENT_README")
def whoever_nobody_is(bench: Bench) -> None:
    """Letters to other names that nobody has are refused for good by both servers."""
    for server in SERVERS:
        for address in ("nobody.at.all@domain.ork", "alices@domain.ork", "bob@trinkets.bis", "order@trinkets.bis"):
            bench.letter("203.0.113.9", "friend@stranger.example", address, host=server).refused("5")


@check(1, hint="Is she the one who forges?", manual="BACKSCATTER_README")
def the_flower_shop_can_write(bench: Bench) -> None:
    """What the flower shop itself writes to somebody who exists is taken by either server, and arrives."""
    for number, server in enumerate(SERVERS):
        text = f"Subject: tulips {number}\n\nhello"
        bench.letter("203.0.113.30", "vera@flowers.example", "alice@domain.ork", host=server, text=text).accepted()
        bench.arrives("alice", f"Subject: tulips {number}", within=60.0)


@check(1, hint="Do you know all who may want to write?", manual="SMTPD_ACCESS_README")
def anybody_can_write(bench: Bench) -> None:
    """Somebody of whom nobody has heard can write to who exists, by either server, and to nobody else through them."""
    client = bench.another("stranger.example", "198.18.44.7")
    for number, server in enumerate(SERVERS):
        text = f"Subject: letter {number}\n\nhello"
        bench.letter(client, "eve@elsewhere.example", "orders@domain.ork", host=server, text=text).accepted()
        bench.arrives("bob", f"Subject: letter {number}", within=60.0)
        bench.letter(client, "eve@elsewhere.example", "vera@flowers.example", host=server).refused()
