"""NAME
    cleanup_rules - what one cleanup(8) does with headers and bodies

DESCRIPTION
    What the parameters ask for, and what follows from it for a message at a glance: which of its headers have to be
    looked at, to be told by their names alone, and whether any check can have something to say of it.

PARAMETERS
    message_drop_headers, header_checks, mime_header_checks, nested_header_checks, body_checks, body_checks_size_limit,
    message_reject_characters, message_strip_characters, cleanup_replace_stray_cr_lf, line_length_limit, hopcount_limit,
    header_address_token_limit, always_add_missing_headers, undisclosed_recipients_header, detect_8bit_encoding_header,
    header_from_format, disable_mime_input_processing, header_size_limit, mime_nesting_limit,
    mime_boundary_length_limit, strict_7bit_headers, strict_8bitmime, strict_8bitmime_body, strict_mime_encoding_domain

SEE ALSO
    cleanup(8), cleanup_content, literal
"""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.content import CONTINUED, Content
from simmail.postfix.headers import HEADER as FIELD
from simmail.postfix.headers import HeaderField, HeaderTable
from simmail.postfix.mime import MimeError, MimeOptions, Part, content_type
from simmail.postfix.tables import LINES, Maps
from simmail.postfix.tables.literal import LONGEST
from simmail.postfix.unescape import unescape

if TYPE_CHECKING:
    from simmail.postfix.cleanup import Cleanup

MESSAGE_IDS = ("message-id", "resent-message-id")
_VISIBLE = ("to", "resent-to", "cc", "resent-cc")


class Layout(NamedTuple):
    """What the names of a header's fields, in their order, tell of it.

    Args:
        outline: what it is the layout of.
        end: how many lines it has.
        fields: (name in lower case, first line, line behind the last one) of each field.
        wanted: those of them that have to be looked at even if no check does.
        stays: whether it stays as it is, unless there is a check: nothing but message-ids is looked at, nothing added.
        types: those of them that tell what the body is made of.
        tallest: how many lines the longest of them has.
        spaced: whether blanks stand between a name and its colon.
        seen: the known ones, in lower case.
        resent: `Resent-` where one tells that the message was sent on.
    """

    outline: tuple[str, ...]
    end: int
    fields: tuple[tuple[str, int, int], ...]
    wanted: tuple[tuple[str, int, int], ...]
    stays: bool
    types: tuple[tuple[str, int, int], ...]
    tallest: int
    spaced: bool
    seen: frozenset[str]
    resent: str


#: For each answer that checks can have the texts, in lower case, without which they do not have it.
Needs = tuple[tuple[str, ...], ...]


def _needs(*checks: Maps) -> Needs | None:
    """The needs of all of these; None where nobody knows one of them."""
    found: list[tuple[str, ...]] = []
    for maps in checks:
        if maps.needs is None:
            return None
        found += maps.needs
    return tuple(dict.fromkeys(found))


def _met(needs: Needs, text: str) -> bool:
    """Whether a text in lower case has all that one of the answers needs."""
    for one in needs:
        for need in one:
            if need not in text:
                break
        else:
            return True
    return False


