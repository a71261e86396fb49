"""Parameters of MAIL and RCPT."""

from __future__ import annotations

import pytest

from simmail.smtp.parameters import Asked, decode_orcpt, encode_orcpt, notify_set


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("NEVER", Asked(frozenset({"NEVER"}))),
        ("success,Delay", Asked(frozenset({"SUCCESS", "DELAY"}))),
        ("", Asked()),
        (",", Asked()),
        ("never,success", Asked()),
        ("SUCCESS,Sometimes,Always", Asked(unknown="Sometimes")),
    ],
)
def test_notify_is_a_set_of_words_or_tells_the_first_unknown_one(value: str, asked: Asked) -> None:
    """What makes no sense asks for nothing; an unknown word is told as it was written."""
    assert asked == notify_set(value)


@pytest.mark.parametrize(
    ("given", "handed_on"),
    [
        ("rfc822;b+C3+A9@d.example", "rfc822;b+C3+A9@d.example"),
        ("rfc822;b+E9@d.example", "rfc822;b+E9@d.example"),
        ("rfc822;b+00c", "rfc822;b"),
        ("rfc822;", "rfc822;"),
        ("x-z;bé+40@d.example", "x-z;b+C3+A9@@d.example"),
        (r"rfc822;b\x{E9}@d.example", r"rfc822;b\x{E9}@d.example"),
        (r"UTF-8;b\x{E9}+C3@d.example", r"UTF-8;b\x{E9}\x{2B}C3@d.example"),
        ("utf-8;bé@d.example", r"utf-8;b\x{E9}@d.example"),
        (r"utf-8;b+2Bc=d\e", r"utf-8;b\x{2B}2Bc\x{3D}d\x{5C}e"),
        (r"utf-8;\x{41}\x{0e9}\x{20AC}\x{10FFFF}", r"utf-8;A\x{E9}\x{20AC}\x{10FFFF}"),
        (r"utf-8;\x{9}\x{20}\x{7F}", r"utf-8;\x{09}\x{20}\x{7F}"),
        (r"utf-8;b\x{D800}c\x{E9}", r"utf-8;b\x{D800}c\x{E9}"),
        (r"utf-8;b\x{}c", "utf-8;b"),
        ("utf-8;bé\udcc3c", r"utf-8;b\x{E9}"),
    ],
)
def test_an_original_recipient_is_handed_on_as_postfix_writes_it(given: str, handed_on: str) -> None:
    """Seen of smtp(8) with debug_peer_list: code points for addresses of type utf-8, xtext for others."""
    kind, _, text = given.partition(";")
    address = decode_orcpt(kind, text)
    assert address is not None
    assert f"{kind};{encode_orcpt(kind, address)}" == handed_on


@pytest.mark.parametrize("text", [r"\x{110000}", r"\x{e9", r"\x{zz}", r"\x{+E9}", r"\x{" + 20 * "F" + "}"])
def test_what_is_no_code_point_makes_an_original_recipient_malformed(text: str) -> None:
    """So does a code without its end."""
    assert decode_orcpt("utf-8", text) is None
