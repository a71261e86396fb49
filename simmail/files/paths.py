"""Paths of a simulated host: absolute ones, and the folders that things lie in."""

from __future__ import annotations

import posixpath

#: The device that reads as nothing and takes everything.
NULL_DEVICE = "/dev/null"


def normal(path: str, folder: str = "/") -> str:
    """An absolute path without `.`, `..` and doubled slashes; `folder` is where a relative one starts."""
    if path[:1] == "/" and path[-1] not in "/." and not ("//" in path or "/./" in path or "/../" in path):
        return path
    return posixpath.normpath(posixpath.join(folder, path)).replace("//", "/")


def above(path: str) -> str:
    """The folder that something lies in whose path is absolute and normal."""
    return path[: path.rfind("/")] or "/"
