"""A picture with words: a matplotlib figure, its text alternative, and the table behind it."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

#: Okabe and Ito's colours, which people with any colour vision can tell apart, and a mark for each.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
DPI = 110
POINTS_PER_INCH = 72


def figure(width: float, height: float, *, bare: bool = False) -> tuple[Figure, Any]:
    """A figure that no global state knows of, and its axes.

    Args:
        width, height: inches.
        bare: no axes are drawn, and a unit of theirs is an inch.
    """
    from matplotlib.figure import Figure

    if not bare:
        drawing = Figure(figsize=(width, height), layout="constrained")
        axes = drawing.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        return drawing, axes
    drawing = Figure(figsize=(width, height))
    axes = drawing.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    return drawing, axes


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in inches, `size` in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / POINTS_PER_INCH


class Picture:
    """What a plot gives: shown in a notebook, saved to a file, read aloud.

    Args:
        figure: the matplotlib figure.
        alt: what it shows, in a sentence or two.
        columns, rows: the numbers behind it.
    """

    def __init__(self, figure: Figure, alt: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
        self.figure, self.alt, self._columns, self._rows = figure, alt, columns, rows

    @property
    def table(self) -> pd.DataFrame:
        """The numbers behind the picture, a pandas table."""
        import pandas as pd

        return pd.DataFrame(list(self._rows), columns=list(self._columns))

    def png(self) -> bytes:
        """The picture's octets."""
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
        return out.getvalue()

    def save(self, path: str) -> None:
        """Write it to a file; the name's ending says which format."""
        self.figure.savefig(path, dpi=DPI, bbox_inches="tight", facecolor="white")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        source = base64.b64encode(self.png()).decode()
        return {
            "text/html": f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{source}">',
            "text/plain": self.alt,
        }

    def __repr__(self) -> str:
        return self.alt
