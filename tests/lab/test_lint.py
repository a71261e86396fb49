"""Lint: each planted mistake is found on its line, clean hosts get no word, and what is said can be followed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simmail
from simmail import cli
from simmail.lab.lint.rules.blocklists import blocklists
from simmail.mail.errors import InputError
from simmail.world.folder import files_below
from simmail.world.master import STOCK_MASTER_CF
from tests.lab.bases import BASES, Base, write
from tests.lab.mistakes import MISTAKES, Mistake, plant
from tests.world.test_stock_host import MASTER_CF

ROOT = Path(__file__).parents[2]
BASE_NAMES = [base.name for base in BASES]


@pytest.mark.parametrize("base", BASES, ids=BASE_NAMES)
@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.name for mistake in MISTAKES])
def test_a_planted_mistake_is_found_on_its_line(mistake: Mistake, base: Base, tmp_path: Path) -> None:
    """Of its kind, on the line that was planted, and with at most two other words about it."""
    folder, file, line = plant(mistake, base, tmp_path)
    report = simmail.lint(folder)
    places = [(finding.code, finding.location.file, finding.location.line) for finding in report]
    assert (mistake.code, str(folder / file), line) in places
    assert len(places) <= 3, places


@pytest.mark.parametrize("base", BASES, ids=BASE_NAMES)
def test_a_clean_host_gets_no_word(base: Base, tmp_path: Path) -> None:
    """Neither an error nor a warning nor a note."""
    report = simmail.lint(write(tmp_path, base.files, base.compiled))
    assert [str(finding.location) for finding in report] == []
    assert str(report).endswith(": nothing to object")


@pytest.mark.parametrize("name", ["main.cf", "master.cf"])
def test_a_byte_order_mark_is_called_by_its_name(name: str, tmp_path: Path) -> None:
    """What is told of the line that it spoils is the mark, and not a name that looks like a parameter's."""
    files = dict(BASES[0].files)
    files.setdefault("etc/postfix/master.cf", MASTER_CF)
    files[f"etc/postfix/{name}"] = "\ufeff" + files[f"etc/postfix/{name}"].lstrip()
    folder = write(tmp_path, files, BASES[0].compiled)
    found = {finding.code: finding for finding in simmail.lint(folder)}
    assert found["byte-order-mark"].location == (f"{folder}/etc/postfix/{name}", 1)
    assert "byte-order mark (U+FEFF)" in found["byte-order-mark"].why
    assert "unknown-parameter" not in found


#: How a file was saved -> the kind of what is found, and words of it.
SAVED: dict[str, tuple[Callable[[str], bytes], str, str]] = {
    "UTF-16": (lambda text: text.encode("utf-16"), "saved-otherwise", "is UTF-16"),
    "UTF-16 without a mark": (lambda text: text.encode("utf-16-le"), "saved-otherwise", "is UTF-16"),
    "zeros": (lambda text: f"{text}a\0b\n".encode(), "saved-otherwise", "octets of zero"),
    "carriage returns": (lambda text: text.replace("\n", "\r").encode(), "saved-otherwise", "carriage returns"),
    "a mark": (lambda text: text.encode("utf-8-sig"), "byte-order-mark", "byte-order mark (U+FEFF)"),
}


@pytest.mark.parametrize("name", ["etc/postfix/main.cf", "etc/postfix/master.cf", "etc/aliases"])
@pytest.mark.parametrize("saved", SAVED)
def test_a_file_that_was_saved_otherwise_is_told_alone(saved: str, name: str, tmp_path: Path) -> None:
    """Of what follows from it, a line that means nothing or a Postfix that does not run, not a word is said."""
    encode, code, words = SAVED[saved]
    files = {"etc/postfix/master.cf": MASTER_CF, **BASES[0].files}
    folder = write(tmp_path, files, BASES[0].compiled)
    (folder / name).write_bytes(encode(files[name]))
    report = simmail.lint(folder)
    about = [finding for finding in report if finding.location.file == f"{folder}/{name}"]
    assert [(finding.code, finding.location.line) for finding in about if finding.severity == "error"] == [(code, 1)]
    assert words in about[0].why
    assert "does-not-run" not in {finding.code for finding in report}


