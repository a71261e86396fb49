"""NAME
    parameters - the table of all parameters

DESCRIPTION
    One row for each parameter that Postfix 3.7 knows (`parameters.tsv`), and the parameters that each program reads
    (`programs.cf`).  A delivery transport of any name has parameters of its own, `NAME_destination_recipient_limit`,
    whose defaults are parameters too.

SEE ALSO
    postconf(5)
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from simmail.postfix.maincf import logical_lines, split_name_value


class Parameter(NamedTuple):
    """A parameter of main.cf.

    Args:
        name: its name.
        type: `str`, `raw` (a text that is not expanded when it is read), `int`, `bool`, `time`.
        minimum, maximum: the bounds of a number, of seconds, or of a text's length; 0 for none.
        unsimulated: why it has no effect here though it has one in life (a key of `not_simulated.REASONS`), or "".
        default: the default value, unexpanded; "" for one that is derived from the machine.
        meaning: one line that says what it is for; may be empty.
    """

    name: str
    type: str
    minimum: int
    maximum: int
    unsimulated: str
    default: str
    meaning: str

    @property
    def unit(self) -> str:
        """The unit of a time given without one: that of the default."""
        model = parameters().get(self.default[1:])
        return model.unit if model else self.default[-1:]


#: What a delivery transport's name is followed by in its own parameters -> the parameter that is their default.
TRANSPORT_SUFFIXES: dict[str, str] = {
    "_recipient_limit": "default_recipient_limit",
    "_extra_recipient_limit": "default_extra_recipient_limit",
    "_recipient_refill_limit": "default_recipient_refill_limit",
    "_recipient_refill_delay": "default_recipient_refill_delay",
    "_delivery_slot_cost": "default_delivery_slot_cost",
    "_delivery_slot_loan": "default_delivery_slot_loan",
    "_delivery_slot_discount": "default_delivery_slot_discount",
    "_minimum_delivery_slots": "default_minimum_delivery_slots",
    "_initial_destination_concurrency": "initial_destination_concurrency",
    "_destination_concurrency_limit": "default_destination_concurrency_limit",
    "_destination_recipient_limit": "default_destination_recipient_limit",
    "_destination_concurrency_positive_feedback": "default_destination_concurrency_positive_feedback",
    "_destination_concurrency_negative_feedback": "default_destination_concurrency_negative_feedback",
    "_destination_concurrency_failed_cohort_limit": "default_destination_concurrency_failed_cohort_limit",
    "_destination_rate_delay": "default_destination_rate_delay",
    "_transport_rate_delay": "default_transport_rate_delay",
}
TIME_LIMIT: dict[str, str] = {"_time_limit": "command_time_limit"}
#: A program -> the suffixes of the parameters that each of its services has.
SERVICE_SUFFIXES: dict[str, dict[str, str]] = {
    **dict.fromkeys(("local", "error", "virtual", "smtp", "lmtp"), TRANSPORT_SUFFIXES),
    "pipe": TIME_LIMIT | TRANSPORT_SUFFIXES,
    "spawn": TIME_LIMIT,
}
_LONGEST_FIRST = sorted((TIME_LIMIT | TRANSPORT_SUFFIXES).items(), key=lambda pair: -len(pair[0]))

#: Old names that only live on in the default of another parameter; they are known, and empty.
LEGACY: frozenset[str] = frozenset(
    """
    authorized_verp_clients fallback_relay lmtp_per_record_deadline postscreen_blacklist_action postscreen_dnsbl_ttl
    postscreen_dnsbl_whitelist_threshold postscreen_whitelist_interfaces smtp_per_record_deadline
    smtpd_client_connection_limit_exceptions smtpd_per_record_deadline tlsproxy_client_level tlsproxy_client_policy
    virtual_maps
    """.split()
)
#: Parameters whose defaults are told by the machine.
DERIVED: frozenset[str] = frozenset({"mydomain", "myhostname", "mynetworks"})
#: What cannot be set: Postfix knows better.
READ_ONLY: frozenset[str] = frozenset({"process_id", "process_name"})


@lru_cache(1)
def parameters() -> dict[str, Parameter]:
    """All parameters by name, in alphabetical order."""
    text = files("simmail.postfix").joinpath("parameters.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {
        name: Parameter(name, type, int(minimum or 0), int(maximum or 0), unsimulated, default, meaning)
        for name, type, minimum, maximum, unsimulated, default, meaning in rows
    }


@lru_cache(1)
def readers() -> dict[str, tuple[str, ...]]:
    """A program's name -> the parameters that it reads, in its order, after those of `*`, which all programs read."""
    text = files("simmail.postfix").joinpath("programs.cf").read_text(encoding="utf-8")
    lines = logical_lines(text, "programs.cf", lambda level, line: None)
    pairs = (split_name_value(line.text) for line in lines)
    return {name: tuple(value.split()) for name, value in pairs}


def find(name: str) -> Parameter | None:
    """The row of a parameter; one is made up for a transport's own."""
    known = parameters().get(name)
    if known is not None:
        return known
    for suffix, default in _LONGEST_FIRST:
        if name.endswith(suffix) and len(name) > len(suffix):
            model = parameters()[default]
            return model._replace(name=name, default="$" + default, meaning=f"{default} for this transport")
    return None
