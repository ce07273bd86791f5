"""Count files, packages, lines, imports between them and circles, imports inside functions too.

python scripts/imports.py              what the working tree holds
python scripts/imports.py --circles    the files of each circle besides
python scripts/imports.py --wings      which wing, as `ls realtime_micacl` shows them, imports which
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
ROOTS = (
    "realtime_micacl",
    "ui/realtime_micacl_ui",
    "engines/realtime_micacl_engines",
    "engines/realtime_micacl_render",
)
BLOCKS = frozenset(("body", "orelse", "finalbody", "handlers", "cases"))


def modules(tree: Path = TREE) -> dict[str, Path]:
    """Name every module of the source roots."""
    found = {}
    for root in ROOTS:
        for path in sorted((tree / root).rglob("*.py")):
            parts = path.relative_to((tree / root).parent).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@cache
def imports(path: Path) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Return every import of a file, wherever in it, and whether only a type checker reads it."""
    found: list[tuple[ast.Import | ast.ImportFrom, bool]] = []
    left: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text("utf-8")), False)]
    while left:
        node, typed = left.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append((node, typed))
        for block in BLOCKS.intersection(node._fields):
            inner = typed or (block == "body" and _for_types(node))
            left += [(statement, inner) for statement in getattr(node, block)]
    return found


def imported(name: str, path: Path, names: dict[str, Path]) -> set[str]:
    """Return the modules that this one imports at run time, wherever in the file it does."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node, typed in imports(path):
        if typed:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in names else base)
    return {other for other in found if other in names and other != name}


def graph(tree: Path = TREE) -> dict[str, set[str]]:
    """Return what every module imports."""
    names = modules(tree)
    return {name: imported(name, path, names) for name, path in names.items()}


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach each other (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for node in edges:
        if node not in index:
            visit(node)
    return found


def wings(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the graph of what `ls realtime_micacl` shows; each other source root counts as one."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, others in edges.items():
        found[_wing(name)] |= {_wing(other) for other in others} - {_wing(name)}
    return dict(found)


def _wing(name: str) -> str:
    return ".".join(name.split(".")[:2]) if name.startswith("realtime_micacl.") else name.split(".")[0]


def layers(edges: dict[str, set[str]]) -> int:
    """Return the length of the longest way down through imports, a circle counted as one step."""
    of = {name: name for name in edges}
    for group in circles(edges):
        of.update(dict.fromkeys(group, group[0]))
    below: dict[str, set[str]] = defaultdict(set)
    for name, others in edges.items():
        below[of[name]] |= {of[other] for other in others} - {of[name]}
    depth: dict[str, int] = {}

    def deep(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((deep(other) for other in below[name]), default=0)
        return depth[name]

    return max(deep(name) for name in list(below))


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description="Count modules, imports and circles.")
    parser.add_argument("--circles", action="store_true", help="name the files of each circle")
    parser.add_argument("--wings", action="store_true", help="list which wing imports which")
    arguments = parser.parse_args()
    names, edges = modules(), graph()
    say = sys.stdout.write
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in names.values())
    packages = [name for name, path in names.items() if path.name == "__init__.py"]
    top = [name for name in names if name.startswith("realtime_micacl.") and name.count(".") == 1]
    say(f"files {len(names)}, lines {lines}, packages {len(packages)}; at the top of realtime_micacl: ")
    say(f"{len(set(top) - set(packages))} modules, {len(set(top) & set(packages))} packages\n")
    between = sum(len(others) for others in wings(edges).values())
    say(f"imports between files {sum(map(len, edges.values()))}, between wings {between}; layers {layers(edges)}\n")
    for what, arrows in (("files", edges), ("wings", wings(edges))):
        found = circles(arrows)
        say(f"circles of {what}: {len(found)}{''.join(f', {len(group)} in one' for group in found)}\n")
        for group in found if arguments.circles else ():
            for name in group:
                say(f"  {name} -> {', '.join(sorted(arrows[name] & set(group)))}\n")
    for name, others in sorted(wings(edges).items()) if arguments.wings else ():
        say(f"{name} -> {', '.join(sorted(others)) or 'nothing'}\n")


if __name__ == "__main__":
    main()
