"""NAME
    start_checks - words that a program looks up as it starts

DESCRIPTION
    Some parameters are words of a few that there are.  Which program minds a wrong one as it starts is another
    question than which has a use for it.

PARAMETERS
    header_from_format, mailbox_delivery_lock, sun_mailtool_compatibility, virtual_mailbox_lock, smtp_sasl_auth_enable,
    lmtp_sasl_auth_enable, *_tls_security_level, *_use_tls, *_enforce_tls

DIAGNOSTICS
    `Fatal` in the words of the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simmail.mail.errors import Fatal
from simmail.postfix.config import Config

#: How much a program may ask of TLS; a server can ask for no more than `encrypt`, and those of clients are none of its.
TLS_LEVELS = frozenset({"none", "may", "encrypt", "dane", "dane-only", "half-dane", "fingerprint", "verify", "secure"})
CLIENT_LEVELS = frozenset({"dane", "dane-only", "half-dane"})
BEYOND_ENCRYPT = frozenset({"fingerprint", "verify", "secure"})
#: What a program says that wants TLS, and has no tlsmgr(8) that could give it random numbers.
NO_TLSMGR = (
    *("connect to private/tlsmgr: No such file or directory",) * 2,
    "problem talking to server private/tlsmgr: No such file or directory",
    "no entropy for TLS key generation: disabling TLS support",
)
LOCKS = frozenset({"flock", "fcntl", "dotlock"})


class ServerTls(NamedTuple):
    """What a server asks of TLS.

    Args:
        offered: whether clients may use it.
        required: whether they have to.
        doubt: what is wrong with the level that main.cf names; "" for nothing.
    """

    offered: bool
    required: bool
    doubt: str = ""


def check_level(level: str) -> str:
    """A TLS level that there is, or none; the same again.  Raises Fatal."""
    if level and level.lower() not in TLS_LEVELS:
        raise Fatal(f'Invalid TLS level "{level}"')
    return level


def server_tls(config: Config, prefix: str) -> ServerTls:
    """What the server with a prefix (`smtpd`, `postscreen`) asks of TLS: its level, or the two old switches.

    Raises:
        Fatal: there is no such level, or not for a server.
    """
    parameter = f"{prefix}_tls_security_level"
    text = check_level(str(config[parameter]))
    level = text.lower()
    if level in CLIENT_LEVELS:
        raise Fatal(f'Invalid TLS level "{text}"')
    if level in BEYOND_ENCRYPT:
        return ServerTls(True, True, f'{parameter}: unsupported TLS level "{text}", using "encrypt"')
    if level:
        return ServerTls(level != "none", level == "encrypt")
    required: bool = config[f"{prefix}_enforce_tls"]
    return ServerTls(required or bool(config[f"{prefix}_use_tls"]), required)


def _from_format(config: Config) -> None:
    value = config["header_from_format"]
    if value.lower() not in ("standard", "obsolete"):
        raise Fatal(f'invalid setting: "header_from_format = {value}"')


def _mailbox_locks(config: Config) -> None:
    locks = config.mask("mailbox_delivery_lock", LOCKS)
    if config["sun_mailtool_compatibility"]:
        config.warn(
            "warning",
            'sun_mailtool_compatibility: deprecated parameter, use "mailbox_delivery_lock = dotlock" instead',
        )
        locks &= {"dotlock"}
    if not locks:
        raise Fatal("parameter mailbox_delivery_lock specifies no applicable mailbox locking method")


def _virtual_locks(config: Config) -> None:
    try:
        config.mask("virtual_mailbox_lock", LOCKS)
    except Fatal as fatal:  # virtual(8) names the other's parameter
        raise Fatal(fatal.text.replace("virtual_mailbox_lock", "mailbox_delivery_lock", 1)) from None


def _passwords(prefix: str) -> Callable[[Config], None]:
    def check(config: Config) -> None:
        if config[f"{prefix}_sasl_auth_enable"] and not config[f"{prefix}_sasl_password_maps"]:
            raise Fatal(f"specify a password table via the `{prefix}_sasl_password_maps' configuration parameter")

    return check


#: A program's file name -> what it checks.
CHECKS: dict[str, tuple[Callable[[Config], None], ...]] = {
    "bounce": (_from_format,),
    "cleanup": (_from_format,),
    "lmtp": (_from_format, _passwords("lmtp")),
    "local": (_mailbox_locks,),
    "smtp": (_from_format, _passwords("smtp")),
    "smtpd": (_from_format,),
    "virtual": (_virtual_locks,),
}
