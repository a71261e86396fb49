"""Three clean hosts to plant mistakes in: the course's, a fresh Debian's, one with many domains and virtual users."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from tests.world.test_stock_host import MAIN_CF, MASTER_CF

#: When sources were last edited, and when they were compiled (seconds since 1970).
EDITED, COMPILED = 1_700_000_000, 1_700_000_100

COURSE = """\
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
program_directory = /usr/lib/postfix

smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
setgid_group = postdrop
biff = no

# appending .domain is the MUA's job.
append_dot_mydomain = no

mydomain = domain.ork
myhostname = mail.domain.ork
alias_maps = hash:/etc/aliases
myorigin = /etc/mailname
mydestination = $myhostname, $mydomain, ,localhost
relayhost =
mynetworks = 192.168.0.0/16, 127.0.0.0/8
#mailbox_command = procmail -a "$EXTENSION"
mailbox_size_limit = 0
recipient_delimiter = +
compatibility_level = 3.6
"""

#: Debian's own, for a host with a domain.
DEBIAN = (
    MAIN_CF.replace("vm.domain.ork", "mail.debian.test")
    .replace("vm, localhost.localdomain, ,", "debian.test,")
    .replace("/etc/mailname", "$mydomain")
)

MANY = """\
compatibility_level = 3.7
myhostname = mx.hosting.test
mydomain = hosting.test
myorigin = $mydomain
mydestination = $myhostname, localhost
mynetworks = 127.0.0.0/8, 10.7.0.0/24
alias_maps = hash:/etc/aliases

virtual_mailbox_domains = shop.test, garden.test
virtual_mailbox_base = /var/vmail
virtual_mailbox_maps = hash:/etc/postfix/vmailbox
virtual_alias_domains = letters.test
virtual_alias_maps = hash:/etc/postfix/virtual
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000

smtpd_helo_required = yes
smtpd_client_restrictions =
    permit_mynetworks,
    # what our providers know of dynamic addresses
    reject_rbl_client zen.spamhaus.org=127.0.0.[2..11]
smtpd_helo_restrictions =
    permit_mynetworks, reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
smtpd_sender_restrictions = permit_mynetworks,
    check_sender_access hash:/etc/postfix/senders,
    reject_non_fqdn_sender,
    reject_unknown_sender_domain
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
mime_header_checks = pcre:/etc/postfix/mime_checks
"""


class Base(NamedTuple):
    """A clean host: its name, a domain whose mail ends there, its files, and those that are compiled."""

    name: str
    domain: str
    files: dict[str, str]
    compiled: tuple[str, ...]


ALIASES = "postmaster: root\nroot: joe\ntaxes: joe\n"
BASES = (
    Base(
        "course", "domain.ork",
        {"etc/postfix/main.cf": COURSE, "etc/aliases": ALIASES, "etc/mailname": "domain.ork\n"}, ("etc/aliases",),
    ),
    Base(
        "debian", "debian.test",
        {"etc/postfix/main.cf": DEBIAN, "etc/postfix/master.cf": MASTER_CF, "etc/aliases": ALIASES}, ("etc/aliases",),
    ),
    Base(
        "many", "hosting.test",
        {
            "etc/postfix/main.cf": MANY,
            "etc/aliases": ALIASES,
            "etc/postfix/vmailbox": "ann@shop.test shop/ann/\nben@garden.test garden/ben/\n",
            "etc/postfix/virtual": "info@letters.test ann@shop.test\npostmaster@letters.test root\n",
            "etc/postfix/senders": "spam.example REJECT no\nfriend.example DUNNO\n",
            "etc/postfix/mime_checks":
                '/^Content-(Type|Disposition):.*name\\s*=\\s*"?[^" ]+\\.(exe|vbs|scr)"?\\s*$/ REJECT banned\n',
        },
        ("etc/aliases", "etc/postfix/vmailbox", "etc/postfix/virtual", "etc/postfix/senders"),
    ),
)  # fmt: skip


def write(folder: Path, files: dict[str, str], compiled: tuple[str, ...], edited: tuple[str, ...] = ()) -> Path:
    """A host's folder.

    Args:
        folder: where to make it.
        files: path -> text.
        compiled: the files that have a database beside them.
        edited: those that were changed after that.
    """
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        moment = COMPILED + 3600 if name in edited else EDITED
        os.utime(path, (moment, moment))
    for name in compiled:
        path = folder / f"{name}.db"
        path.write_bytes(b"\0")
        os.utime(path, (COMPILED, COMPILED))
    (folder / "home/joe").mkdir(parents=True, exist_ok=True)
    (folder / "home/joe/.profile").write_text("")
    return folder
