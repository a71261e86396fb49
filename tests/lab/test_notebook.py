"""A lab's text becomes a notebook that is the same every time."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest

from simmail.lab.notebook import Cell, build, cells
from simmail.mail.errors import InputError

SOURCE = """\
# A lab

Prose.

```{code-cell}
x = 1
```

More prose.
+++
A cell of its own, with a file in it:

```
# a comment, no heading
relayhost =
```

```{code-cell} [exercise, slow]
# your work
```
"""


def notebook(source: str, name: str = "07-example") -> Any:
    """The notebook of a source."""
    return json.loads(build(source, name))


def test_a_source_is_cut_into_cells() -> None:
    """Fences hold code, headings and `+++` begin a cell, and what looks like a heading within a quoted file is none."""
    assert list(cells(SOURCE)) == [
        Cell("markdown", "# A lab\n\nProse."),
        Cell("code", "x = 1"),
        Cell("markdown", "More prose."),
        Cell("markdown", "A cell of its own, with a file in it:\n\n```\n# a comment, no heading\nrelayhost =\n```"),
        Cell("code", "# your work", ("exercise", "slow")),
    ]


@pytest.mark.parametrize(("opening", "line"), [("```{code-cell}", 3), ("```", 3)])
def test_an_open_fence_is_told_with_its_line(opening: str, line: int) -> None:
    """A fence that is never closed names the source's file and line."""
    with pytest.raises(InputError, match=f"labs/07-example/lab.md:{line}: this fence is never closed"):
        build(f"# A lab\n\n{opening}\nx = 1\n", "07-example")


def test_a_notebook_is_plain_and_valid() -> None:
    """What is built follows nbformat, without outputs or counts, with its tags."""
    made = notebook(SOURCE)
    nbformat.validate(made)
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert {"tags": ["exercise", "slow"]} == code[1]["metadata"]


def test_a_new_cell_leaves_the_others_ids_alone() -> None:
    """Ids come from the text, so that a notebook changes only where its source did; equal cells differ in theirs."""
    before = [cell["id"] for cell in notebook(SOURCE)["cells"]]
    after = [cell["id"] for cell in notebook(SOURCE.replace("More prose.", "First.\n+++\nMore prose."))["cells"]]
    twice = [cell["id"] for cell in notebook(SOURCE + SOURCE)["cells"]]
    assert [i for i in after if i in before] == before
    assert len(after) == len(before) + 1
    assert len(set(twice)) == 2 * len(before)
