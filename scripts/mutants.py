"""Change one number or one comparison at a time and see whether a test notices.

python scripts/mutants.py realtime_micacl/live/seeing/tracker.py tests/unit/test_tracker.py

Every number is multiplied and divided by ten, each comparison turned round, `and` becomes `or`, `min` `max`, a `not` or
a minus is left out. What no test notices is printed. The file itself is never written to.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired, run

TIMEOUT_S = 300.0  # a change that makes a test hang is noticed, too
ROOT = Path(__file__).resolve().parent.parent
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
PYTEST = """
import importlib.machinery as machinery, pathlib, sys, pytest
path, changed, *tests = sys.argv[1:]
loaded = machinery.SourceFileLoader.get_code
def get_code(self, name):
    if self.path != path:
        return loaded(self, name)
    return compile(pathlib.Path(changed).read_bytes(), path, "exec", dont_inherit=True)
machinery.SourceFileLoader.get_code = get_code
sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
"""


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, what is changed, and the whole changed source."""
    tree = ast.parse(source)
    told = {child for node in ast.walk(tree) if isinstance(node, ast.Raise | ast.JoinedStr) for child in ast.walk(node)}
    told |= {child for node in ast.walk(tree) if isinstance(node, ast.Subscript) for child in ast.walk(node.slice)}
    for node in ast.walk(tree):
        if node in told:
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


def noticed(file: Path, changed: str, tests: list[str]) -> bool:
    """Say whether a test fails, or hangs, with the changed source in the place of the file's."""
    with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as kept:
        kept.write(changed)
        kept.flush()
        command = [sys.executable, "-c", PYTEST, str(file), kept.name, *tests]
        try:
            done = run(command, cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL, timeout=TIMEOUT_S, check=False)
        except TimeoutExpired:
            return True
    return done.returncode != 0


def main(given: list[str]) -> str:
    """Try every change of one file; return what went wrong, if anything did."""
    if len(given) < 2:
        return "name a file of the program and the tests that hold it; see the head of this file"
    file, source = Path(given[0]).resolve(), Path(given[0]).read_text("utf-8")
    if noticed(file, source, given[1:]):
        return "the tests fail without any change"
    count = Counter[bool]()
    for line, what, changed in mutants(source):
        found = noticed(file, changed, given[1:])
        count[found] += 1
        if not found:
            sys.stdout.write(f"{given[0]}:{line}: {' '.join(what.split())}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{count[True]} changes noticed, {count[False]} not\n")
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) or 0)
