"""NAME
    sanity - what keeps every program of Postfix from running

DESCRIPTION
    Checks that all programs make as they read the parameters which all of them need; one that fails is fatal to
    daemons and commands alike, so that the mail system does not start.

PARAMETERS
    compatibility_level, default_privs, default_verp_delimiters, inet_interfaces, inet_protocols, mail_owner,
    maillog_file, maillog_file_prefixes, mydomain, myhostname, myorigin, relayhost, setgid_group, syslog_facility,
    verp_delimiter_filter

DIAGNOSTICS
    `Fatal`, after a warning where a host name is malformed.

SEE ALSO
    postconf(5)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simmail.files.machine import Account
from simmail.mail.errors import Fatal
from simmail.mail.hostnames import hostname_fault
from simmail.postfix.own_addresses import own_addresses, protocols, words

if TYPE_CHECKING:
    from simmail.postfix.config import Config

FACILITIES = frozenset(
    "auth authpriv cron daemon ftp kern lpr mail news security syslog user uucp "
    "local0 local1 local2 local3 local4 local5 local6 local7".split()
)
#: Commands that do not mind where the log is.
NEVER_LOG = frozenset({"postcat", "postconf"})


def _bad(config: Config, parameters: str, what: str) -> Fatal:
    return Fatal(f"file {config.path}: {parameters}: {what}")


def _level(config: Config) -> None:
    config.compatibility  # noqa: B018 - reading it is what fails


def _facility(config: Config) -> None:
    facility = config["syslog_facility"]
    if facility not in FACILITIES:
        raise _bad(config, "parameter syslog_facility", f"unrecognized value: {facility}")


def _protocols(config: Config) -> None:
    protocols(config["inet_protocols"])


def _hostnames(config: Config) -> None:
    for name in ("myhostname", "mydomain"):
        fault = hostname_fault(config[name])
        if fault:
            config.warn("warning", f"valid_hostname: {fault}")
            raise _bad(config, f"parameter {name}", f"bad parameter value: {config[name]}")


def _account(config: Config, parameter: str) -> Account:
    name = config[parameter]
    account = config.machine.accounts.get(name)
    if account is None:
        raise _bad(config, f"parameter {parameter}", f"unknown user name value: {name}")
    if account.uid == 0:
        raise _bad(config, f"parameter {parameter}", f"user {name} has privileged user ID")
    if account.gid == 0:
        raise _bad(config, f"parameter {parameter}", f"user {name} has privileged group ID")
    return account


def _privileges(config: Config) -> None:
    """default_privs, mail_owner and setgid_group must be three that have nothing in common."""
    default = _account(config, "default_privs")
    owner = _account(config, "mail_owner")
    for other in config.machine.accounts.values():
        if other.uid == owner.uid:
            if other.name != owner.name:
                what = f"user {owner.name} has same user ID as {other.name}"
                raise _bad(config, "parameter mail_owner", what)
            break
    group: str = config["setgid_group"]
    gid = config.machine.groups().get(group)
    if gid is None:
        raise _bad(config, "parameter setgid_group", f"unknown group name: {group}")
    if gid == 0:
        raise _bad(config, "parameter setgid_group", f"group {group} has privileged group ID")
    if default.name == owner.name:
        what = f"parameters default_privs and mail_owner specify the same user {owner.name}"
        raise Fatal(f"file {config.path}: {what}")
    for one, other_one, first, second, same, number in (
        ("default_privs", "mail_owner", default.uid, owner.uid, f"users {default.name} and {owner.name}", "user ID"),
        ("default_privs", "mail_owner", default.gid, owner.gid, f"users {default.name} and {owner.name}", "group ID"),
        ("default_privs", "setgid_group", default.gid, gid, f"user {default.name} and group {group}", "group ID"),
        ("mail_owner", "setgid_group", owner.gid, gid, f"user {owner.name} and group {group}", "group ID"),
    ):
        if first == second:
            raise _bad(config, f"parameters {one} and {other_one}", f"{same} have the same {number}: {first}")


def _interfaces(config: Config) -> None:
    enabled = protocols(config["inet_protocols"])
    own_addresses(config.machine, config["inet_interfaces"], enabled)


def _identity(config: Config) -> None:
    myhostname, relayhost, myorigin = config["myhostname"], config["relayhost"], config["myorigin"]
    if myhostname.lower() == relayhost.lower():
        raise Fatal(f"myhostname and relayhost parameter settings must not be identical: {myhostname}")
    if len(words(myorigin + ".")) > 1 or words(myorigin) != [myorigin]:
        raise Fatal(f"myorigin parameter setting must not contain multiple values: {myorigin}")


def _verp(config: Config) -> None:
    allowed, delimiters = config["verp_delimiter_filter"], config["default_verp_delimiters"]
    for position, delimiter in zip(("first", "second"), delimiters, strict=False):
        if delimiter not in allowed:
            what = f"bad {position} VERP delimiter character"
            raise _bad(config, "parameters default_verp_delimiters and verp_delimiter_filter", what)


def _log_file(config: Config) -> None:
    """maillog_file must lie where log files may be, but for the commands that never log."""
    path: str = config["maillog_file"]
    prefixes = words(config["maillog_file_prefixes"])
    if path and config.program not in NEVER_LOG and not path.startswith(tuple(prefixes)):
        raise Fatal(f"maillog_file value '{path}' does not match any prefix in maillog_file_prefixes")


#: A parameter -> what is checked once it has been read.
CHECKS: dict[str, tuple[Callable[[Config], None], ...]] = {
    "compatibility_level": (_level,),
    "known_tcp_ports": (_facility,),
    "dns_ncache_ttl_fix_enable": (_protocols,),
    "mydomain": (_hostnames,),
    "in_flow_delay": (_privileges,),
    "mynetworks": (_interfaces, _identity, _verp, _log_file),
}
