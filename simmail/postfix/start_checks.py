"""NAME
    start_checks - words that a program looks up as it starts

DESCRIPTION
    Some parameters are words of a few that there are.  Which program minds a wrong one as it starts is another
    question than which has a use for it.

PARAMETERS
    header_from_format, mailbox_delivery_lock, sun_mailtool_compatibility, virtual_mailbox_lock, smtp_sasl_auth_enable,
    lmtp_sasl_auth_enable

DIAGNOSTICS
    `Fatal` in the words of the log.
"""

from __future__ import annotations

from collections.abc import Callable

from simmail.mail.errors import Fatal
from simmail.postfix.config import Config

#: How much a program may ask of TLS.
TLS_LEVELS = frozenset({"none", "may", "encrypt", "dane", "dane-only", "half-dane", "fingerprint", "verify", "secure"})
LOCKS = frozenset({"flock", "fcntl", "dotlock"})


def check_level(level: str) -> str:
    """A TLS level that there is, or none; the same again.  Raises Fatal."""
    if level and level.lower() not in TLS_LEVELS:
        raise Fatal(f'Invalid TLS level "{level}"')
    return level


def _from_format(config: Config) -> None:
    value = config["header_from_format"]
    if value not in ("standard", "obsolete"):
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
