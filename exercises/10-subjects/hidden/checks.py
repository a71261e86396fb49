"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

CAPITALS = "loan".upper()


@check(2, hint="Whose header is that of an attached letter?", manual="postconf(5), nested_header_checks")
def a_complaint_arrives(bench: Bench) -> None:
    """Somebody complains to `abuse`, with the advertising attached as a letter: the complaint arrives."""
    text = (
        "Subject: Is this yours?\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n"
        "X-Mailer: SuperMailer 3.1\nSubject: FREE OFFER!!\n\nClick here."
    )
    bench.letter("198.51.100.23", "teacher@sunnydays.example", "abuse@domain.ork", text=text).accepted()
    bench.arrives("alice", "Subject: Is this yours?", within=60)


@check(1, hint="Is there but one letter about a loan?", manual="header_checks(5)")
def any_loan_is_noted(bench: Bench) -> None:
    """Letters with `loan` elsewhere in the subject, in capitals or not, arrive, and are noted."""
    for subject in (f"A cheap {CAPITALS}", "Re: the loan"):
        bench.letter(
            "198.51.100.23", "teacher@sunnydays.example", "alice@domain.ork", text=f"Subject: {subject}\n\nhello"
        ).accepted()
        bench.arrives("alice", f"Subject: {subject}", within=60)
        noted = [line for line in bench.log() if f": warning: header Subject: {subject}" in line]
        bench.expect(bool(noted), f"there is no warning in the log of the subject {subject!r}")


@check(1, hint="Which table gets the lines of a text?", manual="postconf(5), body_checks")
def a_quotation_arrives(bench: Bench) -> None:
    """A letter that quotes such headers in its text arrives."""
    text = "Subject: What is this?\n\nI have got this:\n\nX-Mailer: SuperMailer 3.1\nSubject: FREE OFFER!!\n"
    bench.letter("198.51.100.23", "teacher@sunnydays.example", "alice@domain.ork", text=text).accepted()
    bench.arrives("alice", "Subject: What is this?", within=60)


@check(1, hint="Do your rules know more than the examples?", manual="pcre_table(5)")
def others_are_treated_alike(bench: Bench) -> None:
    """Another version of the program and another subject with FREE OFFER!! are refused, another offer arrives."""
    for header in (
        "X-Mailer: SuperMailer Lite 12\nSubject: hello",
        "Subject: Only until Friday: Free Offer!! Call now",
    ):
        bench.letter(
            "198.51.100.23", "teacher@sunnydays.example", "alice@domain.ork", text=f"{header}\n\nhello"
        ).refused("5")
    honest = "Subject: We offer our help, free of charge!!"
    bench.letter("198.51.100.23", "teacher@sunnydays.example", "alice@domain.ork", text=f"{honest}\n\nhello").accepted()
    bench.arrives("alice", honest, within=60)
