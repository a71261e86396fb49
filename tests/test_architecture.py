"""The layers of docs/architecture.md, and what keeps decisions pure and modules small."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

PURE = ("mail", "smtp", "dns", "files", "postfix", "userland")
"""The packages below the world: what they decide has no clock, no I/O and no chance of its own."""

IMPURE_CALLS = frozenset(
    """
    open input breakpoint eval exec compile __import__ print
    datetime.now datetime.utcnow datetime.today date.today
    dns.query.udp dns.query.tcp dns.resolver.resolve dns.resolver.Resolver dns.zone.from_file
    """.split()
)
"""Calls by which a decision would see or touch the real machine; what may be imported is import-linter's to say."""

FACE = re.compile(r"\bimport\b.*\bsimmail\b(?!\.)|\bfrom\s+simmail\s+import\b")
"""What may be an import of the package itself."""

LONGEST_MODULE = 500
"""Lines; a module that grew longer holds two things."""


def modules(root: Path, *packages: str) -> Iterator[Path]:
    """The modules of simmail, or of some of its packages."""
    for package in packages or ("",):
        yield from sorted((root / "simmail" / package).rglob("*.py"))


def impure_calls(source: str) -> list[str]:
    """The calls in a module's source that IMPURE_CALLS names, as ``LINE: CALL``."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [f"{call.lineno}: {name}" for call in calls if (name := dotted(call.func)) in IMPURE_CALLS]


def dotted(node: ast.expr) -> str:
    """A name with those that lead to it, ``a.b.c``; "" for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    before = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{before}.{node.attr}" if before and isinstance(node, ast.Attribute) else ""


def test_imports_point_down_only(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No module knows a layer above its own, and each library stays in the layer that it belongs to."""
    status = lint_imports(config_filename=str(root / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


def test_modules_do_not_import_the_public_face(root: Path) -> None:
    """What the package offers to its users (`simmail.load`) is no way round the layers: modules import modules."""
    taken = {
        f"{path.relative_to(root)}:{node.lineno}: {alias.name}"
        for path in modules(root)
        if FACE.search(text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if "simmail" in (alias.name, getattr(node, "module", None)) and alias.name != "__version__"
    }
    assert not taken


def test_decisions_touch_nothing_outside(root: Path) -> None:
    """Below the world nothing reads a clock, opens a real file, evaluates a text or prints."""
    found = {
        f"{path.relative_to(root)}:{call}"
        for path in modules(root, *PURE)
        for call in impure_calls(path.read_text(encoding="utf-8"))
    }
    assert not found


def test_impure_calls_are_found() -> None:
    """The search above sees what it looks for."""
    source = "with open('/etc/passwd') as f:\n    eval(f.read(), now=datetime.now(UTC))\nre.compile('x')\n"
    assert sorted(impure_calls(source)) == ["1: open", "2: datetime.now", "2: eval"]


def test_modules_stay_small(root: Path) -> None:
    """A module past 500 lines holds two things."""
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules(root)}
    assert lengths
    assert not {path: length for path, length in lengths.items() if length > LONGEST_MODULE}
