"""NAME
    permissions - what `postfix check` has to say of owners and permissions

DESCRIPTION
    Postfix's script, at a check and before a start, looks for files of the configuration that somebody else could
    write, for links that lead out of it, and for files of the queue and of data_directory that the mail system does not
    own.  It goes on, whatever it finds.

PARAMETERS
    data_directory, mail_owner, queue_directory, setgid_group

DIAGNOSTICS
    not owned by root: /etc/postfix/./main.cf
    group or other writable: /etc/postfix/./main.cf
    symlink leaves directory: /etc/postfix/./aliases
    not owned by postfix: /var/lib/postfix/./dump, not owned by group postdrop: /var/spool/postfix/public

BUGS
    The programs themselves (`not set-gid or not owner+group+world executable: /usr/sbin/postdrop`), copies of files for
    programs in a chroot, and what lies in the queue `corrupt` are not looked at.

SEE ALSO
    postfix(1)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simmail.files.base_system import CLOSED
from simmail.files.machine import GROUPS
from simmail.files.tree import FileSystem
from simmail.postfix.config import Config

#: The folders of the queue that mail_owner owns, with all that is in them; and those of setgid_group.
OWNED = (*CLOSED, "public")
GROUPED = ("public", "maildrop")
#: Permissions to write for others than the owner; those of a link that leads nowhere.
WRITABLE, OPEN = 0o022, 0o777


class _Thing(NamedTuple):
    """A file, folder or link: as the script calls it, whose it is, who may use what it leads to, and where it leads."""

    name: str
    owner: str
    mode: int
    target: str = ""


def remarks(config: Config) -> Iterator[str]:
    """What is said of a host's files, in order; each a warning of the script."""
    machine, queue = config.machine, str(config["queue_directory"])
    files, owner, group = machine.files, str(config["mail_owner"]), str(config["setgid_group"])
    settings, data = list(_all(files, config.folder)), list(_all(files, str(config["data_directory"])))
    top = [_thing(files, queue, "/.")]
    roots = [_thing(files, f"{queue}/pid", "")] if files.is_folder(f"{queue}/pid") else []
    ours = [thing for name in OWNED for thing in _all(files, f"{queue}/{name}", "")]
    findings = {
        "not owned by root": (thing for thing in top + roots + settings if thing.owner != "root"),
        "group or other writable": (thing for thing in top + settings + data if thing.mode & WRITABLE),
        "symlink leaves directory": (thing for thing in settings if _leaves(thing.target)),
        f"not owned by {owner}": (thing for thing in data + ours if thing.owner != owner),
    }
    for said, things in findings.items():
        for thing in things:
            yield f"{said}: {thing.name}"
    for folder in (f"{queue}/{name}" for name in GROUPED):
        if files.is_folder(folder) and machine.folder_gid(folder) != GROUPS.get(group):
            yield f"not owned by group {group}: {folder}"


def _all(files: FileSystem, folder: str, top: str = "/.") -> Iterator[_Thing]:
    """A folder, by its name with `top` behind it, and all that lies below it; nothing where it is not there."""
    if not files.is_folder(folder):
        return
    ways = [top]
    while ways:
        way = ways.pop()
        yield _thing(files, folder, way)
        path = folder + way.removeprefix("/.")
        if files.link(path) is None and files.is_folder(path):
            ways += [f"{way}/{name}" for name in reversed(files.listing(path))]


def _thing(files: FileSystem, folder: str, way: str) -> _Thing:
    """What lies in a folder."""
    path = folder + way.removeprefix("/.")
    file, link = files.find(path), files.link(path)
    mode = file.mode if file is not None else files.folder_mode(path) if files.is_folder(path) else OPEN
    if link is not None:
        return _Thing(folder + way, link.owner, mode, link.text)
    return _Thing(folder + way, files.folder_owner(path) if file is None else file.owner, mode)


def _leaves(target: str) -> bool:
    """Whether a link leads out of its folder, as the script sees it."""
    return target.startswith("/") or ".." in target.split("/")
