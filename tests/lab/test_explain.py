"""Explain: which line decides, what was asked, what is open, and what becomes of the mail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simmail
from simmail import cli
from simmail.lab.copies import start
from simmail.mail.errors import InputError
from simmail.postfix.smtpd.restrictions import RESTRICTIONS
from tests.world.test_stock_host import MASTER_CF

MAIN_CF = """\
compatibility_level = 3.6
myhostname = mail.domain.ork
mydomain = domain.ork
mydestination = $myhostname, $mydomain, localhost
mynetworks = 192.168.0.0/16, 127.0.0.0/8
alias_maps = hash:/etc/aliases
smtpd_restriction_classes = picky
picky = reject_non_fqdn_sender, reject_unknown_sender_domain
smtpd_sender_restrictions = check_sender_access hash:/etc/postfix/senders
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions =
    permit_mynetworks
    # strangers:
    picky
    warn_if_reject reject_rbl_client bl.example
    check_policy_service unix:private/greylist
smtpd_data_restrictions = reject_multi_recipient_bounce
"""
SENDERS = "friend.example OK\nspam.example REJECT no spam\n"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host's folder, with nothing else of a world."""
    folder = tmp_path / "mail"
    (folder / "etc/postfix").mkdir(parents=True)
    (folder / "home/joe").mkdir(parents=True)
    (folder / "home/joe/.forward").write_text("joe@elsewhere.example\n")
    (folder / "etc/aliases").write_text("taxes: joe\n")
    (folder / "etc/postfix/main.cf").write_text(MAIN_CF)
    (folder / "etc/postfix/senders").write_text(SENDERS)
    return folder


def explained(host: Any, **others: Any) -> simmail.lab.explain.Explanation:
    """A stranger's mail to joe, if not said otherwise."""
    mail = {"client": "203.0.113.9,unknown", "helo": "mx.x.example", "sender": "a@x.example"}
    return simmail.explain(host, **{**mail, "recipient": "joe@domain.ork", **others})


def test_a_file_changed_on_the_host_is_the_hosts(tmp_path: Path) -> None:
    """A line of the user's own file is told by its place; once the host's has changed, it is the host's line."""
    world = simmail.load(start("03", tmp_path / "mine"))
    mail = world.host("mail.domain.ork")
    mine = str(tmp_path / "mine/hosts/mail.domain.ork/etc/postfix/main.cf")
    assert f"reads mynetworks ({mine}:8)" in str(explained(mail))
    mail.edit("main.cf", smtpd_relay_restrictions="reject_unauth_destination")
    mail.sh("postfix reload")
    told = str(explained(mail))
    assert "mail.domain.ork:/etc/postfix/main.cf:9" in told
    assert mine not in told


def test_lists_and_rules_stand_in_order_with_their_lines(host: Path) -> None:
    """Each list, each rule with file and line, what it asked, its verdict; who decided; those never reached."""
    told = explained(host, sender="a@spam.example").json()
    assert told["verdict"] == "refused"
    assert told["reply"] == "554 5.7.1 <a@spam.example>: Sender address rejected: no spam"
    main, senders = (str(host / "etc/postfix" / name) for name in ("main.cf", "senders"))
    assert told["decided_by"] == {
        "parameter": "smtpd_sender_restrictions",
        "rule": "check_sender_access hash:/etc/postfix/senders",
        "place": f"{main}:9",
        "entry": f"{senders}:2",
    }
    [heard] = told["heard"]
    [rule] = heard["rules"]
    assert rule["decided"]
    assert [q["answer"] for q in rule["asked"]] == ["nothing", "REJECT no spam"]
    assert rule["asked"][1]["place"] == f"{senders}:2"
    assert told["never_reached"] == [
        "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_data_restrictions",
    ]  # fmt: skip


def test_rules_behind_the_one_that_decided_are_never_reached(host: Path) -> None:
    """What stands behind a permit or a refusal in its list is told as never reached, with its line."""
    told = explained(host, client="192.168.1.4,unknown").json()
    lists = {heard["parameter"]: heard for heard in told["heard"]}
    recipient = lists["smtpd_recipient_restrictions"]
    assert [rule["rule"] for rule in recipient["rules"]] == ["permit_mynetworks"]
    assert recipient["rules"][0]["reads"] == [f"mynetworks ({host}/etc/postfix/main.cf:5)"]
    assert [(rule["rule"], rule["place"].rpartition(":")[2]) for rule in recipient["never_reached"]] == [
        ("picky", "14"), ("reject_rbl_client bl.example", "15"), ("check_policy_service unix:private/greylist", "16"),
    ]  # fmt: skip
    assert lists["smtpd_data_restrictions"]["stage"] == "DATA"
    assert told["decided_by"]["rule"] == "permit_mynetworks"


