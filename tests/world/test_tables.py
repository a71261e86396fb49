"""Tables have the same columns and types whatever happened, and take whatever people typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simmail
from simmail.world.export import export
from simmail.world.results import TABLES
from simmail.world.tables import DTYPES, Table, arrow_array, arrow_types, shown
from simmail.world.world import World

SERVER = "mail.domain.ork"
#: Values of each type that a column may have, or none.
VALUES = {
    float: st.floats(allow_nan=False),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    str: st.text(max_size=9),
}


@pytest.fixture(params=["0s", "30m"], ids=["nothing happened", "half an hour"])
def world(request: pytest.FixtureRequest) -> World:
    """A world at its start, and one in which something happened."""
    made = simmail.load("01", seed=1)
    made.run(until=request.param)
    return made


@pytest.mark.parametrize("name", TABLES)
def test_types_do_not_depend_on_what_happened(world: World, name: str) -> None:
    """A table without rows has the types of one with rows, for pandas as in a file."""
    table = world.results.table(name)
    frame: pd.DataFrame = getattr(world.results, name)
    assert {column: str(dtype) for column, dtype in frame.dtypes.items()} == {
        column: DTYPES[kind] for column, kind in table.columns.items()
    }
    assert len(frame) == len(list(table.rows))


def test_files_have_the_same_types(world: World, tmp_path: Path) -> None:
    """What DuckDB or polars read of a run is typed, be it empty."""
    export(world, tmp_path)
    for name in TABLES:
        table = world.results.table(name)
        schema = pq.read_schema(tmp_path / f"{name}.parquet")
        assert {field.name: field.type for field in schema} == {
            column: arrow_types()[kind] for column, kind in table.columns.items()
        }


def test_octets_that_are_no_text(world: World, tmp_path: Path) -> None:
    """An address of odd octets is shown as the log shows it, and stops neither table nor file."""
    world.host(SERVER).sh(r"printf 'Subject: x\n\nhi\n' | sendmail -f $(printf 'a\377b') $(printf 'n\377o')@domain.ork")
    world.run(until=world.now + 60)
    assert "n?o@domain.ork" in list(world.results.deliveries["to"])
    export(world, tmp_path)
    assert "n?o@domain.ork" in list(pd.read_parquet(tmp_path / "deliveries.parquet")["to"])


def test_what_is_not_known_is_null(tmp_path: Path) -> None:
    """A time that there is not is null in a file, so that averages of others are right."""
    Table({"delay": float}, [(1.0,), (None,)]).write(tmp_path / "t.parquet")
    assert pq.read_table(tmp_path / "t.parquet").column("delay").to_pylist() == [1.0, None]


@given(st.sampled_from(sorted(VALUES.items(), key=str)).flatmap(
    lambda item: st.tuples(st.just(item[0]), st.lists(st.none() | item[1], max_size=30))
))  # fmt: skip
def test_columns_are_what_the_library_makes_of_them(column: tuple[type, list[Any]]) -> None:
    """Each column is the array that Arrow itself makes of its values."""
    kind, values = column
    made = arrow_array(kind, values)
    made.validate(full=True)
    plain = [shown(value) for value in values] if kind is str else values
    assert made.equals(pa.array(plain, arrow_types()[kind]))


def test_a_run_writes_its_tables_without_pandas(tmp_path: Path) -> None:
    """Whoever wants files alone does not wait for what only notebooks need."""
    act = (
        "import sys, pathlib, simmail\n"
        "from simmail.world.export import export\n"
        "world = simmail.load('01', seed=1)\nworld.run(until='30m')\nexport(world, pathlib.Path(sys.argv[1]))\n"
        "print(sorted({'pandas', 'matplotlib'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", act, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
