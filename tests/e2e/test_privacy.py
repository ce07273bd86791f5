"""Nothing is sent: the one library that would like to is asked not to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def test_onnx_runtime_reports_to_nobody(command: Callable, clips: Path, tmp_path: Path) -> None:
    """Before it reports to its makers it makes an identity and a queue in the user's cache."""
    home = tmp_path / "home"
    home.mkdir()
    places = {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "CI": "",
        "GITHUB_ACTIONS": "",
    }
    ended = command("--source", clips / "face_leaves.mp4", "--offline", **places)
    assert ended.code == 0, ended.err
    assert ended.readings
    assert [path.name for path in home.rglob("*") if "onnxruntime" in path.name or "Microsoft" in path.name] == []
