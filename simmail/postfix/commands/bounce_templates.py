"""NAME
    bounce_templates - what `postconf -t` and `postconf -b` print

DESCRIPTION
    The templates of delivery status notifications as a file of templates has them, and their texts with
    parameters expanded.

SEE ALSO
    postconf(1), bounce(5)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from simmail.postfix.bounce_template import Template, expanded, load_templates
from simmail.postfix.config import Config

KINDS = ("failure", "delay", "success", "verify")
_OBSOLETE = re.compile(r"(\S+) \((.*)\)")


def dumped(config: Config) -> Iterator[str]:
    """The lines of `postconf -t`."""
    templates = load_templates(config, config.warn)
    for kind in KINDS:
        template = templates[kind]
        if kind != KINDS[0]:
            yield ""
        yield f"{kind}_template = <<EOF"
        yield f"Charset: {template.charset or 'us-ascii'}"
        yield f"From: {_sender(template, config)}"
        yield f"Subject: {template.subject}"
        if template.postmaster_subject:
            yield f"Postmaster-Subject: {template.postmaster_subject}"
        yield ""
        yield from template.text
        yield "EOF"


def texts(config: Config) -> Iterator[str]:
    """The lines of `postconf -b`."""
    templates = load_templates(config, config.warn)
    for kind in KINDS:
        if kind != KINDS[0]:
            yield ""
        yield f"expanded_{kind}_text = <<EOF"
        yield from expanded(templates[kind], config, lambda level, text: None)
        yield "EOF"


def _sender(template: Template, config: Config) -> str:
    """The value of From:, in the form that header_from_format asks for."""
    found = _OBSOLETE.fullmatch(template.sender)
    if found is None or config["header_from_format"] != "standard":
        return template.sender
    return f"{found[2]} <{found[1]}>"
