"""The table of rules: each a function of the parsed host that yields findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simmail.lab.lint.finding import Finding
from simmail.lab.lint.parsed import Parsed
from simmail.lab.lint.rules import (
    access,
    blocklists,
    content,
    domains,
    identity,
    lists,
    names,
    networks,
    numbers,
    open_relay,
    running,
    services,
    syntax,
    tables,
)

RULES: tuple[Callable[[Parsed], Iterator[Finding]], ...] = (
    *syntax.RULES, *names.RULES, *running.RULES, *numbers.RULES, *networks.RULES, *lists.RULES, *access.RULES,
    *blocklists.RULES, *domains.RULES, *identity.RULES, *tables.RULES, *content.RULES, *services.RULES,
    *open_relay.RULES,
)  # fmt: skip
