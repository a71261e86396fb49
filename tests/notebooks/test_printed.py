"""What a lab's text says was printed is held against what is: a claim stands or falls as it ought to."""

from __future__ import annotations

import pytest

from simmail.lab.notebook import Printed
from tests.notebooks.printed import claims, missed, play, stands

OUTPUT = """\
notices:  51
{'bounced': 20, 'delivered': 66}
      3 mail.one.example
     12 mail.two.example
105
Out[0]: <A picture: 4 hosts>
"""

STANDS = [
    ("notices: 51", True),
    ("notices: 5", False),
    ("notices: 510", False),
    ("51", False),
    ("... 51", True),
    ("105", True),
    ("05", False),
    ("{'bounced': 20, ...", True),
    ("{'bounced': 2, ...", False),
    ("... 'delivered': 66}", True),
    ("<A picture: 4 hosts>", True),
    ("<A picture: 4 ...", True),
    ("3 mail.one.example\n12 mail.two.example", True),
    ("12 mail.two.example\n3 mail.one.example", False),
    ("3 mail.one.example\n105", False),
    ("3 mail.one.example\n...\n105", True),
    ("notices: 51\n...\n3 mail.one.example", True),
    ("{'bounced': 20, ...\n... mail.two.example", False),
]
"""Lines that a text relies on, and whether they stand in the output above."""

LAB = """\
# Lab 98: Two and three

## 1. Two

```{code-cell}
print("two:  2")
```

Two.
<!-- printed: two: 2 -->

## 2. Three

```{code-cell}
print("three: 3")
```

It was two, and is three.
<!-- printed in 1: two: 2 -->
<!-- printed:
three: 3
-->
"""


@pytest.mark.parametrize(("text", "expected"), STANDS)
def test_a_claim_is_whole_lines(text: str, expected: bool) -> None:
    """Of the output, in order, with `...` for what may change; a part of a number is another number."""
    assert stands(Printed(tuple(text.splitlines()), 7), OUTPUT) is expected


def test_what_fails_is_told_with_its_line_and_what_is_printed() -> None:
    """The line of the source, the first of the lines that is nowhere, and the printed line that is most like it."""
    claim = Printed(("105", "notices: 3"), 7)
    assert missed(claim, OUTPUT, "lab.md") == ["lab.md:7: not printed: notices: 3", "  but: notices: 51"]
    assert missed(claim._replace(lines=("105", "notices: 51")), OUTPUT, "lab.md") == [
        "lab.md:7: not printed: these lines one below the other: 105 / notices: 51"
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Two.", "Two!", []),
        ("two:  2", "two:  22", ["10: not printed: two: 2", "  but: two: 22", "19: not printed: two: 2", "  but: two: 22"]),
        ("three: 3\n-->", "three: 30\n-->", ["20: not printed: three: 30", "  but: three: 3"]),
        ("printed in 1:", "printed:", ["19: not printed: two: 2", "  but: three: 3"]),
        ("printed in 1:", "printed in 7:", ["19: not printed: two: 2"]),
    ],
)
def test_a_claim_holds_for_its_section(
    old: str, new: str, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A changed figure, a changed text and another section are noticed where the text says it."""
    assert LAB.count(old) == 1
    outputs, missing = play(LAB.replace(old, new), "lab.md", lambda: capsys.readouterr().out)
    assert outputs["2"] == "three: 3\n\n"
    assert [line.removeprefix("lab.md:") for line in missing] == told


def test_claims_are_found_in_any_page() -> None:
    """An instructor's page has no cells, and says whose figures it tells."""
    page = "| 9 | three |\n<!-- printed in 9: 3 -->\n\n<!-- printed by `simmail run 12`: 3\n-->\n"
    assert list(claims(page, "instructor.md")) == [
        Printed(("3",), 2, section="9"),
        Printed(("3",), 4, command="simmail run 12"),
    ]
