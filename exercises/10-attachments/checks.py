"""What must hold of a server that looks at the names of attachments."""

from __future__ import annotations

from simmail.lab.checks import Bench, Reply, check

#: A letter with a file: what is put in is the header of the part with the file.
LETTER = """\
Subject: a probe
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="next"

--next
Content-Type: text/plain

Here it is.
--next
{}
Content-Transfer-Encoding: base64

bW9v
--next--"""
OUTSIDE = "198.51.100.23"


def _with(bench: Bench, header: str, client: str = OUTSIDE) -> Reply:
    """Offer a letter with a file to Alice."""
    return bench.letter(client, "teacher@sunnydays.example", "alice@domain.ork", text=LETTER.format(header))


@check(3, hint="Whose header is that line: the letter's or a part's?", manual="postconf(5), mime_header_checks")
def programs_are_refused(bench: Bench) -> None:
    """A letter with an attached program is refused for good, whether it comes from outside or from the office."""
    for ending in ("vbs", "pif", "scr", "exe"):
        _with(bench, f'Content-Type: application/octet-stream; name="love.{ending}"').refused("5")
    _with(bench, 'Content-Type: application/octet-stream; name="love.vbs"', "192.168.1.20").refused("5")


@check(4, hint="Write the headers into a file and ask: postmap -q - pcre:FILE.", manual="header_checks(5), RFC 2183")
def however_the_name_is_written(bench: Bench) -> None:
    """It is refused without quotes, in a second line, with something behind the name, and in either header."""
    for form in (
        'Content-Type: application/octet-stream;\n name="{}"',
        "Content-Type: application/octet-stream; name={}",
        'Content-Type: application/octet-stream; name="{}"; charset=us-ascii',
        'Content-Disposition: attachment; filename="{}"; size=22528',
        "Content-Disposition: attachment; filename={}",
        'Content-Type: text/plain; name="{}"',
    ):
        for name in ("love.vbs", "setup.exe"):
            header = form.format(name)
            _with(bench, header).refused("5", f"should have been refused for good: a letter with the header {header!r}")


@check(2, hint="HOLD is an action, too.", manual="header_checks(5), postsuper(1)")
def archives_are_held(bench: Bench) -> None:
    """A letter with an archive is taken and held, and arrives when it is released."""
    _with(bench, 'Content-Disposition: attachment; filename="receipts.zip"').accepted()
    bench.expect("Subject: a probe" not in bench.mailbox("alice"), "it was delivered without being looked at")
    bench.expect("!" in bench.sh("mailq"), "it is not on hold", bench.sh("mailq").splitlines())
    bench.sh("postsuper -H ALL; postqueue -f")
    bench.arrives("alice", "Subject: a probe")


@check(2, hint="Which table gets the lines of a text?", manual="postconf(5), body_checks")
def a_warning_arrives(bench: Bench) -> None:
    """A letter without attachments that quotes such a header in its text, or in its subject, arrives."""
    quoted = (
        'Beware of letters that say\n\nContent-Type: application/octet-stream; name="love.vbs"\n\nand of .exe files.'
    )
    for subject in ("a probe", "do not open love.vbs", 'it says name="setup.exe"'):
        bench.letter(
            OUTSIDE, "teacher@sunnydays.example", "alice@domain.ork", text=f"Subject: {subject}\n\n{quoted}"
        ).accepted(f"should have been accepted: a letter without attachments, with the subject {subject!r}")
        bench.arrives("alice", f"Subject: {subject}", within=60)


@check(3, hint="Look at what the last rules catch.", manual="pcre_table(5)")
def documents_arrive(bench: Bench) -> None:
    """Letters with documents arrive, also as `application/octet-stream`: `letterhead.dot`, `prices from acme.com`."""
    for name in ("prices from acme.com", "letterhead.dot", "minutes.doc"):
        _with(bench, f'Content-Type: application/octet-stream; name="{name}"').accepted()
        _with(bench, f'Content-Disposition: attachment; filename="{name}"').accepted()
        for header in (f' name="{name}"', f'filename="{name}"'):
            bench.arrives("alice", header, within=60)
