"""How main.cf is written: comments, blanks at the beginning of lines, settings given twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from simmail.lab.explain.mistakes import meant
from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import COMMENT, Assignment, Parsed
from simmail.lab.lint.sources import FILES
from simmail.mail.errors import Location
from simmail.postfix.config import MAIN_CF, MASTER_CF
from simmail.postfix.maincf import SPACE, logical_lines
from simmail.postfix.parameters import parameters
from simmail.world.saved import MARKED, NOT_PLAIN, form

#: Parameters that hold a text or a command, in which `#` may be meant.
FREE_TEXTS = re.compile(r".*(_banner|_reply|_footer|_command|_template|_filter|_text|_chars|_delimiters)|mail_name")
#: Blanks of other kinds than Postfix's, and signs that have no width.
_FALSE_BLANK = re.compile("[\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000]|(?<!^)\ufeff")
#: Typographic quotation marks and dashes, and a plain quotation mark before a word.
_FALSE_SIGN = re.compile("[\u2018-\u201f\u00ab\u00bb\u2010-\u2015]|(?:^|[\\s,])[\"'](?=[\\w/$])")
#: The category of dashes in Unicode, some of which are called hyphens or bars.
DASHES = "Pd"
_SETTING = re.compile(r"\s+([A-Za-z_][\w-]*)\s*=(?!\S*[=}])")

INLINE = Kind(
    "error", "inline-comment",
    "`{comment}` is part of the value of {name}.",
    "In main.cf a comment is a line of its own; after a value everything counts as the value, "
    "also where it seems to work for now.",
    "Put the comment on a line of its own that begins with #.",
    "postconf(5)",
)  # fmt: skip
GLUED = Kind(
    "error", "glued-line",
    "`{text}` is not set: it is part of the value of {name}, above.",
    "A line that begins with white space goes on with the line before it, and nobody warns of it.",
    "Begin the line with `{setting}`, without the blank.",
    "postconf(5)",
)  # fmt: skip
TWICE = Kind(
    "warning", "set-twice",
    "{name} is set again; `{earlier}` of line {line} has no effect.",
    "Of two settings with the same name the last one counts.",
    "Delete one of the two lines.",
    "postconf(5)",
)  # fmt: skip
TWICE_ALIKE = TWICE._replace(severity="note", happens="{name} is set again, to the same value as in line {line}.")
LEADING = Kind(
    "error", "leading-blank",
    "`{text}` is not set.",
    "The file's first line begins with white space, and goes on with a line that is not there.",
    "Begin the line at its beginning.",
    "postconf(5)",
)  # fmt: skip

MARK = Kind(
    "error", MARKED.code,
    "The first line of {file} does not say what it seems to.",
    "The file {what}.",
    "{instead}.",
    "postconf(5)",
)  # fmt: skip
SAVED = MARK._replace(code=NOT_PLAIN, happens="Nothing in {file} means what it seems to.")
BLANK = Kind(
    "error", "no-blank",
    "`{shown}` is one word, and means nothing.",
    "Between its parts stands {name} (U+{code:04X}), which looks like a blank and is none to Postfix.",
    "Write a plain blank there; such signs come from web pages and word processors.",
    "postconf(5)",
)  # fmt: skip


QUOTES = Kind(
    "error", "quotation-marks",
    "`{shown}` is not what it seems to.",
    "Its {name} (U+{code:04X}) is a letter like others to Postfix: in main.cf nothing is put in quotation marks.",
    "Write it without them.",
    "postconf(5)",
)  # fmt: skip
DASH = QUOTES._replace(
    code="long-dash",
    why="Its {name} (U+{code:04X}) is no hyphen, and comes from web pages and word processors.",
    instead="Write a plain -.",
)


def false_signs(host: Parsed) -> Iterator[Finding]:
    """Quotation marks around words in main.cf, and dashes: each setting's first."""
    for setting in host.assignments:
        if FREE_TEXTS.fullmatch(setting.name) or ":{" in setting.value:
            continue
        for number, text in setting.lines:
            value = text.partition("=")[2] if number == setting.line else text
            found = _FALSE_SIGN.search(value)
            if found:
                sign = found[0][-1]
                shown = next(word for word in value.replace(",", " ").split() if sign in word)
                name = unicodedata.name(sign).lower()
                kind = DASH if unicodedata.category(sign) == DASHES else QUOTES
                yield kind.at(Location(MAIN_CF, number), shown=shown, name=name, code=ord(sign))
                break


