"""NAME
    bounce_template_file - the administrator's words of delivery status notifications

DESCRIPTION
    A file of templates, `failure_template = <<EOF`, each followed by its lines up to one that is `EOF`: headers
    (Charset, From, Subject, Postmaster-Subject) and, behind blank lines, the text.  Lines outside are blank, comments,
    or begin a template; none is continued.  A template with a mistake is left out, and the built-in one stays.

PARAMETERS
    bounce_template_file

DIAGNOSTICS
    FILE: missing message text in failure template -- ignoring this template

    FILE, line 7: unknown template name: NAME -- ignoring this template

    FILE, line 9: missing "EOF" end marker

    `Fatal` for a line outside that begins no template.

SEE ALSO
    bounce(5)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from simmail.files.file_errors import FileError
from simmail.mail.errors import Fatal
from simmail.postfix.bounce_template import BUILT_IN, PLAIN_CHARSET, Template, Warn
from simmail.postfix.config import Config
from simmail.postfix.maincf import SPACE, split_name_value

_HEADER = re.compile(r"([!-9;-~]+)[ \t]*:(.*)")
#: A header's name in a template -> what it sets.
_LABELS = {
    "charset": "charset", "from": "sender", "subject": "subject", "postmaster-subject": "postmaster_subject",
}  # fmt: skip
_IGNORED = "-- ignoring this template"


def load_templates(config: Config, warn: Warn) -> Mapping[str, Template]:
    """The templates in use.

    Args:
        config: the bounce daemon's.
        warn: hears what is wrong with the template file.

    Raises:
        Fatal: where bounce_template_file cannot be read.
    """
    path: str = config["bounce_template_file"]
    if not path:
        return BUILT_IN
    try:
        text = config.machine.files.read(path)
    except FileError as error:
        raise Fatal(f"open {path}: {error.reason}") from None
    found = dict(BUILT_IN)
    for kind, lines in dict(_templates(path, text, warn)).items():
        try:
            found[kind] = _template(path, BUILT_IN[kind], lines)
        except _Mistake as mistake:
            for line in mistake.args:
                warn("warning", line)
    return found


class _Mistake(Exception):
    """What is wrong with a template, in the words of the log."""


def _templates(path: str, text: str, warn: Warn) -> Iterator[tuple[str, list[str]]]:
    """The templates of a file: kind, lines."""
    lines = text.split("\n")
    whole = not lines.pop()  # what stands behind the last line's end
    if not whole:
        lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        visible = line.strip(SPACE)
        if not visible or visible[0] == "#":
            continue
        where = f"{path}, line {at + 1}"
        try:
            name, value = split_name_value(line)
        except ValueError as error:
            raise Fatal(f'{where}: {error}: "{line}"') from None
        body = [value]
        if value.startswith("<<"):
            end = _end(value, where)
            first = at
            while at < len(lines) and lines[at] != end:
                at += 1
            body, missing = lines[first:at], at == len(lines)
            at += not missing
            if missing or (at == len(lines) and not whole):
                warn("warning", f'{path}, line {at + 1}: missing "{end}" end marker')
        kind = name.removesuffix("_template")
        if kind in BUILT_IN and kind != name:
            yield kind, body
        else:
            warn("warning", f"{path}, line {at + 1}: unknown template name: {name} {_IGNORED}")


def _end(value: str, where: str) -> str:
    """The line that ends a template, from `<<EOF`.  Raises Fatal for one that cannot be."""
    end = value[2:].lstrip(SPACE)
    if not end or not (end[0].isascii() and end[0].isalnum()):
        raise Fatal(f"{where}: {'malformed' if end else 'missing'} end marker after <<")
    return end


def _template(path: str, built_in: Template, lines: list[str]) -> Template:
    """One template of a file; what its headers do not say is as in the built-in one.  Raises _Mistake."""
    kind = built_in.kind
    fields = {"charset": "", "sender": built_in.sender}
    at = _next(lines, 0)
    while at < len(lines) and (header := _HEADER.fullmatch(lines[at])):
        label, value = header[1], header[2].strip(SPACE)
        field = _LABELS.get(label.lower())
        what = f'"{label}" header value' if not (value and value.isascii()) else f'"{label}" header label'
        trouble = (
            "empty" if not value
            else "non-ASCII" if not value.isascii()
            else "unknown" if field is None
            else "inapplicable" if field == "postmaster_subject" and not built_in.postmaster_subject
            else ""
        )  # fmt: skip
        if field is None or trouble:
            raise _Mistake(f"{path}: {trouble} {what} in {kind} template {_IGNORED}")
        fields[field] = value
        at += 1
    text = lines[_next(lines, at) :]
    if not text:
        raise _Mistake(f"{path}: missing message text in {kind} template {_IGNORED}")
    charset = fields["charset"] if fields["charset"].lower() != PLAIN_CHARSET else ""
    if not charset and not all(map(str.isascii, text)):
        raise _Mistake(
            f"{path}: 8-bit message text in {kind} template",
            f"please specify a charset value other than {PLAIN_CHARSET}",
            f"{_IGNORED} for now",
        )
    return built_in._replace(**{**fields, "charset": charset}, origin=path, text=tuple(text))


def _next(lines: list[str], at: int) -> int:
    """The first line that is not blank."""
    while at < len(lines) and not lines[at].strip(SPACE):
        at += 1
    return at
