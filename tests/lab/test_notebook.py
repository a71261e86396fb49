"""A lab's text becomes a notebook that is the same every time."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest

from simmail.lab.notebook import Cell, Printed, build, cells, pieces
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


def test_what_was_printed_is_left_out_of_the_notebook() -> None:
    """The comments come behind the cell that they are in, and change nothing of it; in a quoted file there are none."""
    said = "<!-- printed: notices: 5 -->\n<!-- printed in 7:\n  refused:  148\n\n...\n-->\n"
    source = SOURCE.replace("More prose.\n", f"More prose.\n{said}").replace("relayhost =", "relayhost =\n<!-- a -->")
    plain = SOURCE.replace("relayhost =", "relayhost =\n<!-- a -->")
    assert build(source, "07-example") == build(plain, "07-example")
    found = list(pieces(source))
    assert found[2:5] == [
        Cell("markdown", "More prose."),
        Printed(("notices: 5",), 10),
        Printed(("refused: 148", "", "..."), 11, section="7"),
    ]
    (by,) = pieces("<!-- printed by `simmail run 12 --until 13:00`: 9 ... -->")
    assert by == Printed(("9 ...",), 1, command="simmail run 12 --until 13:00")


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("<!-- prnted: 5 -->", "nobody reads this comment"),
        ("<!-- a note -->", "nobody reads this comment"),
        ("<!-- printed in section 7: 5 -->", "nobody reads this comment"),
        ("<!-- printed: 5 --> and so on\n<!-- printed: 6 -->", "nobody reads this comment"),
        ("<!-- printed: 5", "this comment is never closed"),
        ("Five. <!-- printed: 5 -->", "a comment begins in the middle of a line"),
        ("<!-- printed: -->", "this comment fits whatever is printed"),
        ("<!-- printed:\n...\n-->", "this comment fits whatever is printed"),
    ],
)
def test_a_comment_that_checks_nothing_is_told_with_its_line(comment: str, told: str) -> None:
    """What is not read, and what cannot fail, names the source's file and line."""
    with pytest.raises(InputError, match=f"labs/07-example/lab.md:3: {told}"):
        build(f"# A lab\n\n{comment}\n", "07-example")


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
