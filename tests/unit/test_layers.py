"""Which module may import which: the core knows no Qt, the live path no torch, and nothing imports upwards."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "realtime_micacl"
PARTS = ("realtime_micacl", "ui", "engines", "tests", "scripts", "examples")
MODULES = sorted(PACKAGE.rglob("*.py"))
COUNTED = runpy.run_path(str(ROOT / "scripts" / "imports.py"))
RANK = {
    **dict.fromkeys(
        (
            "types",
            "lazy",
            "errors",
            "allowed",
            "devices",
            "stdio",
            "wording",
            "installed",
            "palette",
            "files",
            "stack",
            "",
        ),
        0,
    ),
    **dict.fromkeys(("config", "meter", "options"), 1),
    **dict.fromkeys(("model", "inference"), 2),
    "live": 3,
    **dict.fromkeys(("outlets", "making", "testing"), 4),
    "measuring": 5,
    **dict.fromkeys(("corpus", "report", "programs", "doctor"), 6),
    "__main__": 7,
    **dict.fromkeys(("api", "__init__"), 8),  # the surface, whose names the package's own file loads lazily
}
ONLY_IN = {
    "PyQt6": set(),
    "realtime_micacl_ui": {"measuring.live", "corpus.job", "programs.live", "programs.replay", "programs.screen"},
    "prometheus_client": {"programs.metrics"},
    "torch": {
        "model",
        "making",
        "inference.cpu.torch_engine",
        "inference.gpu",
        "measuring.engines",
        "train",
        "foreign",
        "export",
    },
    "mediapipe": {"live.seeing.detector"},
    "numba": set(),
    "realtime_micacl_render": set(),
    "tqdm": {"making", "corpus"},
    "matplotlib": {"making.evaluation.plots", "api.figure"},
}


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts)


def imports(file: Path) -> set[str]:
    found = set()
    for node, _ in COUNTED["imports"](file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif node.module:
            found.add(node.module)
    return found


def up(own: str, module: str) -> bool:
    """Say whether it imports what stands above it, or what only others may."""
    root, _, rest = module.partition(".")
    if root == "realtime_micacl" and RANK[rest.split(".")[0]] > RANK[own.split(".")[0]]:
        return True
    return root in ONLY_IN and not any(own.startswith(place) for place in ONLY_IN[root])


def test_imports_go_down() -> None:
    found = {(name_of(file), module) for file in MODULES for module in imports(file)}
    assert {pair for pair in found if up(*pair)} == set()
    assert up("live.session", "realtime_micacl.programs.cli")
    assert up("live.session", "torch")


def test_files_stay_small() -> None:
    lengths = {f: len(f.read_text("utf-8").splitlines()) for part in PARTS for f in (ROOT / part).rglob("*.py")}
    assert [(str(f.relative_to(ROOT)), n) for f, n in lengths.items() if n > 250] == []
    assert len(lengths) > 600, "all are seen"


def test_threads_are_made_in_one_file() -> None:
    users = {name_of(f) for f in MODULES if re.search(r"\bThread\(", f.read_text("utf-8"))}
    said = "the pipeline's, an engine's that streams share, a connection's, an outlet's, the server of --metrics, those"
    said += " of standard output and recordings, and those that wait for a worker process and for its orders"
    kept = {"live.threads", "live.sources.connection", "inference.shared", "programs.metrics", "outlets.thread"}
    assert users == kept | {"live.records.on_thread", "corpus.worker", "corpus.workers"}, said


def test_no_files_import_each_other_in_a_circle() -> None:
    assert COUNTED["circles"]({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c"]]
    graph = COUNTED["graph"]()
    assert COUNTED["circles"](graph) == []
    assert COUNTED["circles"](COUNTED["wings"](graph)) == []
