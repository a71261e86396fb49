"""Writes what a run came to into a folder: summary, tables, logs, mailboxes."""

from __future__ import annotations

import errno
import json
import os
import posixpath
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simmail.mail.errors import InputError
from simmail.world.clock import rare_collections
from simmail.world.logs import PATHS, maillogs
from simmail.world.mailbox_files import FOLDERS, write_mailboxes
from simmail.world.results import TABLES

if TYPE_CHECKING:
    from simmail.world.world import World

SUMMARY = "summary.json"
FILES = (SUMMARY, *(f"{table}.parquet" for table in TABLES))
LOG = PATHS[0]
#: So many lines of a log are written at once.
TOGETHER = 1 << 12


def make_room(world: World, out: Path) -> None:
    """Make the folder that results go into, before there are any; those of an earlier run of the same world go.

    Raises:
        InputError: where it holds anything else.
        OSError: where it cannot be made or written.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not os.access(out, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(out))
    there = list(out.iterdir())
    if not there:
        return
    before = _earlier(out / SUMMARY)
    if before is None:
        raise InputError(str(out), "holds something else", "name a new folder for results")
    if before["title"] != world.title:
        raise InputError(str(out), f"holds results of another world, {before['title']!r}", "name a new folder")
    hosts = {*world.hosts, *before["hosts"]}
    for place in there:
        if place.name in FILES:
            place.unlink()
        elif place.name in hosts and place.is_dir() and not place.is_symlink():
            for folder in (posixpath.dirname(LOG), *FOLDERS):
                shutil.rmtree(place / folder.lstrip("/"), ignore_errors=True)


def _earlier(path: Path) -> dict[str, Any] | None:
    """An earlier run's summary; None where that is none."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return said if isinstance(said["hosts"], dict) and {"title", "simulated_s"} <= said.keys() else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def export(world: World, out: Path) -> list[str]:
    """Write `summary.json`, Parquet tables, each host's log and mailboxes below `out`; what was written, for people."""
    results = world.results
    out.mkdir(parents=True, exist_ok=True)
    (out / SUMMARY).write_text(json.dumps(results.summary(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with rare_collections():
        for table in TABLES:
            results.table(table).write(out / f"{table}.parquet")
        _write_logs(world, out)
    for host in world.hosts.values():
        write_mailboxes(host, out / host.name)
    return [*FILES, f"HOST{LOG}", "HOST/var/mail"]


def _write_logs(world: World, out: Path) -> None:
    """Write the log of each mail server, all in one reading of the records."""
    hosts = [host for host in world.hosts.values() if host.master is not None]
    places = {host.name: out / host.name / LOG.lstrip("/") for host in hosts}
    for place in places.values():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
    lines: dict[str, list[str]] = {name: [] for name in places}

    def write(name: str) -> None:
        with places[name].open("a", encoding="utf-8", errors="surrogateescape") as log:
            log.writelines(line + "\n" for line in lines[name])
        lines[name].clear()

    for name, line in maillogs(world, hosts):
        lines[name].append(line)
        if len(lines[name]) == TOGETHER:
            write(name)
    for name in places:
        write(name)
