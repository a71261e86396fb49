"""Variants of an exercise: the same task under other names, addresses and faults, so that copying does not help.

Which variant a student gets follows from the student's id and a secret of the course, by HMAC: nobody who lacks the
secret can tell, and no list needs to be kept.  Without a secret everybody has the first variant, which is the one
that the exercise's files are written in.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from simmail.mail.errors import InputError

#: The environment variable that holds the course's secret, where no file does.
SECRET = "SIMMAIL_COURSE_SECRET"


class Variant(NamedTuple):
    """One variant.

    Args:
        names: what stands in the exercise's files -> what this variant has in its place.
        fault: the folder below `faults/` that is laid over the start; "" for none.
    """

    names: Mapping[str, str]
    fault: str = ""

    def told(self, text: str) -> str:
        """A text of the exercise as this variant has it; longer names first, each once."""
        changed = {name: own for name, own in self.names.items() if name != own}
        if not changed:
            return text
        pattern = "|".join(re.escape(name) for name in sorted(changed, key=len, reverse=True))
        return re.sub(pattern, lambda found: changed[found[0]], text)


def secret(file: str | None = None) -> bytes:
    """The course's secret: a file's text, or that of the environment variable; empty where there is neither.

    Raises:
        InputError: for a file that cannot be read or is empty.
    """
    if file is None:
        return os.environ.get(SECRET, "").strip().encode()
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(file, f"the course's secret cannot be read: {why}", "name the file that it is in") from None
    if not text:
        raise InputError(file, "is empty", "put a line of chance into it: openssl rand -hex 32")
    return text.encode()


def same_student(one: str, other: str) -> bool:
    """Whether two ids are one: macOS writes the letters of file names and their accents one by one."""
    return normalize("NFC", one) == normalize("NFC", other)


def choose(exercise: str, student: str, key: bytes, names: Mapping[str, list[str]], faults: list[str]) -> Variant:
    """A student's variant.

    Args:
        exercise: its name.
        student: the student's id; "" for nobody's, which is the first variant.
        key: the course's secret; empty for the first variant.
        names: what can be replaced -> by what, itself first.
        faults: the folders of planted faults.
    """

    def pick(what: str, options: list[str]) -> str:
        if not options:
            return ""
        if not student or not key:
            return options[0]
        digest = hmac.new(
            key, f"{exercise}/{normalize('NFC', student)}/{what}".encode("utf-8", "surrogateescape"), hashlib.sha256
        ).digest()
        return options[int.from_bytes(digest[:8], "big") % len(options)]

    return Variant({name: pick(name, options) for name, options in names.items()}, pick("fault", faults))
