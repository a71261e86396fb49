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