def false_blanks(host: Parsed) -> Iterator[Finding]:
    """Characters in main.cf that look like a blank, or like nothing."""
    for setting in host.assignments:
        if FREE_TEXTS.fullmatch(setting.name):
            continue
        for number, text in setting.lines:
            found = _FALSE_BLANK.search(text)
            if found:
                name = unicodedata.name(found[0]).lower().replace("-", " ")
                shown = next(word for word in text.split(" ") if found[0] in word).strip()
                yield BLANK.at(Location(MAIN_CF, number), shown=shown, name=f"a {name}", code=ord(found[0]))


def forms(host: Parsed) -> Iterator[Finding]:
    """Files that have been saved as something else than plain text in UTF-8."""
    tables = (table.name for table in host.tables if table.type in FILES)
    for name in dict.fromkeys((MAIN_CF, MASTER_CF, *tables)):
        found = form(host.read(name))
        if found:
            kind = MARK if found is MARKED else SAVED
            instead = found.instead[:1].upper() + found.instead[1:]
            yield kind.at(Location(name, 1), file=name, what=found.what, instead=instead)


def inline_comments(host: Parsed) -> Iterator[Finding]:
    """Comments behind a value."""
    for setting in host.assignments:
        if FREE_TEXTS.fullmatch(setting.name):
            continue
        for number, text in setting.lines:
            found = COMMENT.search(text)
            if found:
                yield INLINE.at(Location(MAIN_CF, number), comment=text[found.start() :].strip(), name=setting.name)


def glued_lines(host: Parsed) -> Iterator[Finding]:
    """Settings that a leading blank has made part of the line above."""
    known = sorted(parameters())
    for setting in host.assignments:
        for number, text in setting.lines[1:]:
            found = _SETTING.match(text)
            if found and _is_parameter(found[1], known):
                yield GLUED.at(
                    Location(MAIN_CF, number), Location(MAIN_CF, setting.line), text=text.strip(), name=setting.name,
                    setting=found[1],
                )  # fmt: skip


def _is_parameter(name: str, known: list[str]) -> bool:
    return name in known or bool(meant(name, known))


def set_twice(host: Parsed) -> Iterator[Finding]:
    """Parameters that are set more than once."""
    seen: dict[str, Assignment] = {}
    for setting in host.assignments:
        earlier = seen.get(setting.name)
        if earlier is not None:
            kind = TWICE_ALIKE if earlier.value == setting.value else TWICE
            yield kind.at(
                Location(MAIN_CF, setting.line), Location(MAIN_CF, earlier.line), name=setting.name,
                earlier=f"{setting.name} = {earlier.value}", line=earlier.line,
            )  # fmt: skip
        seen[setting.name] = setting


def leading_blank(host: Parsed) -> Iterator[Finding]:
    """A first line that begins with white space."""
    heard: list[str] = []
    list(logical_lines(host.text, MAIN_CF, lambda level, text: heard.append(text)))
    if heard:
        numbered = enumerate(host.text.split("\n"), 1)
        number, text = next((n, t) for n, t in numbered if t.strip() and not t.lstrip(SPACE).startswith("#"))
        yield LEADING.at(Location(MAIN_CF, number), text=text.strip())


RULES = (forms, false_blanks, false_signs, inline_comments, glued_lines, set_twice, leading_blank)