class ContentRules:
    """What one cleanup(8) does with headers and bodies.

    Args:
        program: whose parameters these are.
    """

    def __init__(self, program: Cleanup) -> None:
        config = program.config
        self.memo = program.system.memo
        self._layouts: dict[tuple[bool, tuple[str, ...]], Layout] = {}
        self.table = HeaderTable(config.list("message_drop_headers"))
        self.header_checks = program.maps("header_checks", LINES)
        self.checks: dict[Part, Maps] = {
            Part.PRIMARY: self.header_checks,
            Part.MULTIPART: program.maps("mime_header_checks", LINES),
            Part.NESTED: program.maps("nested_header_checks", LINES),
        }
        self.body_checks = program.maps("body_checks", LINES)
        program.maps("milter_header_checks", LINES)  # are opened, whether there is a Milter or not
        #: What a line needs for any of the checks, or those of bodies, to have an answer; None where nobody knows.
        self.needs = _needs(*self.checks.values(), self.body_checks)
        self.body_needs = _needs(self.body_checks)
        self.body_limit: int = config["body_checks_size_limit"]
        self.rejected = frozenset(unescape(config["message_reject_characters"]))
        self.stripped = frozenset(unescape(config["message_strip_characters"]))
        #: Whether a CR within a line becomes a blank.
        self.replaces_cr: bool = config["cleanup_replace_stray_cr_lf"]
        self.line_limit: int = config["line_length_limit"]
        #: Octets of the longest line that needs no look of its own.
        self.longest = min(self.line_limit, LONGEST)
        self.hop_limit: int = config["hopcount_limit"]
        self.token_limit: int = config["header_address_token_limit"]
        self.always_add: bool = config["always_add_missing_headers"]
        self.undisclosed: str = config["undisclosed_recipients_header"]
        self.detect_8bit: bool = config["detect_8bit_encoding_header"]
        self.from_format = config["header_from_format"].lower()
        structure = not config["disable_mime_input_processing"]
        limits = config["header_size_limit"], config["mime_nesting_limit"], config["mime_boundary_length_limit"]
        strict = self._strict(program) if structure else frozenset()
        self.header_limit: int = config["header_size_limit"]
        self.options = MimeOptions(structure, frozenset(), False, *limits)
        self.strict_options = MimeOptions(structure, strict, False, *limits)
        #: Whether the filters look at no body, as far as the configuration goes.
        self.unfiltered = not (
            any(self.checks.values()) or self.body_checks or strict or self.rejected or self.stripped
        )

    def _strict(self, program: Cleanup) -> frozenset[MimeError]:
        """The errors that strict_ parameters look for."""
        config = program.config
        strict: set[MimeError] = set()
        if config["strict_8bitmime"] or config["strict_7bit_headers"]:
            strict.add(MimeError.EIGHT_BIT_HEADER)
        if config["strict_8bitmime"] or config["strict_8bitmime_body"]:
            strict.add(MimeError.EIGHT_BIT_BODY)
        if config["strict_mime_encoding_domain"]:
            strict.add(MimeError.ENCODING_DOMAIN)
        if strict or any(self.checks.values()):
            strict.add(MimeError.NESTING)
        return frozenset(strict)

    def layout(self, content: Content, completes: bool) -> Layout:
        """The layout of a content's header; `completes`: whether addresses in it are completed."""
        outline = content.outline
        layout = self._layouts.get((completes, outline))
        if layout is None:
            layout = self._laid_out(outline, completes)
            if layout.end == len(outline):
                self.memo.keep(self._layouts, (completes, outline), layout)
        content.outline = layout.outline
        return layout

    def _laid_out(self, outline: tuple[str, ...], completes: bool) -> Layout:
        found: list[str] = []
        starts: list[int] = []
        spaced = False
        end = 0
        for name in outline:
            match = FIELD.fullmatch(name)
            if match is not None:
                found.append(match[1].lower())
                starts.append(end)
                spaced |= len(name) > len(match[1]) + 1
            elif not (starts and name == CONTINUED):
                break
            end += 1
        fields = tuple(zip(found, starts, (*starts[1:], end), strict=False))
        loops = found.count("received") >= self.hop_limit
        known = [self.table[name] for name in found if name in self.table]
        wanted = [field for field in known if self._wants(field, completes, loops)]
        wanted_names = {field.key for field in wanted}
        seen = frozenset(field.key for field in known)
        resent = "Resent-" if any(field.resent for field in known) else ""
        return Layout(
            outline=outline,
            end=end,
            fields=fields,
            wanted=tuple(field for field in fields if field[0] in wanted_names),
            stays=wanted_names.issubset(MESSAGE_IDS)
            and not any(field.drop for field in wanted)
            and not self.missing(seen, resent, completes),
            types=tuple(field for field in fields if field[0] == "content-type"),
            tallest=max((behind - first for _, first, behind in fields), default=0),
            spaced=spaced,
            seen=seen,
            resent=resent,
        )

    def _wants(self, field: HeaderField, completes: bool, loops: bool) -> bool:
        """Whether a known field has to be looked at; `loops`: whether the message has made too many hops."""
        return (
            field.drop
            or field.key in MESSAGE_IDS
            or (field.key == "content-transfer-encoding" and self.detect_8bit)
            or (completes and (field.sender or field.recipient))
            or (field.key == "received" and loops)
        )

    def missing(self, seen: Set[str], resent: str, completes: bool) -> tuple[str, ...]:
        """Which headers have to be added to these: `message-id`, `date`, `from`; `to` for undisclosed recipients.

        Args:
            seen: names in lower case.
            resent: `Resent-` where it is headers with that prefix.
            completes: whether addresses are completed.
        """
        if not completes and not self.always_add:
            return ()
        missing = [name for name in ("message-id", "date", "from") if resent.lower() + name not in seen]
        if self.undisclosed and seen.isdisjoint(_VISIBLE):
            missing.append("to")
        return tuple(missing)

    def plain(self, content: Content, layout: Layout) -> bool:
        """Whether a message holds nothing to look for but its header: in which no field is too long, or not ASCII."""
        lines, end, limit = content.lines, layout.end, self.header_limit
        for _, first, behind in layout.types:
            if content_type("\n".join(lines[first:behind]))[0] in ("multipart", "message"):
                return False
        return (
            not layout.spaced
            and end < len(lines)
            and content.longest <= self.longest
            and (4 * end * (content.longest + 1) < limit or 4 * len("\n".join(lines[:end])) < limit)
            and (content.ascii or (all(map(str.isascii, lines[:end])) and "\0" not in "\n".join(lines[:end])))
        )

    def silent(self, content: Content, layout: Layout) -> bool:
        """Whether it is known without looking at each line that no check has anything to say of a plain message."""
        if self.needs is None or self.rejected or self.stripped or not content.ascii:
            return False
        lines = content.lines
        if layout.tallest * (content.longest + 1) > LONGEST and any(
            len("\n".join(lines[first:behind])) > LONGEST for _, first, behind in layout.fields
        ):
            return False
        return not _met(self.needs, "\n".join(lines).lower())

    def quiet(self, text: str) -> bool:
        """Whether it is known that no check of bodies has anything to say of lines, joined by newlines."""
        return self.body_needs is not None and text.isascii() and not _met(self.body_needs, text.lower())
