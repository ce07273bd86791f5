"""What the benches and examples import is there: no other test opens them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = {
    "realtime_micacl": ROOT,
    "realtime_micacl_ui": ROOT / "ui",
    "realtime_micacl_render": ROOT / "engines",
    "tests": ROOT,
}


@cache
def names_of(module: str) -> set[str]:
    """Return the names that a module's file binds, and the files of a package; empty if there is no such module."""
    path = SOURCES[module.partition(".")[0]].joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    names = {one.stem for one in path.iterdir()} if path.is_dir() else set[str]()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))) if file.is_file() else ():
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name for alias in node.names}
    return names


def test_every_name_that_a_bench_or_an_example_imports_is_there() -> None:
    missing, seen = [], 0
    for folder in ("tests/bench", "examples", "scripts"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in SOURCES:
                    known = names_of(node.module)
                    missing += [f"{file.name}: {node.module}.{a.name}" for a in node.names if a.name not in known]
                    seen += len(node.names)
    assert missing == []
    assert seen > 100
