"""How complaints show the names of files."""

from __future__ import annotations

import re

#: What a name is quoted for in complaints: within it, at its beginning, and where it is all of it.
_SPECIAL = re.compile(r"[\s*?\[!=\"$&|();<>`\\^:]|^[#~]|^[{}]?\Z")


def quoted(name: str) -> str:
    """The name of a file as most of coreutils show it: quoted for the shell where it needs that, or has a colon."""
    if "'" in name:
        return f'"{name}"' if not set(name) & set('"$`\\!') else "'" + name.replace("'", "'\\''") + "'"
    return f"'{name}'" if _SPECIAL.search(name) else name
