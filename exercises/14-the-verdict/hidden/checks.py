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
    """Without quotation marks, on another line, with a size behind it, as text: the name is the same name."""
    for part in (
        "Content-Type: application/octet-stream; name=love.txt.vbs",
        'Content-Type: application/octet-stream;\n name="love.txt.vbs"',
        'Content-Disposition: attachment; filename="love.txt.vbs"; size=12',
        'Content-Type: text/plain; name="love.txt.vbs"',
    ):
        bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text=_attached(part)).refused("5")


@check(1, hint="Is a program a matter of its first name?", manual="pcre_table(5)")
def any_program_is_refused(bench: Bench) -> None:
    """Programs of other names are refused as well."""
    for name in ("invoice.exe", "holiday.jpg.scr", "x.pif", "update.vbs"):
        part = f'Content-Type: application/octet-stream; name="{name}"'
        bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text=_attached(part)).refused("5")


@check(1, hint="Whose names end in .com?", manual="header_checks(5)")
def price_lists_pass(bench: Bench) -> None:
    """Attachments called `prices from acme.com` and `what setup.exe does.pdf` are taken, and so is `postscr`."""
    for name in ("prices from acme.com", "what setup.exe does.pdf", "postscr"):
        part = f'Content-Type: application/pdf; name="{name}"'
        bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text=_attached(part)).accepted()


@check(1, hint="Which answers of the list mean `listed`?", manual="postconf(5), reject_rbl_client")
def notices_of_the_list_do_not_count(bench: Bench) -> None:
    """A firm about which the list answers 127.255.255.254, or 127.0.0.1 or .12, is not taken for a listed one."""
    for client in ("198.51.100.66", "198.51.100.67", "198.51.100.68"):
        bench.letter(client, "kim@asked-too-often.example", "alice@domain.ork").accepted()


@check(1, hint="A list has more than one code.", manual="postconf(5), reject_rbl_client")
def every_kind_of_listing_counts(bench: Bench) -> None:
    """Clients that are listed with other codes, 127.0.0.2, .7 and .11, are refused as well."""
    bench.world.zones.read("7.44.18.198.bl.example. IN A 127.0.0.7\n")
    for client in ("203.0.113.10", "203.0.113.11", bench.another("dsl-9.pool.example", "198.18.44.7")):
        bench.letter(client, "kim@friend.example", "alice@domain.ork", helo="mx.bulk.example").refused("5")


@check(1, hint="Is it the list that decides?", manual="postconf(5), reject_rbl_client")
def the_list_is_asked_each_time(bench: Bench) -> None:
    """Who is listed tomorrow is refused tomorrow, and who is taken off the list can write."""
    zones = bench.world.zones
    zones.read("200.113.0.203.bl.example. IN A 127.0.0.2\n")
    bench.letter("203.0.113.200", "kim@friend.example", "alice@domain.ork", helo="mx.bulk.example").refused("5")
    zones.remove("9.113.0.203.bl.example", "A")
    bench.letter("203.0.113.9", "kim@friend.example", "alice@domain.ork", helo="mx.bulk.example").accepted()


@check(1, hint="Do you know all firms that may want to write?", manual="postconf(5), smtpd_sender_restrictions")
def new_firms_may_write(bench: Bench) -> None:
    """A firm of which nobody has heard before can write to Alice, and to Bob."""
    bench.world.zones.read("newcomer.example. IN MX 10 mx.newcomer.example.\nmx.newcomer.example. IN A 203.0.113.200\n")
    for name in ("alice", "bob"):
        bench.letter(
            "203.0.113.200", "eve@newcomer.example", f"{name}@domain.ork", helo="mx.newcomer.example"
        ).accepted()


@check(1, hint="Which names does a name in mynetworks cover?", manual="postconf(5), parent_domain_matches_subdomains")
def its_relatives_may_not_relay(bench: Bench) -> None:
    """Another computer of partner.example cannot send through us to third parties."""
    name = "pc7.partner.example"
    bench.world.zones.read(f"{name}. IN A 203.0.113.200\n200.113.0.203.in-addr.arpa. IN PTR {name}.\n")
    bench.letter("203.0.113.200", "eve@partner.example", "joe@friend.example").refused()


@check(1, hint="By what is it trusted?", manual="postconf(5), mynetworks")
def the_partner_may_move(bench: Bench) -> None:
    """When the name hosting.partner.example gets a third address, it can send from there, too."""
    bench.world.zones.read(
        "hosting.partner.example. IN A 198.51.100.132\n132.100.51.198.in-addr.arpa. IN PTR hosting.partner.example.\n"
    )
    bench.letter("198.51.100.132", "shop@partner.example", "joe@friend.example").accepted()


@check(1, hint="Is 250 a promise?", manual="header_checks(5), DISCARD")
def nothing_vanishes(bench: Bench) -> None:
    """An invitation with the word `free` in its subject arrives, and a FREE OFFER!! does, or is refused."""
    text = "Subject: are you free on Friday?\n\nLunch?"
    bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text=text).accepted()
    bench.arrives("alice", "Subject: are you free", within=60.0)
    offer = bench.letter(FIRM, "joe@friend.example", "alice@domain.ork", text="Subject: FREE OFFER!!\n\nBuy.")
    if offer.text.startswith("2"):
        bench.arrives("alice", "Subject: FREE OFFER!!", within=60.0)


@check(1, hint="Who is in mynetworks?", manual="postconf(5), smtpd_relay_restrictions")
def strangers_may_not_relay(bench: Bench) -> None:
    """A stranger, and another firm, cannot send mail to third parties, also where they claim to be Alice."""
    for client in ("203.0.113.200", FIRM):
        for sender in ("me@friend.example", "alice@domain.ork"):
            bench.letter(client, sender, "somebody@elsewhere.example").refused()


@check(1, hint="Is there but one domain that does not exist?", manual="postconf(5), reject_unknown_sender_domain")
def any_forged_sender_is_refused(bench: Bench) -> None:
    """Senders of other domains that do not exist, and with other half addresses, are refused."""
    for sender in ("win@a-million.example", "win@lottery", "win"):
        bench.letter("203.0.113.200", sender, "alice@domain.ork", helo="mx.bulk.example").refused()


@check(1, hint="How many PCs can the office have?", manual="postconf(5), mynetworks")
def every_pc_may_send(bench: Bench) -> None:
    """Another PC of the office, from elsewhere in `192.168.*`, can send mail to anywhere."""
    client = bench.another("pc1.domain.ork", "192.168.44.5")
    bench.letter(client, "bob@domain.ork", "joe@friend.example", helo="annes-laptop").accepted()