def test_open_questions_come_with_a_verdict_for_each_answer(host: Path) -> None:
    """What nobody can answer is open: each possible answer's outcome is told, and whether it matters at all."""
    told = explained(host)
    ends = {
        fork["question"]: {answer: end["reply"][:3] for end in fork["ends"] for answer in end["answers"]}
        for fork in told.json()["open"]
    }
    assert ends["DNS: MX of x.example"] == {
        "found": "250", "a name without such records": "250", "no such name": "450",
        "no answer in time, or SERVFAIL": "450", "a null MX": "550",
    }  # fmt: skip
    assert set(ends["DNS: A of 9.113.0.203.bl.example"].values()) == {"250"}
    assert ends["policy: unix:private/greylist at RCPT"] == {
        "DUNNO": "250", "OK": "250", "REJECT": "554", "DEFER_IF_PERMIT": "450", "no answer": "451",
    }  # fmt: skip
    text = str(told)
    assert "DNS: A of 9.113.0.203.bl.example: makes no difference" in text  # warn_if_reject
    assert "DNS: MX of x.example -> found (OPEN: taken for this)" in text


def test_what_a_probe_would_find_is_open(host: Path) -> None:
    """Address verification sends mail, which nobody does to explain: each thing it may find has its reply."""
    with (host / "etc/postfix/main.cf").open("a") as file:
        file.write("smtpd_recipient_restrictions = reject_unverified_recipient\n")
    told = explained(host).json()
    [fork] = [fork for fork in told["open"] if fork["question"].startswith("verify: ")]
    assert {answer: end["reply"][:9] for end in fork["ends"] for answer in end["answers"]} == {
        "the address takes mail": "250 2.0.0", "there is no such address": "450 4.1.1",
        "its server cannot tell": "450 4.1.1", "it is still under way": "450 4.1.1",
    }  # fmt: skip


def test_a_question_that_only_one_answer_leads_to_stands_below_it(host: Path) -> None:
    """With no MX record the address records are asked for, and matter."""
    [fork] = [fork for fork in explained(host).forks if fork.question == "DNS: MX of x.example"]
    below = {labels: [inner.question for inner in end.more] for labels, end in fork.ends}
    assert below["a name without such records",] == ["DNS: A of x.example"]


def test_zones_answer(host: Path, tmp_path: Path) -> None:
    """With a master file nothing of the DNS is open any more."""
    zone = tmp_path / "x.example.zone"
    zone.write_text("@ IN MX 10 mx\nmx IN A 203.0.113.9\n")
    told = explained(host, client="203.0.113.9", zones=[str(zone)])
    assert [fork.question for fork in told.forks] == ["policy: unix:private/greylist at RCPT"]
    assert "DNS: MX of x.example -> 10 mx.x.example" in str(told)


def test_the_course_s_misspelt_parameter(host: Path) -> None:
    """smtpd_sender_restriction is no parameter: nobody reads it, and smtpd_sender_restrictions was meant."""
    main = host / "etc/postfix/main.cf"
    main.write_text(MAIN_CF.replace("smtpd_sender_restrictions", "smtpd_sender_restriction"))
    told = explained(host, sender="a@spam.example")
    assert told.verdict == "accepted"
    assert str(told.unread[0]) == (
        f"{main}:9: no parameter of the name smtpd_sender_restriction is read; "
        "smtpd_sender_restrictions was probably meant"
    )
    assert str(told.unread[0]) in str(told)


def test_settings_of_old_and_unseen_characters(host: Path) -> None:
    """What once meant something is no mistake, as lint has it; a byte-order mark is called by its name."""
    main = host / "etc/postfix/main.cf"
    main.write_text(MAIN_CF + "program_directory = /usr/lib/postfix\n")
    assert explained(host).unread == []
    main.write_text("\ufeffmail_name = Mail\n" + MAIN_CF)
    (unread,) = explained(host).unread
    assert str(unread).startswith(f"{main}:1: the file begins with a byte-order mark (U+FEFF)")


