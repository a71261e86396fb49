"""NAME
    smtpd.footer - what is hung on refusals

DESCRIPTION
    A footer is more lines below a refusal, with its enhanced status code, or text behind its last line where the footer
    begins with `\\c`.

PARAMETERS
    smtpd_reject_footer, postscreen_reject_footer (read by the programs)

SEE ALSO
    postconf(5): smtpd_reject_footer
"""

from __future__ import annotations


def hang(lines: tuple[str, ...], footer: str) -> tuple[str, ...]:
    """A refusal's lines with a footer, whose names are expanded.

    >>> hang(("5.7.1 No",), "Call us\\\\nor write")
    ('5.7.1 No', '5.7.1 Call us', '5.7.1 or write')
    """
    if footer.startswith("\\c"):
        return (*lines[:-1], lines[-1] + footer[2:].split("\\n", maxsplit=1)[0])
    status = lines[0].split(" ", 1)[0]
    prefix = f"{status} " if status[:2] in ("4.", "5.") else ""
    return (*lines, *(prefix + part for part in footer.split("\\n")))


def softened(code: int, lines: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """A reply as soft_bounce has it: a refusal for good becomes one for now.

    >>> softened(550, ("5.7.1 No",))
    (450, ('4.7.1 No',))
    """
    if code < 500:
        return code, lines
    return code - 100, tuple("4" + line[1:] if line[:2] == "5." else line for line in lines)
