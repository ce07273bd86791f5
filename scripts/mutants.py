"""Change one number or one comparison at a time and see whether a test notices.

python scripts/mutants.py realtime_micacl/live/seeing/tracker.py tests/unit/test_tracker.py

Every number is multiplied and divided by ten, each comparison turned round, `and` becomes `or`, `min` `max`, a `not` or
a minus is left out. What no test notices is printed. The file itself is never written to. Each change is tried in a
process of its own, forked from one that has imported everything else; so it runs on Linux and macOS.
"""

from __future__ import annotations

import ast
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import pytest

HANGS_S = 25.0  # a change with which the tests take so much longer makes one of them hang, and is noticed
ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
TURNED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.GtE(),
    ast.LtE: ast.Gt(),
    ast.Gt: ast.LtE(),
    ast.GtE: ast.Lt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
}
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, what is changed, and the whole changed source."""
    tree = ast.parse(source)
    left_out = {
        child for node in ast.walk(tree) if isinstance(node, ast.Raise | ast.JoinedStr) for child in ast.walk(node)
    }
    left_out |= {child for node in ast.walk(tree) if isinstance(node, ast.Subscript) for child in ast.walk(node.slice)}
    for node in ast.walk(tree):
        if node in left_out:
            continue
        for new in _changed(node):
            old = ast.get_source_segment(source, node)
            assert isinstance(node, ast.expr)
            yield node.lineno, f"{old} -> {new}", _replaced(source, node, new)


def _changed(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=bool()):
            return
        case ast.Constant(value=float(value)) if value:
            yield from (repr(value * 10), repr(value / 10))
        case ast.Constant(value=int(value)) if value > 3:
            yield from (repr(value * 10), repr(max(1, value // 10)))
        case ast.Compare(left=left, ops=[*ops], comparators=values):
            for n, op in enumerate(ops):
                yield f"({ast.unparse(ast.Compare(left, [*ops[:n], TURNED[type(op)], *ops[n + 1 :]], values))})"
        case ast.BoolOp(op=op, values=values):
            yield f"({ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))})"
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield f"({ast.unparse(operand)})"
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in SWAPPED:
            yield ast.unparse(ast.Call(ast.Name(SWAPPED[name]), args, keywords))


def _replaced(source: str, node: ast.expr, new: str) -> str:
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
    return (source.encode()[:begin] + new.encode() + source.encode()[end:]).decode()


def load(tests: list[str]) -> None:
    """Import what the tests need from others, once."""
    silence = os.dup(1)
    _quiet()
    pytest.main([*OPTIONS, "--collect-only", *tests])
    os.dup2(silence, 1)
    for name, module in list(sys.modules.items()):
        file = Path(getattr(module, "__file__", None) or "/")
        if ROOT in file.parents and ROOT / ".venv" not in file.parents and name != "__main__":
            del sys.modules[name]


def _quiet() -> None:
    sys.stdout.flush()
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)


def noticed(file: Path, changed: str, tests: list[str], limit_s: float) -> bool:
    """Say whether a test fails, or hangs, with the changed source in the place of the file's."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        failed = True
        try:
            os.setpgid(0, 0)
            _quiet()
            _put(str(file), changed)
            failed = pytest.main([*OPTIONS, *tests]) != 0
        finally:
            os._exit(failed)
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status != 0
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _put(path: str, changed: str) -> None:
    """Let whoever imports a file get this source from here on."""
    as_before = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, name: str) -> CodeType | None:
        return compile(changed, path, "exec", dont_inherit=True) if self.path == path else as_before(self, name)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]


def main(given: list[str]) -> str:
    """Try every change of one file; return what went wrong, if anything did."""
    if len(given) < 2:
        return "name a file of the program and the tests that hold it; see the head of this file"
    file, source = Path(given[0]).resolve(), Path(given[0]).read_text("utf-8")
    os.chdir(ROOT)
    load(given[1:])
    started_s = time.monotonic()
    if noticed(file, source, given[1:], limit_s=10 * HANGS_S):
        return "the tests fail without any change"
    limit_s = time.monotonic() - started_s + HANGS_S
    count = Counter[bool]()
    for line, what, changed in mutants(source):
        found = noticed(file, changed, given[1:], limit_s)
        count[found] += 1
        if not found:
            sys.stdout.write(f"{given[0]}:{line}: {' '.join(what.split())}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{count[True]} changes noticed, {count[False]} not\n")
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) or 0)