def test_what_no_rule_refuses_is_not_told_as_accepted(host: Path) -> None:
    """An address that cannot be is refused by the server itself."""
    told = explained(host, recipient="joe@@domain.ork x")
    assert told.reply == "501 5.1.3 Bad recipient address syntax"
    assert str(told).count("nothing refused it") == 0
    assert f"Refused: {told.reply}\n  decided by the server itself, not by a rule" in str(told)


@pytest.mark.parametrize("order", [1, -1])
def test_the_service_of_the_address_that_others_call(host: Path, order: int) -> None:
    """What the loopback's says is not what a stranger hears, wherever it stands in master.cf."""
    lines = [
        "127.0.0.1:smtp inet n - n - - smtpd -o smtpd_client_restrictions=reject\n",
        "192.0.2.10:smtp inet n - n - - smtpd -o smtpd_client_restrictions=defer\n",
    ]
    others = MASTER_CF.partition("\n")[2]
    (host / "etc/postfix/master.cf").write_text("".join(lines[::order]) + others)
    assert explained(host).verdict == "refused for now"


def test_a_port_at_which_nothing_listens(host: Path) -> None:
    """Is not a server that does not run."""
    told = explained(host, port=2525)
    assert told.verdict == "not heard"
    assert "Not heard: no smtpd listens on port 2525; master.cf says where its services listen" in str(told)
    assert "does not run" not in str(told)


def test_a_misspelt_restriction(host: Path) -> None:
    """A word that is no restriction refuses everybody; the one that was meant is told."""
    main = host / "etc/postfix/main.cf"
    main.write_text(MAIN_CF.replace("picky\n    warn", "reject_unknown_sender_domian\n    warn"))
    text = str(explained(host))
    assert "451 4.3.5 Server configuration error (was reject_unknown_sender_domain meant?)" in text
    assert 'log: warning: unknown smtpd restriction: "reject_unknown_sender_domian"' in text


@pytest.mark.parametrize(
    ("recipient", "said"),
    [
        (
            "joe@domain.ork",
            "joe@domain.ork: local address, by mydestination (MAIN:4); local:mail.domain.ork; an account's",
        ),
        (
            "taxes@domain.ork",
            "taxes@domain.ork: local address, by mydestination (MAIN:4); local:mail.domain.ork; an alias",
        ),
        ("anna@elsewhere.example", "anna@elsewhere.example: default address; smtp:elsewhere.example"),
    ],
)
def test_what_becomes_of_it(host: Path, recipient: str, said: str) -> None:
    """After acceptance: address class and what makes it so, transport and next hop, who it is for."""
    told = explained(host, client="192.168.1.4,unknown", recipient=recipient)
    assert said.replace("MAIN", str(host / "etc/postfix/main.cf")) in str(told)


def test_settings_without_effect_and_a_server_that_does_not_run(host: Path) -> None:
    """What is not simulated is told; a fatal mistake is told instead of a verdict."""
    main = host / "etc/postfix/main.cf"
    main.write_text(MAIN_CF + "smtpd_tls_security_level = may\nsmtpd_timeout = never\n")
    told = explained(host)
    assert told.verdict == "does not run"
    assert "fatal: parameter smtpd_timeout: bad time value or unit: never" in str(told)
    assert f"{main}:18: smtpd_tls_security_level: connections are never encrypted here" in str(told)


def test_the_table_in_a_notebook_escapes_and_says_in_words(host: Path) -> None:
    """Everything from the configuration is escaped; the rule that decided says so in words."""
    (host / "etc/postfix/senders").write_text("spam.example REJECT <b>no</b> & never\n")
    page = explained(host, sender="a@spam.example")._repr_html_()
    assert "&lt;b&gt;no&lt;/b&gt; &amp; never (this decided)" in page
    assert "<b>no</b>" not in page
    assert "smtpd_relay_restrictions: never reached" in page


@pytest.mark.parametrize(
    ("word", "verdict", "queue"),
    [
        ("buy", "refused", None),
        ("wait", "accepted", "hold"),
        ("rubbish", "accepted", ""),
        ("hello", "accepted", "incoming"),
    ],
)
def test_content_is_looked_at(host: Path, word: str, verdict: str, queue: str | None) -> None:
    """With a message's text the header checks are heard, too: they may refuse, hold, or throw away."""
    main = host / "etc/postfix/main.cf"
    main.write_text(MAIN_CF + "header_checks = regexp:/etc/postfix/checks\n")
    (host / "etc/postfix/checks").write_text("/: buy/ REJECT no shop\n/: wait/ HOLD\n/: rubbish/ DISCARD\n")
    told = explained(host, client="192.168.1.4,unknown", data=f"Subject: {word}\n\nnow\n").json()
    assert told["verdict"] == verdict
    assert (told["then"] and told["then"]["queue"]) == queue
    if verdict == "refused":
        assert told["reply"] == "550 5.7.1 no shop"
        assert told["decided_by"]["parameter"] == "header_checks"
        assert told["decided_by"]["place"] == f"{main}:18"


