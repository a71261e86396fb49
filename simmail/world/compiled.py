"""Compiled tables that a learner copied from a real host: made anew from their sources."""

from __future__ import annotations

import shlex
import struct
from typing import TYPE_CHECKING

from simmail.world.blame import own_name

if TYPE_CHECKING:
    from simmail.world.host import Host

#: Berkeley DB's magic numbers, twelve octets into a file of each type.
MAGIC = {0x061561: "hash", 0x053162: "btree"}
SUFFIX = ".db"


def real_type(text: str) -> str:
    """The type of the compiled table that a file is (`hash`, `btree`); "" for any other file.

    Args:
        text: the beginning of the file, or all of it, octets that are no UTF-8 as surrogate escapes.
    """
    octets = text[:16].encode("utf-8", "surrogateescape")[:16]
    if len(octets) < 16:
        return ""
    either = (struct.unpack(order + "12xI", octets)[0] for order in "<>")
    return next((MAGIC[number] for number in either if number in MAGIC), "")


def compile_anew(host: Host) -> list[str]:
    """Compile the source of each table that was compiled by a real Postfix; what a user should be told of that.

    Args:
        host: its files are in place, and Postfix was not started yet.
    """
    told = []
    files = host.machine.files
    for path in files.names("/etc"):
        type = real_type(files.read(path)) if path.endswith(SUFFIX) else ""
        if not type:
            continue
        source = path.removesuffix(SUFFIX)
        if not files.exists(source):
            told.append(f"{own_name(host, path)}: {host.name}: is compiled, and its source {source} is not there")
            continue
        given = host.sh("postconf -xh alias_maps alias_database").stdout
        command = "postalias" if f"{type}:{source}" in given.replace(",", " ").split() else "postmap"
        done = host.sh(shlex.join([command, f"{type}:{source}"]))
        said = f": {done.stderr.strip()}" if done.stderr else ""
        told.append(f"{own_name(host, path)}: {host.name}: compiled anew by {command} {type}:{source}{said}")
    return told
