"""int8 is made of real crops, and kept only where it is worth it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.cpu import onnx_engine
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.cpu.processor import multiplies_bfloat16, multiplies_bytes
from realtime_micacl.inference.engine import ENCODE_INT8
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.making import export, int8
from realtime_micacl.making.data.prepared import read_prepared


@pytest.fixture(autouse=True)
def byte_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests are of the choice, so it must not hang on the machine, nor on how fast it is."""
    for module in (int8, onnx_engine):
        monkeypatch.setattr(module, "multiplies_bytes", lambda: True)
    monkeypatch.setattr(int8, "LEAST_SPEEDUP", 0.0)
    monkeypatch.setattr(int8, "MOST_LOST", 1.0)


def made(striped: Any, into: Path) -> Path:
    export.main([str(striped.runs[0]), str(into), "--int8", "--data", str(striped.one)])
    return into


def pieces(n: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 1, 16, 16, 3)).astype(np.uint8)


def test_an_int8_encoder_is_near_the_other_and_is_used_where_the_processor_can(
    striped: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, sidecar = read_sidecar(made(striped, tmp_path / "engine"))
    assert "UAR" in capsys.readouterr().out
    assert ENCODE_INT8 in sidecar.files
    small = OnnxEngine(folder, sidecar)
    assert small.device == "cpu (ONNX Runtime, int8)"
    monkeypatch.setattr(onnx_engine, "multiplies_bytes", lambda: False)
    with caplog.at_level(logging.WARNING):
        plain = OnnxEngine(folder, sidecar)
    assert plain.device == "cpu (ONNX Runtime)"
    assert "fp32" in caplog.text
    expected, got = plain.encode(pieces(8)), small.encode(pieces(8))
    assert 0 < np.linalg.norm(got - expected) < 0.2 * np.linalg.norm(expected)
    small.close()
    plain.close()


@pytest.mark.parametrize(("bar", "value", "reason"), [("LEAST_SPEEDUP", 1e9, "as fast"), ("MOST_LOST", -1.0, "UAR")])
def test_what_is_not_worth_it_is_left_out_and_said(
    striped: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    bar: str,
    value: float,
    reason: str,
) -> None:
    monkeypatch.setattr(int8, bar, value)
    folder, sidecar = read_sidecar(made(striped, tmp_path / "engine"))
    said = capsys.readouterr().out
    assert reason in said
    assert "fp32 is kept" in said
    assert ENCODE_INT8 not in sidecar.files
    assert not (folder / ENCODE_INT8).exists()


def test_without_byte_products_it_is_not_tried(
    striped: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(int8, "multiplies_bytes", lambda: False)
    assert ENCODE_INT8 not in read_sidecar(made(striped, tmp_path / "engine"))[1].files
    assert "VNNI" in capsys.readouterr().out


def test_it_is_made_and_tried_on_different_clips(striped: Any) -> None:
    train, test = int8.parts(read_prepared(striped.five), "fold2")
    assert not {c.clip for c in train.clips} & {c.clip for c in test.clips}
    assert len(train.clips) + len(test.clips) == 70


@pytest.mark.parametrize("extra", [["--int8"], ["--data", "here"], ["--int8", "--data", "FIVE"]])
def test_a_wrong_request_is_refused_before_anything_is_written(striped: Any, tmp_path: Path, extra: list[str]) -> None:
    argv = [str(striped.five) if word == "FIVE" else word for word in extra]
    with pytest.raises(ConfigError, match=r"--data|--split"):
        export.main([str(striped.runs[0]), str(tmp_path / "engine"), *argv])
    assert not (tmp_path / "engine").exists()


def test_figures_that_are_none_and_options_of_another_kind_are_refused(striped: Any, tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text("[")
    words = [str(tmp_path / "engine"), "--measured", str(tmp_path / "figures.json")]
    with pytest.raises(ConfigError, match=r"figures\.json is not what `evaluate --json` writes"):
        export.main([str(striped.runs[0]), *words])
    with pytest.raises(ConfigError, match="--measured are for checkpoints; leave them out with --encoder"):
        export.main([*words, "--encoder", "theirs.onnx", "--recipe", "theirs.toml"])
    assert not (tmp_path / "engine").exists()


@pytest.mark.parametrize(
    ("multiplies", "text", "able"),
    [
        (multiplies_bytes, "processor: 0\nflags\t\t: fpu avx2 avx512_vnni\n", True),
        (multiplies_bytes, "flags : avx2 avx_vnni\n", True),
        (multiplies_bytes, "Features : fp asimd asimddp\n", True),
        (multiplies_bytes, "flags : fpu avx2 avx512f\n", False),
        (multiplies_bytes, "", False),
        (multiplies_bfloat16, "flags\t\t: fpu avx512f avx512_bf16\n", True),
        (multiplies_bfloat16, "flags : avx2 amx_bf16\n", True),
        (multiplies_bfloat16, "Features : fp asimd bf16\n", True),
        (multiplies_bfloat16, "flags : fpu avx2 avx512_vnni\n", False),
    ],
)
def test_what_a_processor_multiplies_is_found_in_its_flags(
    tmp_path: Path, multiplies: Callable[[Path], bool], text: str, able: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert multiplies(tmp_path / "cpuinfo") is able
    assert not multiplies(tmp_path / "none")