RULES = st.one_of(
    st.sampled_from(sorted(RESTRICTIONS)),
    st.sampled_from(sorted(RESTRICTIONS)).map(lambda name: f"{name} inline:{{x.example=REJECT,joe@domain.ork=picky}}"),
    st.sampled_from(["reject_rbl_client bl.example=127.0.0.9", "sleep 1", "picky", "nonsense", "warn_if_reject"]),
)

#: Without one of these smtpd does not run.
GUARDS = {"relay": ["permit_mynetworks", "reject_unauth_destination"]}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=st.lists(st.lists(RULES, max_size=5), min_size=7, max_size=7))
def test_any_lists_are_explained(host: Path, lists: list[list[str]]) -> None:
    """Whatever restrictions stand where: there is a verdict, plain values, a table, and an end."""
    names = ("client", "helo", "sender", "relay", "recipient", "data", "end_of_data")
    text = MAIN_CF.partition("smtpd_sender")[0] + "".join(
        f"smtpd_{name}_restrictions = {', '.join([*GUARDS.get(name, ()), *rules])}\n"
        for name, rules in zip(names, lists, strict=True)
    )
    (host / "etc/postfix/main.cf").write_text(text)
    told = explained(host, client="203.0.113.9")
    assert told.verdict in ("accepted", "refused", "refused for now", "does not run")
    assert json.loads(json.dumps(told.json()))["verdict"] == told.verdict
    assert told._repr_html_().count("<table>") == 1
    assert len(str(told)) < 200_000


def test_a_host_without_its_queue_is_not_started(tmp_path: Path) -> None:
    """Where postfix(1) cannot go to its folders nothing listens, and no mail is accepted."""
    lab = start("03", tmp_path / "mylab")
    main_cf = lab / "hosts/mail.domain.ork/etc/postfix/main.cf"
    main_cf.write_text(main_cf.read_text("utf-8") + "queue_directory = /nonexistent\n", "utf-8")
    told = explained(lab / "hosts/mail.domain.ork", client="203.0.113.9")
    assert told.verdict == "does not run"
    assert "Postfix does not start: fatal: chdir(/nonexistent): No such file or directory\n  Clients' conn" in str(told)


@pytest.mark.parametrize(
    ("setting", "word", "reply"),
    [
        ("", "refuses for now", "450 4.7.1 <a@spam.example>: Sender address rejected: no spam"),
        ("access_map_defer_code = 550\n", "refuses", "550 5.7.1 <a@spam.example>: Sender address rejected: no spam"),
    ],
)
def test_a_rule_is_told_to_say_what_the_client_hears(host: Path, setting: str, word: str, reply: str) -> None:
    """The status fits its code, and what is tried again is told from what is not."""
    main_cf = host / "etc/postfix/main.cf"
    main_cf.write_text(main_cf.read_text("utf-8") + setting, "utf-8")
    (host / "etc/postfix/senders").write_text(SENDERS.replace("REJECT", "DEFER"), "utf-8")
    text = str(explained(host, sender="a@spam.example"))
    assert f"{word}: {reply}" in text
    assert f"Refused{word.removeprefix('refuses')}: {reply}" in text


