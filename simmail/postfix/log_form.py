"""NAME
    log_form - how addresses are written in the log

DESCRIPTION
    In their external form an address with blanks or other strange characters before the @ has quotes; in the internal
    one it stands there as programs know it.

PARAMETERS
    info_log_address_format

DIAGNOSTICS
    `Fatal`: invalid parameter setting "info_log_address_format = NAME": when there is an address to log

SEE ALSO
    postconf(5), info_log_addr_form(3)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from simmail.mail.address import quote_local
from simmail.mail.errors import Fatal

if TYPE_CHECKING:
    from simmail.postfix.config import Config

PARAMETER = "info_log_address_format"
_PLAIN = re.compile(r"[A-Za-z0-9+=_-]+(?:\.[A-Za-z0-9+=_-]+)*(?:@[A-Za-z0-9.-]+)?")


@lru_cache(4096)
def shown(address: str) -> str:
    """An address as people write it."""
    return address if not address or _PLAIN.fullmatch(address) else quote_local(address)


#: The forms that there are.
FORMS: dict[str, Callable[[str], str]] = {"external": shown, "internal": str}


def log_form(config: Config) -> Callable[[str], str]:
    """What writes a program's addresses into the log."""
    name: str = config[PARAMETER]

    def invalid(address: str) -> str:
        raise Fatal(f'invalid parameter setting "{PARAMETER} = {name}"')

    return FORMS.get(name.lower(), invalid)
