"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(1, hint="Is the web server's own name still there?", manual="RFC 1035, section 5")
def the_web_site_is_still_found(bench: Bench) -> None:
    """The web site keeps its address and its reverse name."""
    address, name = bench.sh("host -t a www.domain.ork"), bench.sh("host 192.0.2.80")
    bench.expect("192.0.2.80" in address, "www.domain.ork has lost its address", address.splitlines())
    bench.expect("www.domain.ork" in name, "192.0.2.80 has lost its name", name.splitlines())