#: The file, lines added at its end, which of them keeps Postfix from running, and what is advised.
ADVICE: dict[str, tuple[str, str, int, str]] = {
    "no equals sign": ("main.cf", "relayhost\n", 1, "Write NAME = VALUE."),
    "braces": ("main.cf", '{"relayhost": "x"}\n', 1, "Write NAME = VALUE."),
    "a field too few": ("master.cf", "smtp inet n - n - smtpd\n", 1, "Write eight fields"),
    "options at the beginning": ("master.cf", "-o soft_bounce=yes\n", 1, "begins with a blank"),
    "no such port": ("master.cf", "smptp inet n - n - - smtpd\n", 1, "smtp or submission"),
    "no such program": ("master.cf", "qmgr unix n - n 300 1 qmgrr\n", 1, "Write qmgr."),
    "blanks in an option": (
        "master.cf", "smtp inet n - n - - smtpd\n  -o soft_bounce = yes\n", 2, "Write -o NAME=VALUE",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ADVICE)
def test_the_place_and_the_advice_are_of_use(case: str, tmp_path: Path) -> None:
    """Where a message tells neither a learner, lint does."""
    name, text, line, advice = ADVICE[case]
    world = tmp_path / "mylab"
    shutil.copytree(ROOT / "labs/01-the-first-message", world)
    folder = world / "hosts/mail.domain.ork"
    file = folder / "etc/postfix" / name
    before = file.read_text(encoding="utf-8") if file.exists() else STOCK_MASTER_CF
    file.write_text(before + text, encoding="utf-8")
    report = simmail.lint(folder)
    found = [(f.location.file, f.location.line) for f in report if advice in f.instead]
    assert found == [(str(file), before.count("\n") + line)], str(report)


def test_services_that_are_missing_are_named(tmp_path: Path) -> None:
    """A master.cf of one entry keeps mail from going anywhere: which others it needs."""
    files = {**BASES[0].files, "etc/postfix/master.cf": "smtp inet n - n - - smtpd\n"}
    report = simmail.lint(write(tmp_path, files, BASES[0].compiled))
    assert any(
        f.location.file.endswith("master.cf") and "an entry for the service rewrite" in f.instead for f in report
    )


def test_what_a_broken_configuration_keeps_from_being_compiled_is_not_told(tmp_path: Path) -> None:
    """The world's own postalias fails as Postfix does; to run it again would help nobody."""
    world = tmp_path / "mylab"
    shutil.copytree(ROOT / "labs/01-the-first-message", world)
    folder = world / "hosts/mail.domain.ork"
    main = folder / "etc/postfix/main.cf"
    main.write_text(main.read_text(encoding="utf-8") + "relayhost\n", encoding="utf-8")
    assert [finding.code for finding in simmail.lint(folder)] == ["does-not-run"]


def laid(folder: Path, *layers: Path) -> Path:
    """A host's folder made of others, the later ones over the earlier."""
    for layer in layers:
        for name, text in files_below(layer):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    return folder


HOSTS = sorted(path.parents[2] for path in ROOT.glob("labs/*/hosts/*/etc/postfix/main.cf"))
AFTER = sorted(path.parents[2] for path in ROOT.glob("labs/*/policies/*after*/*/etc/postfix/main.cf"))
SOLUTIONS = sorted(path.parents[2] for path in ROOT.glob("exercises/*/solution/hosts/*/etc/postfix/main.cf"))


def test_there_are_hosts_to_look_at() -> None:
    """The folders that the next tests go through exist."""
    assert HOSTS
    assert SOLUTIONS


@pytest.mark.parametrize("host", [*AFTER, *SOLUTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_lab_or_an_exercise_ends_with_is_clean(host: Path, tmp_path: Path) -> None:
    """A policy called after, and an exercise's solution, laid over the world's host, get no word.

    But for one: who is told to hold mail is told as well that somebody has to look.
    """
    world = next(above for above in host.parents if above.parent.name in ("labs", "exercises"))
    base = world / ("world/hosts" if "exercises" in host.parts else "hosts") / host.name
    report = simmail.lint(laid(tmp_path / host.name, base, host))
    assert [str(finding.location) for finding in report if finding.code != "hold-rule"] == []


def test_a_finding_says_everything(tmp_path: Path) -> None:
    """File and line, what happens, why, what to write, and the page to read: as text, as JSON, as a table."""
    main = "smtpd_sender_restriction = reject_unknown_sender_domain\n"
    folder = write(
        tmp_path, {**BASES[0].files, "etc/postfix/main.cf": BASES[0].files["etc/postfix/main.cf"] + main}, ()
    )
    report = simmail.lint(folder)
    [finding] = report.json()["findings"]
    assert finding == {
        "severity": "error",
        "code": "unknown-parameter",
        "file": f"{folder}/etc/postfix/main.cf",
        "line": 23,
        "happens": "smtpd_sender_restriction is set, and nobody reads it.",
        "why": "Postfix 3.7 has no parameter of that name; it keeps silent about that, but for a warning of postconf "
        "on the terminal.",
        "instead": "Write smtpd_sender_restrictions.",
        "manual": "postconf(1)",
        "related": [],
    }
    for text in ("happens", "why", "instead", "manual"):
        assert finding[text] in str(report)
        assert finding[text] in report._repr_html_()
    assert str(report).startswith(f"{folder}/etc/postfix/main.cf:23: error: ")


def test_the_table_in_a_notebook_escapes(tmp_path: Path) -> None:
    """Nothing of the configuration becomes markup."""
    folder = write(tmp_path, {"etc/postfix/main.cf": "compatibility_level = 3.6\n<b>x</b> = 1\nmyhostname = a.b\n"}, ())
    page = simmail.lint(folder)._repr_html_()
    assert "&lt;b&gt;x&lt;/b&gt; is set" in page
    assert "<b>x" not in page


def test_errors_come_first(tmp_path: Path) -> None:
    """Sorted by how bad they are, then by line."""
    main = BASES[0].files["etc/postfix/main.cf"]
    added = "message_size_limit = 3000000\nsoft_bounce = yes\nlocal_recipient_maps =\n"
    report = simmail.lint(write(tmp_path, {**BASES[0].files, "etc/postfix/main.cf": main + added}, ()))
    assert [finding.severity for finding in report] == ["error", "warning", "note"]
    assert str(report).endswith("mail.domain.ork: 1 error, 1 warning, 1 note")


def test_an_open_relay_is_shown_by_a_session(tmp_path: Path) -> None:
    """The witness is a stranger's mail to a stranger, and what the server said to it."""
    mistake = next(m for m in MISTAKES if m.code == "open-relay")
    folder, _, _ = plant(mistake, BASES[0], tmp_path)
    [finding] = [f for f in simmail.lint(folder) if f.code == "open-relay"]
    assert "198.51.100.66 may send from <stranger@third.example> to <victim@fourth.example>: 250 2.0.0 Ok" in (
        finding.happens
    )
    told = simmail.explain(
        folder, client="198.51.100.66,unknown", helo="pc.third.example", sender="stranger@third.example",
        recipient="victim@fourth.example",
    )  # fmt: skip
    assert told.verdict == "accepted"


def test_a_closed_server_is_no_open_relay_by_name(tmp_path: Path) -> None:
    """A wide mynetworks that no list permits is told as wide, not as an open relay: that was tried."""
    main = BASES[0].files["etc/postfix/main.cf"].replace("192.168.0.0/16, ", "0.0.0.0/0, ")
    main += "smtpd_relay_restrictions = reject_unauth_destination\n"
    folder = write(tmp_path, {**BASES[0].files, "etc/postfix/main.cf": main}, ())
    assert [finding.code for finding in simmail.lint(folder)] == ["wide-mynetworks"]


def test_two_servers_that_send_everything_to_each_other(tmp_path: Path) -> None:
    """Within a world a relayhost that has this host for its own relayhost is told."""
    hosts = {"one": ("192.0.2.1", "two"), "two": ("192.0.2.2", "one")}
    yaml = "title: A circle\nstart: 2026-01-05T09:00:00\nsites: [here]\nhosts:\n"
    zone = ""
    for name, (address, other) in hosts.items():
        yaml += f"  {name}.test: {{site: here, address: {address}}}\n"
        zone += f"{name}.test. IN A {address}\n"
        folder = tmp_path / f"hosts/{name}.test/etc/postfix"
        folder.mkdir(parents=True)
        folder.joinpath("main.cf").write_text(
            f"compatibility_level = 3.6\nmyhostname = {name}.test\nalias_maps =\nrelayhost = [{other}.test]\n"
        )
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones/world.zone").write_text(zone)
    (tmp_path / "world.yaml").write_text(yaml)
    [finding] = simmail.lint(tmp_path / "hosts/one.test")
    assert finding.code == "relayhost-circle"
    assert finding.location.line == 4


def test_databases_are_not_asked_for_in_a_folder_of_sources(tmp_path: Path) -> None:
    """Without a single database nobody can tell what is compiled; that is said instead."""
    base = BASES[2]
    report = simmail.lint(write(tmp_path, base.files, ()))
    assert list(report) == []
    assert "no table here is compiled" in report.notices[-1]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with 1 where there is an error, and prints JSON when asked to."""
    base = BASES[0]
    folder = write(tmp_path / "clean", base.files, base.compiled)
    assert cli.main(["lint", str(folder)]) == 0
    assert capsys.readouterr().out == "mail.domain.ork: nothing to object\n"
    broken, _, _ = plant(MISTAKES[0], base, tmp_path / "broken")
    assert cli.main(["lint", str(broken), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["summary"] == "1 error"


def test_a_folder_that_is_none() -> None:
    """What is no host is told kindly."""
    with pytest.raises(InputError, match="is no folder"):
        simmail.lint("nosuch")


def test_a_host_without_dns_knows_its_own_name(tmp_path: Path) -> None:
    """A folder alone has no DNS that could know the name it listens at; any other name stays unknown."""
    folder = write(tmp_path, BASES[0].files, BASES[0].compiled)
    main_cf = folder / "etc/postfix/main.cf"
    given = main_cf.read_text()
    for interfaces, found in (("$myhostname, localhost", []), ("nobody.example", ["does-not-run"])):
        main_cf.write_text(f"{given}\ninet_interfaces = {interfaces}\n")
        assert [finding.code for finding in simmail.lint(folder)] == found


def test_files_outside_of_the_folder_are_never_looked_at(tmp_path: Path) -> None:
    """A table's name that climbs out of the folder finds nothing there."""
    (tmp_path / "secret").write_text("x y\n")
    (tmp_path / "secret.db").write_text("")
    os.utime(tmp_path / "secret.db", (1, 1))
    main = "compatibility_level = 3.6\nmyhostname = a.b\nvirtual_alias_maps = hash:/etc/postfix/../../../secret\n"
    folder = write(tmp_path / "host", {**BASES[0].files, "etc/postfix/main.cf": main}, ("etc/aliases",))
    assert [finding.code for finding in simmail.lint(folder)] == ["table-missing"]


def test_a_program_in_the_place_of_another_is_told_of_with_its_line(tmp_path: Path) -> None:
    """What is said of a service is placed where master.cf has it."""
    master = STOCK_MASTER_CF.replace("trivial-rewrite", "smtp")
    folder = write(tmp_path / "host", {**BASES[0].files, "etc/postfix/master.cf": master}, BASES[0].compiled)
    number = next(n for n, line in enumerate(master.splitlines(), 1) if line.startswith("rewrite "))
    places = [(f.code, f.location.file, f.location.line) for f in simmail.lint(folder)]
    assert ("does-not-run", str(folder / "etc/postfix/master.cf"), number) in places


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    """A table's name may be longer than any file's, and is that of a table that is not there."""
    main = f"compatibility_level = 3.6\nmyhostname = a.b\nvirtual_alias_maps = hash:/etc/postfix/{'x' * 300}\n"
    folder = write(tmp_path / "host", {**BASES[0].files, "etc/postfix/main.cf": main}, ("etc/aliases",))
    assert [finding.code for finding in simmail.lint(folder)] == ["table-missing"]


def test_blocklists_have_their_sources() -> None:
    """Each list that is called dead has a date, what became of it, and who says so."""
    assert blocklists()
    for row in blocklists().values():
        assert row.kind in ("ip", "domain")
        assert row.source.startswith("https://")
        assert bool(row.ended) == bool(row.fate)
        assert not row.ended or row.ended[:2] == "20"


NAMES = st.sampled_from(
    ["mynetworks", "relayhost", "mydestination", "smtpd_client_restrictions", "smtpd_recipient_restrictions",
     "virtual_alias_maps", "header_checks", "message_size_limit", "myorigin", "inet_interfaces", "relay_domains",
     "smtpd_restriction_classes", "transport_maps", "soft_bounce", "minimal_backoff_time", "nonsense"]
)  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["0.0.0.0/0", "$mydestination", "pcre:{{/a(/ REJECT}}", "inline:{a=OK}",
         "check_sender_access inline:{<>=REJECT}", "reject_rbl_client", "permit, reject",
         "[", "!", "hash:/nosuch", "10", "$nonsense", "${nonsense", "yes # no",
         "nonsense", "unionmap:{static:x,hash:/y}", "check_client_access cidr:{{0.0.0.0/0 OK}}"]
    ),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_any_configuration_is_looked_at(lines: list[tuple[str, str]], tmp_path: Path) -> None:
    """Whatever main.cf holds, there is a report with plain values, each finding in a file of the folder."""
    text = "compatibility_level = 3.6\nmyhostname = a.example\n" + "".join(f"{n} = {v}\n" for n, v in lines)
    (tmp_path / "main.cf").write_bytes(text.encode("utf-8", "surrogateescape"))
    told: dict[str, Any] = json.loads(json.dumps(simmail.lint(tmp_path).json()))
    for finding in told["findings"]:
        assert finding["happens"]
        assert "{" not in finding["code"]


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("local_recipient_maps", "smtpd"), ("virtual_alias_maps", "smtpd"), ("alias_maps", "smtpd"),
        ("transport_maps", "trivial-rewrite"), ("relocated_maps", "trivial-rewrite"),
        ("recipient_bcc_maps", "cleanup"), ("mime_header_checks", "cleanup"),
        ("mailbox_command_maps", "local"), ("smtp_generic_maps", "smtp"),
    ],
)  # fmt: skip
def test_a_table_without_a_type_keeps_the_program_from_running_that_is_named(name: str, program: str) -> None:
    """The one that dies as a letter comes and another goes."""
    world = simmail.load("12")
    host = world.host("mail.domain.ork")
    host.edit("main.cf", **{name: "/etc/postfix/x"})
    (found,) = (one for one in simmail.lint(host) if one.code == "table-without-type")
    assert found.happens.startswith(f"{program} does not run: ")
    host.sh("postfix reload")
    host.sh("sendmail alice@domain.ork vera@flowers.example", stdin="Subject: hello\n\nHello.\n")
    world.telnet("mail.flowers.example", "mail.domain.ork").type("EHLO x\nMAIL FROM:<vera@flowers.example>")
    world.run(world.now + 5)
    log = host.sh("grep 'fatal: open dictionary' /var/log/maillog").stdout
    assert f"postfix/{program}[" in log


def test_a_database_of_aliases_has_a_type_by_default() -> None:
    """newaliases makes it with default_database_type."""
    host = simmail.load("12").host("mail.domain.ork")
    host.edit("main.cf", alias_database="/etc/aliases")
    assert not [one for one in simmail.lint(host) if one.severity == "error"]
    assert host.sh("newaliases").status == 0


def test_an_entry_in_braces_of_its_own_is_read_without_them(tmp_path: Path) -> None:
    """Of an inline table: what a look-up finds is what lint looks at."""
    main = "transport_maps = inline:{{a.test=smtp:[mx.a.test]}, {b.test = smtp:[mx.b.test]:587}, c.test=relay:}\n"
    files = {**BASES[0].files, "etc/postfix/main.cf": BASES[0].files["etc/postfix/main.cf"] + main}
    assert [finding.code for finding in simmail.lint(write(tmp_path, files, BASES[0].compiled))] == []
