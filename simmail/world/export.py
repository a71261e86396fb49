"""Writes what a run came to into a folder: summary, tables, logs, mailboxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from simmail.world.logs import maillog
from simmail.world.mailbox_files import write_mailboxes

if TYPE_CHECKING:
    from simmail.world.world import World

TABLES = ("messages", "arrivals", "deliveries", "decisions", "queues")


def export(world: World, out: Path) -> list[str]:
    """Write `summary.json`, Parquet tables, each host's log and mailboxes below `out`; what was written, for people."""
    results = world.results
    out.mkdir(parents=True, exist_ok=True)
    (out / "summary.json").write_text(
        json.dumps(results.summary(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    for table in TABLES:
        getattr(results, table).to_parquet(out / f"{table}.parquet", index=False)
    for host in world.hosts.values():
        if host.master is not None:
            log = out / host.name / "var/log/maillog"
            log.parent.mkdir(parents=True, exist_ok=True)
            text = "".join(line + "\n" for line in maillog(host, results.records))
            log.write_text(text, encoding="utf-8", errors="surrogateescape")
        write_mailboxes(host, out / host.name)
    return ["summary.json", *(f"{table}.parquet" for table in TABLES), "HOST/var/log/maillog", "HOST/var/mail"]
