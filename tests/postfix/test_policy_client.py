"""What smtpd makes of a policy server's answers, and of the options in main.cf."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmail.files.machine import Machine
from simmail.mail.errors import Fatal
from simmail.postfix.config import Config
from simmail.postfix.smtpd.policy_client import Heard, PolicyServer, understand

NAME = "premature end-of-input on SERVER while reading input attribute name"


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("action=DUNNO\n\n", Heard("DUNNO")),
        ("action=\n\n", Heard("")),
        ("foo=bar\naction=OK\nmore\n\n", Heard("OK")),
        ("action=OK\naction=REJECT\n\n", Heard("OK")),
        ("action=OK\n\naction=REJECT\n\n", Heard("OK", rest=True)),
        ("ACTION=OK\n\n", Heard(None, "missing attribute action in input from SERVER")),
        ("\n", Heard(None, "missing attribute action in input from SERVER")),
        ("", Heard(None)),
        ("action=OK\n", Heard(None, NAME)),
        ("action=OK\nfoo=b", Heard(None, NAME.replace("name", "value"))),
    ],
)
def test_answers(text: str, heard: Heard) -> None:
    """The first action up to the empty line counts; without one, or without its end, there is none."""
    assert understand(text) == heard


@given(st.text(alphabet="action=DUNNO \n", max_size=60))
def test_any_answer_is_understood_or_complained_of(text: str) -> None:
    """Whatever a server sends: there is an action, a complaint, or nothing at all."""
    heard = understand(text)
    assert (heard.action is not None) != bool(heard.complaint or not text)


def parsed(text: str) -> PolicyServer:
    """A server as smtpd reads it, all parameters at their defaults."""
    return PolicyServer.parse(Config(Machine("mail.domain.ork"), {}), text)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("unix:private/p", {"transport": "unix", "name": "private/p", "timeout": 100.0, "try_limit": 2}),
        ("{ inet:[::1]:10023, timeout=3m }", {"transport": "inet", "name": "[::1]:10023", "timeout": 180.0}),
        ("{ unix:p { default_action = 550 5.7.1 no } try_limit=1 }",
         {"default_action": "550 5.7.1 no", "try_limit": 1}),
        ("{ unix:p, policy_context=a=b }", {"policy_context": "a=b"}),
    ],
)  # fmt: skip
def test_servers_and_their_options(text: str, options: dict[str, Any]) -> None:
    """Options in braces stand before the parameters of main.cf."""
    server = parsed(text)
    assert {name: getattr(server, name) for name in options} == options


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("private/p", 'need service transport:endpoint instead of "private/p"'),
        ("{ }", 'empty policy service: "{ }"'),
        ("udp:1", "invalid transport name: udp in service: udp:1"),
        ("{ unix:p, timeout }", "malformed option: missing '=' after attribute name: \"...timeout...\""),
        ("{ unix:p, tmeout=3s }", 'unknown option: "tmeout = 3s"'),
        ("{ unix:p, timeout=never }", "timeout: bad time value or unit: never"),
    ],
)
def test_what_keeps_smtpd_from_running(text: str, said: str) -> None:
    """A mistake is fatal, in the words of the log."""
    with pytest.raises(Fatal) as told:
        parsed(text)
    assert told.value.text == said
