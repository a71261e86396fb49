"""The header of a message as formail handles it: fields with their names, as they stand."""

from __future__ import annotations

import email.utils
import re
from typing import NamedTuple

_FIELD = re.compile(r"[^\s:]+[ \t]*:")
FROM = "From "
FALLBACK_SENDER = "foo@bar"
REPLY_SUBJECT = "Re: "


class Field(NamedTuple):
    """A field: its name with the colon, and what follows with the final newline, continuations and all."""

    name: str
    value: str

    @property
    def text(self) -> str:
        """As it stands in a message."""
        return self.name + self.value

    def is_called(self, name: str) -> bool:
        """Whether its name is this one, or, for a name without a colon, begins with it."""
        own, wanted = self.name.lower(), name.lower()
        return own == wanted if wanted.endswith(":") else own.startswith(wanted)

    def unfolded(self) -> Field:
        """The same on one line."""
        return Field(self.name, re.sub(r"\n(?=[ \t])", " ", self.value))

    def stripped(self) -> str:
        """The value without the blanks around it, with a newline."""
        return self.value.strip(" \t\n") + "\n"


class Parsed(NamedTuple):
    """A message: its From_ line with newline or "", its fields, its body."""

    from_line: str
    fields: list[Field]
    body: str


def parse(text: str) -> Parsed:
    """A message's fields.  The header ends at an empty line, or at what is no field."""
    lines = text.lstrip("\n").splitlines(keepends=True) if "\r" not in text else text.lstrip("\n").split("\n")
    if "\r" in text:
        lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    from_line = ""
    at = 0
    while at < len(lines) and lines[at].lstrip(">").startswith(FROM):
        from_line = from_line or (lines[at] if lines[at].startswith(FROM) else "")
        at += 1
    fields: list[Field] = []
    while at < len(lines):
        line = lines[at]
        found = _FIELD.match(line)
        if line[:1] in (" ", "\t") and fields:
            fields[-1] = Field(fields[-1].name, fields[-1].value + line)
        elif found:
            fields.append(Field(found[0].rstrip(": \t") + ":", line[found.end() :]))
        else:
            break
        at += 1
    if at < len(lines) and lines[at] == "\n":
        at += 1
    return Parsed(from_line, fields, "".join(lines[at:]))


def named(text: str) -> Field:
    """A field as an option gives it: `X-Loop: me`, `Subject:`, `Status`."""
    found = _FIELD.match(text)
    if found is None:
        return Field(text, "")
    value = text[found.end() :]
    return Field(found[0].replace(" ", ""), value + "\n" if value else "")


def value_of(fields: list[Field], name: str) -> str:
    """The value of the last field of that name, without blanks around it."""
    return next((field.value.strip() for field in reversed(fields) if field.is_called(name)), "")


def sender_of(parsed: Parsed, trusted: bool) -> str:
    """Whom to answer: the envelope's sender, or where the header is to be trusted who that names."""
    envelope = parsed.from_line.split()[1] if len(parsed.from_line.split()) > 1 else ""
    if envelope and not trusted:
        return envelope
    names = ("Reply-To:", "From:", "Return-Path:", "Sender:") if trusted else ("Return-Path:", "Reply-To:", "From:")
    for name in names:
        address = email.utils.parseaddr(value_of(parsed.fields, name))[1]
        if address:
            return address
    return envelope or FALLBACK_SENDER


def reply_fields(parsed: Parsed, trusted: bool) -> list[Field]:
    """The header of an answer."""
    fields = parsed.fields
    answer = [field for field in fields if field.is_called("X-Loop:")]
    answer.append(Field("To:", f" {sender_of(parsed, trusted)}\n"))
    subject = value_of(fields, "Subject:")
    if subject:
        lowered = subject.lower().startswith("re:")
        answer.append(Field("Subject:", f" {'' if lowered else REPLY_SUBJECT}{subject}\n"))
    identity = value_of(fields, "Message-ID:")
    if identity:
        references = " ".join(filter(None, (value_of(fields, "References:"), identity)))
        answer += [Field("References:", f" {references}\n"), Field("In-Reply-To:", f" {identity}\n")]
    return answer
