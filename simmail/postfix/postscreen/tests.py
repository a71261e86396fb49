"""NAME
    postscreen.tests - what postscreen tests a client for

DESCRIPTION
    Two tests come before the greeting: whether the client waits for its turn, and what DNS lists say of its address.
    Three may follow after it: whether the client waits for replies, sends only SMTP commands, ends lines with CR LF.
    Each has a time for which having passed it counts, and an action for clients that fail.

PARAMETERS
    postscreen_greet_action, postscreen_greet_ttl, postscreen_dnsbl_action, postscreen_pipelining_enable,
    postscreen_pipelining_action, postscreen_pipelining_ttl, postscreen_non_smtp_command_*, postscreen_bare_newline_*,
    postscreen_denylist_action, postscreen_dnsbl_sites, postscreen_greet_banner

DIAGNOSTICS
    `Fatal`: bad PARAMETER value: VALUE

BUGS
    Lines always end with CR LF here, so that nobody fails the last test.

SEE ALSO
    POSTSCREEN_README
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

from simmail.mail.errors import Fatal

if TYPE_CHECKING:
    from simmail.postfix.config import Config


class Test(Enum):
    """A test; the value is the beginning of its parameters' names."""

    PREGREET = "greet"
    DNSBL = "dnsbl"
    PIPELINING = "pipelining"
    NON_SMTP = "non_smtp_command"
    BARE_NEWLINE = "bare_newline"

    @property
    def action(self) -> str:
        """The parameter that says what is done about clients that fail."""
        return f"postscreen_{self.value}_action"


#: In the order in which the cache keeps them.
TESTS = tuple(Test)
#: Those that come after the greeting.
DEEP = frozenset({Test.PIPELINING, Test.NON_SMTP, Test.BARE_NEWLINE})


DENYLIST = "postscreen_denylist_action"


class Action(Enum):
    """What is done about a client that fails."""

    IGNORE = "ignore"
    ENFORCE = "enforce"
    DROP = "drop"


def action(config: Config, parameter: str) -> Action:
    """The action that a parameter names.  Raises Fatal for none."""
    value: str = config[parameter]
    try:
        return Action(value.lower())
    except ValueError:
        raise Fatal(f"bad {parameter} value: {value}") from None


def actions(config: Config) -> Mapping[str, Action]:
    """What is done about clients that the access list refuses, or that fail a test, by parameter.  Raises Fatal."""
    tests = (Test.DNSBL, Test.PREGREET, Test.PIPELINING, Test.NON_SMTP, Test.BARE_NEWLINE)
    return {name: action(config, name) for name in (DENYLIST, *(test.action for test in tests))}


def enabled(config: Config) -> frozenset[Test]:
    """The tests that main.cf asks for."""
    found = {test for test in DEEP if config[f"postscreen_{test.value}_enable"]}
    if config["postscreen_greet_banner"]:
        found.add(Test.PREGREET)
    if config["postscreen_dnsbl_sites"]:
        found.add(Test.DNSBL)
    return frozenset(found)
