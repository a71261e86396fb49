"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

OUTSIDE = "198.51.100.23"
CAPITALS = "love.vbs".upper()


@check(1, hint="Where does an ending stand?", manual="pcre_table(5)")
def the_ending_counts(bench: Bench) -> None:
    """A document whose name has such an ending in its middle, as a word, or without a dot arrives; so with `zip`."""
    for name in (
        "notes on setup.exe and love.vbs files.pdf", "zip codes.pdf", "what.zip is.pdf", "the vbs manual.pdf",
        "postscr", "gunzip",
    ):  # fmt: skip
        bench.letter(
            OUTSIDE, "teacher@sunnydays.example", "alice@domain.ork",
            text=f'Subject: a probe\nMIME-Version: 1.0\nContent-Type: application/pdf; name="{name}"\n\nx',
        ).accepted()  # fmt: skip
        bench.arrives("alice", name, within=60)


@check(1, hint="Is a program a matter of its first name?", manual="pcre_table(5)")
def any_program_is_refused(bench: Bench) -> None:
    """A program of any other name is refused for good."""
    for name in ("invoice 2025.exe", "holiday.jpg.scr", "x.pif", "a_long-name.v2.vbs"):
        text = f'Subject: a probe\nMIME-Version: 1.0\nContent-Type: application/octet-stream; name="{name}"\n\nx'
        bench.letter(OUTSIDE, "teacher@sunnydays.example", "alice@domain.ork", text=text).refused("5")


@check(1, hint="A forwarded letter can be an attachment itself.", manual="postconf(5), mime_header_checks")
def a_letter_within_a_letter(bench: Bench) -> None:
    """A program in a letter that is attached to the letter is refused, in capitals too."""
    bench.letter(
        OUTSIDE, "teacher@sunnydays.example", "alice@domain.ork",
        text="Subject: a probe\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\nSubject: look\nMIME-Version: 1.0\n"
        f'Content-Disposition: attachment; filename="{CAPITALS}"\n\nx',
    ).refused("5")  # fmt: skip


@check(1, hint="How many ways are there to write an archive's name?", manual="header_checks(5), RFC 2183")
def any_archive_is_held(bench: Bench) -> None:
    """An archive of another name, with quotes or without, and in either header, is held."""
    for header in (
        'Content-Type: application/zip; name="backup of 2025.zip"',
        "Content-Type: application/octet-stream; name=backup.zip",
        "Content-Disposition: attachment; filename=backup.zip",
    ):
        text = f"Subject: a probe\nMIME-Version: 1.0\n{header}\n\nx"
        bench.letter(OUTSIDE, "teacher@sunnydays.example", "alice@domain.ork", text=text).accepted()
        bench.world.run(bench.world.now + 60)
        bench.expect("Subject: a probe" not in bench.mailbox("alice"), f"with the header {header!r} it was delivered")
