"""What must hold of a server that reads subjects."""

from __future__ import annotations

from simmail.lab.checks import Bench, Reply, check

OUTSIDE = "198.51.100.23"


def _with(bench: Bench, header: str, to: str = "alice") -> Reply:
    """Offer a letter with such a header to somebody here."""
    return bench.letter(OUTSIDE, "teacher@sunnydays.example", f"{to}@domain.ork", text=f"{header}\n\nhello")


@check(
    3, hint="What do people put in front of a subject? And what does `i` do in a PCRE table?", manual="pcre_table(5)"
)
def free_offers_are_refused(bench: Bench) -> None:
    """Letters with FREE OFFER!! in the subject are refused for good: behind a Re:, in small letters, anywhere."""
    for subject in ("FREE OFFER!!", "Re: FREE OFFER!!", "free offer!! only today", "Your FREE OFFER!!"):
        _with(bench, f"Subject: {subject}").refused("5", f"should have been refused for good: the subject {subject!r}")


@check(2, hint="To an innocent, the text is all there is.", manual="header_checks(5)")
def an_innocent_can_ask(bench: Bench) -> None:
    """Whoever is refused, for either reason, is told to write to the postmaster, and a letter to him arrives."""
    replies = [_with(bench, "Subject: FREE OFFER!!").refused("5")]
    by_mailer = _with(bench, "X-Mailer: SuperMailer 3.1\nSubject: hello")
    # whether that is refused at all is another check's matter
    replies += [by_mailer] if by_mailer.text.startswith("5") else []
    for reply in replies:
        told = "postmaster" in reply.text.lower()
        bench.expect(told, f"he is told {reply.text!r}, and not whom to ask", reply.witness)
    _with(bench, "Subject: You refused my letter", "postmaster").accepted()
    bench.arrives("alice", "You refused my letter", within=60)


@check(2, hint="Which headers does a pattern without a header's name look at?", manual="header_checks(5)")
def its_mailer_is_refused(bench: Bench) -> None:
    """What was sent with SuperMailer is refused; a letter whose subject is about SuperMailer arrives."""
    for version in ("SuperMailer 3.1", "SuperMailer", "SuperMailer Pro 4.0"):
        _with(bench, f"X-Mailer: {version}\nSubject: hello").refused("5")
    _with(bench, "Subject: Who sends with SuperMailer?").accepted()
    bench.arrives("alice", "Who sends with", within=60)


@check(1, hint="What does a rule without `^Subject:` look at?", manual="header_checks(5)")
def only_subjects_count(bench: Bench) -> None:
    """A letter whose `Keywords:` and not its subject speak of a FREE OFFER!! and a loan arrives, and is not noted."""
    _with(bench, "Keywords: loan, free offer!!\nSubject: The minutes").accepted()
    bench.arrives("alice", "Subject: The minutes", within=60)
    noted = [line for line in bench.log() if ": warning: header Keywords:" in line]
    bench.expect(not noted, "it is noted in the log for another header than its subject", noted)


@check(3, hint="DISCARD says 250, too. Look into the log.", manual="header_checks(5)")
def offers_arrive(bench: Bench) -> None:
    """Honest offers arrive: of a job, for a server, in answer to a question, and a free offer without `!!`."""
    for subject in ("An offer for your old server", "Job offer", "Re: Your offer of Monday", "Free offer: old chairs"):
        _with(bench, f"Subject: {subject}").accepted()
        bench.arrives("alice", f"Subject: {subject}", within=60)


@check(2, hint="There is an action for rehearsals. And which of two rules that fit counts?", manual="header_checks(5)")
def loans_are_only_noted(bench: Bench) -> None:
    """A letter with `loan` in its subject arrives, and the log has a warning; it saves no letter that is refused."""
    _with(bench, "Subject: Your loan is approved").accepted()
    bench.arrives("alice", "Your loan is approved", within=60)
    noted = [line for line in bench.log() if ": warning: header Subject: Your loan" in line]
    bench.expect(bool(noted), "the log has no warning about this subject, nothing with `warning: header Subject:`")
    alone, both = _with(bench, "Subject: FREE OFFER!!"), _with(bench, "Subject: FREE OFFER!! Your loan")
    if alone.text.startswith("5"):
        both.refused("5", "should have been refused as without the word `loan`, but was accepted")
