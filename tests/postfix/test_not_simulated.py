"""What has an effect in life and none here is listed, with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simmail.files.machine import Machine
from simmail.postfix.not_simulated import REASONS, unsimulated
from simmail.postfix.parameters import parameters

MASTER_CF = "smtp inet n - n - - smtpd\n"
#: Parameters that no program reads and that change nothing in life: where documentation and files lie.
INERT = re.compile(r"(html|manpage|meta|process_id|readme|sample|shlib)_directory|sun_mailtool_compatibility")

LISTED = {
    "smtpd_tls_security_level = may": "smtpd_tls_security_level: connections are never encrypted here",
    "smtpd_sasl_auth_enable = yes": "smtpd_sasl_auth_enable: nobody logs in here",
    "smtpd_milters = inet:localhost:8891": "smtpd_milters: there are no Milters here",
    "virtual_alias_maps = hash:/etc/a, ldap:/etc/b": "virtual_alias_maps: there are no ldap tables here",
    "virtual_alias_maps = unionmap:{hash:/etc/a,mysql:/etc/b}": "virtual_alias_maps: there are no mysql tables here",
    "alias_maps = proxy:pgsql:/etc/a": "alias_maps: there are no pgsql tables here",
    "smtpd_recipient_restrictions = permit_tls_clientcerts, reject": (
        "smtpd_recipient_restrictions: permit_tls_clientcerts: connections are never encrypted here"
    ),
    "multi_instance_enable = yes": "multi_instance_enable: a host has one Postfix here",
}


def host(main_cf: str, master_cf: str = MASTER_CF) -> Machine:
    """A machine with these files."""
    machine = Machine("mail")
    machine.files.write("/etc/postfix/main.cf", main_cf)
    machine.files.write("/etc/postfix/master.cf", master_cf)
    return machine


@pytest.mark.parametrize("setting", LISTED)
def test_a_setting_without_effect_is_listed_where_it_stands(setting: str) -> None:
    """The third line of main.cf is named, and the reason."""
    found = unsimulated(host(f"compatibility_level = 3.6\n\n{setting}\n"))
    assert [str(finding) for finding in found] == [str(finding) for finding in found if finding.location.line == 3]
    assert any(f"{finding.parameter}: {finding.why}".startswith(LISTED[setting]) for finding in found)


@pytest.mark.parametrize(
    "setting",
    [
        "smtpd_tls_security_level =",
        "smtpd_sasl_auth_enable = ${nothing?yes}${nothing:no}",
        "smtpd_milters = $smtpd_milters_of_ours",
        "mynetworks = 192.168.0.0/16, hash:/etc/postfix/networks",
        "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination",
        "smtpd_banner = $mail_name ldap",
    ],
)
def test_what_works_or_is_the_default_is_not_listed(setting: str) -> None:
    """A value that says no more than the default, and whatever is simulated, is left in peace."""
    assert unsimulated(host(f"compatibility_level = 3.6\n{setting}\n")) == []


def test_options_and_services_of_master_cf_are_listed() -> None:
    """An option is told with the line that has it, not with that of its service."""
    master = (
        MASTER_CF
        + "submission inet n - n - - smtpd\n  -o syslog_name=postfix/submission\n"
        + "  -o smtpd_tls_security_level=encrypt\n"
        + "628 inet n - n - - qmqpd\n"
    )
    found = [str(finding).partition(" ")[0] for finding in unsimulated(host("", master))]
    assert found == ["/etc/postfix/master.cf:4:", "/etc/postfix/master.cf:5:"]


def test_files_that_cannot_be_read_give_no_findings() -> None:
    """Those are for postconf and the start of Postfix to complain of."""
    assert unsimulated(Machine("mail")) == []
    assert unsimulated(host("smtpd_tls_security_level = may\nno setting\n", "smtp inet\n")) == []


def test_every_parameter_is_read_or_says_why_not(root: Path) -> None:
    """A parameter that the sources never name has a reason in the table, or changes nothing in life either."""
    texts = (p.read_text(encoding="utf-8") for p in (root / "simmail").rglob("*.py") if p.name != "parameters.py")
    words = {word for text in texts for word in re.findall(r"[a-z0-9_]+", text)}

    def named(name: str) -> bool:
        """The name stands there, or its beginning and its end do (`f"{prefix}_helo_timeout"`)."""
        parts = name.split("_")
        ends = ("_".join(parts[i:]) for i in range(1, len(parts)))
        return name in words or any("_" + end in words or (end in words and name[: -len(end)] in words) for end in ends)

    unread = [p.name for p in parameters().values() if not (p.unsimulated or named(p.name) or INERT.fullmatch(p.name))]
    assert unread == []
    assert {p.unsimulated for p in parameters().values()} - {""} == set(REASONS)
