"""NAME
    bounce_templates - what `postconf -t` and `postconf -b` print

DESCRIPTION
    The templates of delivery status notifications as a file of templates has them, and their texts with
    parameters expanded.

SEE ALSO
    postconf(1), bounce(5)
"""

from __future__ import annotations

from collections.abc import Iterator

from simmail.postfix.bounce_template import PLAIN_CHARSET, expanded, sender
from simmail.postfix.bounce_template_file import load_templates
from simmail.postfix.config import Config

KINDS = ("failure", "delay", "success", "verify")


def dumped(config: Config) -> Iterator[str]:
    """The lines of `postconf -t`."""
    templates = load_templates(config, config.warn)
    for kind in KINDS:
        template = templates[kind]
        if kind != KINDS[0]:
            yield ""
        yield f"{kind}_template = <<EOF"
        yield f"Charset: {template.charset or PLAIN_CHARSET}"
        yield f"From: {sender(template, config)}"
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
        yield from expanded(templates[kind], config, config.warn)
        yield "EOF"
