"""Where a sweep's rows lie: a folder that pandas, polars and DuckDB read, and that survives being interrupted.

    DIR/manifest.json                       what was asked for, versions, seeds, hashes; no clock
    DIR/runs/policy=NAME/PART.parquet       rows of finished runs

A part appears under its name when it is whole: it is written beside, and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from simmail.batch.figures import FIGURES
from simmail.batch.plan import Planned, Value
from simmail.batch.replication import Row
from simmail.mail.errors import InputError
from simmail.world.tables import arrow_types

if TYPE_CHECKING:
    import pandas as pd

MANIFEST, RUNS, UNFINISHED = "manifest.json", "runs", ".unfinished"
#: What an interrupted sweep may be ended with in another form.
MAY_DIFFER = frozenset({"python"})


class Store:
    """One sweep's folder.

    Args:
        folder: which.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, manifest: Mapping[str, Any]) -> None:
        """Make the folder, or take up what was begun there; half-written parts are thrown away.

        Raises:
            InputError: where another sweep lies there.
        """
        said = json.loads(json.dumps(manifest))
        if (self.folder / MANIFEST).is_file():
            there = self.manifest()
            different = sorted(key for key in {*said, *there} - MAY_DIFFER if said.get(key) != there.get(key))
            if different:
                raise InputError(
                    str(self.folder), f"holds another sweep; what differs: {', '.join(different)}{_which(said, there)}",
                    "name another folder",
                )  # fmt: skip
        elif self.folder.is_dir() and any(path.name != UNFINISHED for path in self.folder.iterdir()):
            raise InputError(str(self.folder), "holds something else", "name a new folder")
        shutil.rmtree(self.folder / UNFINISHED, ignore_errors=True)
        (self.folder / UNFINISHED).mkdir(parents=True)
        text = json.dumps(said, indent=1, ensure_ascii=False) + "\n"
        self._put(self.folder / MANIFEST, lambda path: path.write_text(text, encoding="utf-8"))
        (self.folder / RUNS).mkdir(exist_ok=True)

    def end(self) -> None:
        """Leave nothing but what is finished."""
        shutil.rmtree(self.folder / UNFINISHED, ignore_errors=True)

    def manifest(self) -> dict[str, Any]:
        """What was asked for.

        Raises:
            InputError: where no sweep lies.
        """
        try:
            found: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise InputError(
                str(self.folder), f"has no {MANIFEST}", "name a folder that `simmail sweep` wrote"
            ) from None
        except ValueError as error:
            raise InputError(str(self.folder / MANIFEST), f"is no JSON: {error}", "sweep into a new folder") from None
        return found

    def finished(self) -> set[str]:
        """The keys of all runs whose rows are here.

        Raises:
            InputError: for a part that cannot be read.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        found: set[str] = set()
        for part in sorted((self.folder / RUNS).glob("*/*.parquet")):
            try:
                found.update(pq.ParquetFile(part).read(["run"]).column("run").to_pylist())
            except pa.ArrowException as error:
                raise InputError(
                    str(part), f"is damaged ({error})", "remove it: the sweep runs again what was in it"
                ) from None
        return found

    def add(self, done: Sequence[tuple[Planned, Row]], factors: Mapping[str, type]) -> None:
        """Write the rows of finished runs, a part a policy.

        Args:
            done: the runs.
            factors: the design's columns and the types of their values.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = arrow_types()
        schema = pa.schema(
            [("run", pa.string()), ("cell", pa.int64()), ("seed", pa.int64()), ("world", pa.string())]
            + [(name, kinds[kind]) for name, kind in factors.items()]
            + [("failed", pa.string()), ("remarks", pa.string()), *((name, pa.float64()) for name in FIGURES)]
        )
        for policy in dict.fromkeys(planned.task.policy for planned, _ in done):
            lines = [_line(planned, row, factors) for planned, row in done if planned.task.policy == policy]
            table = pa.Table.from_pylist(lines, schema)
            name = hashlib.sha256("".join(line["run"] for line in lines).encode()).hexdigest()[:20]
            part = self.folder / RUNS / f"policy={quote(policy, safe='')}" / f"{name}.parquet"
            part.parent.mkdir(exist_ok=True)
            self._put(part, lambda path, table=table: pq.write_table(table, path))

    def _put(self, path: Path, write: Any) -> None:
        """Write a file so that it is there as a whole or not at all, whatever happens to the machine."""
        beside = self.folder / UNFINISHED / path.name
        write(beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)

    def rows(self) -> pd.DataFrame:
        """All rows, sorted by cell, policy and seed: the same whoever ran them, in whatever order.

        Raises:
            InputError: for a part that cannot be read.
        """
        import pandas as pd

        self.finished()
        places = sorted((self.folder / RUNS).glob("*/*.parquet"))
        if not places:
            return pd.DataFrame(columns=["policy", "run", "cell", "seed", "failed", "remarks", *FIGURES])
        table = pd.read_parquet(self.folder / RUNS)
        table.insert(0, "policy", table.pop("policy").astype(str))
        order = {policy: number for number, policy in enumerate(self.manifest()["sweep"]["policies"])}
        rank = table["policy"].map(order)
        table = table.assign(_rank=rank).drop_duplicates("run").sort_values(["cell", "_rank", "seed"])
        return table.drop(columns="_rank").reset_index(drop=True)


def _which(said: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """Which files of the world differ; "" where none does."""
    ours, theirs = said.get("files", {}), there.get("files", {})
    names = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f" ({', '.join(names[:3])}{rest})" if names else ""


def _line(planned: Planned, row: Row, factors: Mapping[str, type]) -> dict[str, Any]:
    task, cell = planned
    return {
        "run": row.key, "cell": cell.number, "seed": task.seed, "world": task.world.hash,
        **{name: kind(cell.values[name]) for name, kind in factors.items()},
        "failed": row.failed, "remarks": row.remarks, **row.figures,
    }  # fmt: skip


def column_types(cells: Sequence[Mapping[str, Value]]) -> dict[str, type]:
    """The type of each factor's column: what its values have in common, text if nothing."""
    found: dict[str, type] = {}
    for name in cells[0] if cells else ():
        kinds = {type(values[name]) for values in cells}
        if len(kinds) == 1:
            found[name] = kinds.pop()
        else:
            found[name] = float if kinds == {int, float} else str
    return found