def test_the_readme_s_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stranger may not relay through the first lab's server, and the command says why; JSON says the same."""
    lab = start("01", tmp_path / "mylab")
    command = ["explain", f"{lab}/hosts/mail.domain.ork", "--client", "203.0.113.9"]
    command += ["--from", "a@bot.example", "--to", "joe@elsewhere.example"]
    assert cli.main(command) == 0
    text = capsys.readouterr().out
    assert "Refused for now: 454 4.7.1 <joe@elsewhere.example>: Relay access denied" in text
    assert cli.main([*command, "--json", "--at", "10m"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["decided_by"]["rule"]) == ("refused for now", "defer_unauth_destination")
    assert told["open"] == []


def test_a_policy_of_the_world_is_laid_over_its_host(tmp_path: Path) -> None:
    """With --policy the files of that variant decide, and their lines are told."""
    lab = start("01", tmp_path / "mylab")
    variant = lab / "policies/open/mail.domain.ork/etc/postfix"
    variant.mkdir(parents=True)
    text = (lab / "hosts/mail.domain.ork/etc/postfix/main.cf").read_text()
    (variant / "main.cf").write_text(text + "smtpd_relay_restrictions = permit_mynetworks\n    defer_if_permit\n")
    told = explained(lab / "hosts/mail.domain.ork", recipient="joe@elsewhere.example", policy="open").json()
    assert told["reply"].startswith("450 4.7.0 <joe@elsewhere.example>")
    assert told["decided_by"]["place"] == f"{variant}/main.cf:{len(text.splitlines()) + 2}"


def test_a_world_s_policy_server_is_asked(tmp_path: Path) -> None:
    """In a world nothing is open: its names are looked up, its policy servers answer."""
    lab = start("01", tmp_path / "mylab")
    folder = lab / "hosts/mail.domain.ork"
    yaml = lab / "world.yaml"
    yaml.write_text(
        yaml.read_text().replace(
            "setup: [postalias /etc/aliases]", 'setup: [postalias /etc/aliases, "postgrey --inet=9"]', 1
        )
    )
    with (folder / "etc/postfix/main.cf").open("a") as file:
        file.write("smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:9\n")
    told = explained(folder, recipient="alice@domain.ork")
    assert told.reply.startswith("450 4.2.0 <alice@domain.ork>: Recipient address rejected: Greylisted")
    assert told.forks == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"host": "nosuch"}, "is no folder; give a folder of a world's hosts/"),
        ({"client": "localhost"}, "--client: 'localhost' is no IP address; write 203.0.113.9"),
        ({"at": "2d"}, "--at: needs a world"),
        ({"zones": ["nosuch.zone"]}, "nosuch.zone: No such file or directory; give a master file"),
        ({"sender": "a\nb"}, "--from: has more than one line"),
    ],
)
def test_mistakes_are_told_kindly(host: Path, arguments: dict[str, Any], said: str) -> None:
    """What cannot be explained says what was found and what would do."""
    with pytest.raises(InputError) as told:
        explained(arguments.pop("host", host), **arguments)
    assert said in str(told.value)


def test_a_bare_folder_of_files(host: Path) -> None:
    """An /etc/postfix alone will do; accounts can be named."""
    bare = host / "etc/postfix"
    (bare / "main.cf").write_text(MAIN_CF + "myorigin = /etc/mailname\n")
    assert explained(bare).reply.startswith("550 5.1.1 <joe@domain.ork>: Recipient address rejected: User unknown")
    assert explained(bare, users=["joe"]).verdict == "accepted"
    text = str(explained(bare))
    assert f"{bare}/main.cf:9  check_sender_access" in text
    assert "note: /etc/aliases is not in the folder, and taken for empty" in text


def test_a_before_queue_filter_is_named_and_not_asked(host: Path) -> None:
    """What this server's own lists come to is told, and who has the last word."""
    with (host / "etc/postfix/main.cf").open("a") as main_cf:
        main_cf.write("smtpd_proxy_filter = 127.0.0.1:10026\n")
    told = str(explained(host, client="192.168.1.1,pc.domain.ork"))
    assert "the before-queue filter 127.0.0.1:10026 decides" in told
    assert "thrown away" not in told


def test_a_screen_in_front_is_told_of() -> None:
    """Where postscreen takes the port, what is played is what comes after it."""
    mail = {"client": "203.0.113.9", "sender": "a@stranger.example", "recipient": "alice@domain.ork"}
    for policy, screened in (("postscreen", True), ("open", False)):
        told = simmail.explain(simmail.load("13", policy=policy).host("mail.domain.ork"), **mail)
        assert ("note: postscreen(8) hears the client first" in str(told)) is screened
        assert ("note: postscreen(8) hears the client first" in told._repr_html_()) is screened


def test_a_switch_that_decides_is_told_as_in_main_cf() -> None:
    """Unknown users are refused because of a setting, and not by a rule in a list."""
    told = simmail.explain(
        simmail.load("12").host("mail.domain.ork"), client="203.0.113.9", sender="a@b.example", recipient="x@domain.ork"
    )
    assert "decided by smtpd_reject_unlisted_recipient = yes (default)" in str(told)
