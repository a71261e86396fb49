"""Tables for pandas and other programs: columns whose types do not depend on what the rows happen to hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: What pandas calls the types that columns have.
DTYPES = {float: "float64", int: "int64", bool: "bool", str: "str"}


@cache
def arrow_types() -> Mapping[type, pa.DataType]:
    """What Arrow calls these types."""
    import pyarrow as pa

    return {float: pa.float64(), int: pa.int64(), bool: pa.bool_(), str: pa.string()}


def shown(text: str | None) -> str | None:
    """A text without octets that are no UTF-8: they are shown as they are in a log, `?`."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()


def arrow_array(kind: type, values: Sequence[Any]) -> pa.Array:
    """An Arrow array of values of one type (float, int, bool or str), or None, put together from its buffers.

    `pyarrow.array` does the same, but loads pandas first, which takes a fifth of a lab's run.
    """
    import numpy as np
    import pyarrow as pa

    type, size, validity = arrow_types()[kind], len(values), None
    if None in values:
        validity = pa.py_buffer(np.packbits([value is not None for value in values], bitorder="little"))
        blank = kind()
        values = [blank if value is None else value for value in values]
    if kind is not str:
        plain = np.array(values, type.to_pandas_dtype())
        data = np.packbits(plain, bitorder="little") if kind is bool else plain
        return pa.Array.from_buffers(type, size, [validity, pa.py_buffer(data)])
    text = "".join(values)
    if not text.isascii():
        values = [value.encode("utf-8", "replace") for value in values]
    offsets = np.zeros(size + 1, np.int32)
    np.cumsum(np.fromiter(map(len, values), np.int32, size), out=offsets[1:])
    octets = text.encode() if text.isascii() else b"".join(values)
    return pa.Array.from_buffers(type, size, [validity, pa.py_buffer(offsets), pa.py_buffer(octets)])


#: So many rows are written at once.
GROUP = 1 << 14


class Table(NamedTuple):
    """Rows with names and types for their columns.

    Args:
        columns: their names, and the types of their values: float, int, bool or str.
        rows: the values in the order of the columns, to be gone through once; None for a text or a float that there is
            not.
    """

    columns: Mapping[str, type]
    rows: Iterable[tuple[Any, ...]]

    def _across(self, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, type, Sequence[Any]]]:
        """Name, type and values of each column."""
        across = zip(*rows, strict=True) if rows else ((),) * len(self.columns)
        for (name, kind), values in zip(self.columns.items(), across, strict=True):
            yield name, kind, values

    def frame(self) -> pd.DataFrame:
        """The table for pandas."""
        import pandas as pd

        columns = {}
        for name, kind, values in self._across(list(self.rows)):
            plain = [shown(value) for value in values] if kind is str else values
            columns[name] = pd.Series(plain, dtype=DTYPES[kind])
        return pd.DataFrame(columns)

    def write(self, path: Path) -> None:
        """Write it to a Parquet file, some rows at a time."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        types, rows = arrow_types(), iter(self.rows)
        schema = pa.schema([(name, types[kind]) for name, kind in self.columns.items()])
        with pq.ParquetWriter(path, schema) as writer:
            while group := list(islice(rows, GROUP)):
                columns = [arrow_array(kind, values) for _, kind, values in self._across(group)]
                writer.write_table(pa.table(columns, schema=schema))
