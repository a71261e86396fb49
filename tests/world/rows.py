"""Prints a hash of all that happened in some random worlds: `python -m tests.world.rows SEED...`."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from simmail.world.logs import maillog
from tests.world.random_world import LENGTH_S, make, orders


def digest(seed: int) -> str:
    """The hash of the records, logs and mailboxes of one world."""
    with TemporaryDirectory() as folder:
        world = make(seed, Path(folder))
        for when, host, command in orders(seed):
            world.run(when)
            if world.host(host).up:
                world.host(host).sh(command)
        world.run(2 * LENGTH_S)
        found = hashlib.sha256()
        for record in world.journal.until(world.now):
            found.update(repr(tuple(record)).encode())
        for host_ in world.hosts.values():
            if host_.master is not None:
                found.update("\n".join(maillog(host_)).encode())
            for path in host_.machine.files.names("/var/mail"):
                found.update(host_.machine.files.read(path).encode())
    return found.hexdigest()


if __name__ == "__main__":
    for word in sys.argv[1:]:
        print(word, digest(int(word)))
