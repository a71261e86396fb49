"""A picture with words: a matplotlib figure, its text alternative, and the table behind it."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

#: Okabe and Ito's colours, which people with any colour vision can tell apart, and a mark for each.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
DPI = 110


class Picture:
    """What a plot gives: shown in a notebook, saved to a file, read aloud.

    Attributes:
        figure: the matplotlib figure.
        alt: what it shows, in a sentence or two.
        table: the numbers behind it, a pandas table.
    """

    def __init__(self, figure: Figure, alt: str, table: pd.DataFrame) -> None:
        self.figure, self.alt, self.table = figure, alt, table

    def png(self) -> bytes:
        """The picture's octets."""
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=DPI, bbox_inches="tight")
        return out.getvalue()

    def save(self, path: str) -> None:
        """Write it to a file; the name's ending says which format."""
        self.figure.savefig(path, dpi=DPI, bbox_inches="tight")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        source = base64.b64encode(self.png()).decode()
        return {
            "text/html": f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{source}">',
            "text/plain": self.alt,
        }

    def __repr__(self) -> str:
        return self.alt
