"""The engine on TensorRT for RTX, with the processor's own provider in the place of NVIDIA's plug-in.

ONNX Runtime's part is the real one: it compiles, loads, assigns and runs. What the plug-in does is not seen here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import onnxruntime as ort
import pytest

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.gpu import choice, plans, rtx_engine
from realtime_micacl.inference.gpu.card import Gpu, check, probe, rtx, suits
from realtime_micacl.inference.gpu.rtx_engine import RtxEngine
from realtime_micacl.inference.sidecar import Sidecar

CARD = Gpu(
    name="NVIDIA Paper RTX",
    capability=(8, 9),
    capabilities=((8, 9),),
    processors=46,
    memory_bytes=8 << 30,
    free_bytes=7 << 30,
    cuda=(13, 0),
    driver="580.65.06",
)
PLUGIN = "NvTensorRTRTXExecutionProvider"


@pytest.fixture(autouse=True)
def known_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtx_engine, "version", lambda _: "0.5.0")


def opened(shipped: tuple[Path, Sidecar], cache: Path) -> RtxEngine:
    return RtxEngine(*shipped, CARD, ort.get_ep_devices()[0], cache)


def pieces(sidecar: Sidecar, n: int) -> np.ndarray:
    side = sidecar.bag.size_px
    return np.random.default_rng(n).integers(0, 256, (n, sidecar.piece, side, side, 3)).astype(np.uint8)


@pytest.mark.parametrize("faces", [1, 3, 64, 65, 130])
def test_any_number_of_faces_is_read_as_on_the_processor(
    shipped: tuple[Path, Sidecar], tmp_path: Path, faces: int
) -> None:
    engine, own, n = opened(shipped, tmp_path), OnnxEngine(*shipped), shipped[1].pieces
    crops = pieces(shipped[1], faces)
    assert np.abs(engine.encode(crops) - own.encode(crops)).max() < 0.02, "half precision against single"
    bags = np.repeat(own.encode(crops)[:, None], n, axis=1)
    for found, expected in zip(engine.classify(bags), own.classify(bags), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert engine.device == "NVIDIA Paper RTX (TensorRT for RTX 0.5.0)"
    engine.close()


def test_what_is_compiled_is_kept(
    shipped: tuple[Path, Sidecar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "plans"
    opened(shipped, cache).close()
    assert {file.suffix for file in cache.iterdir()} == {".plan", ".json", ".lock"}
    assert cache.stat().st_mode & 0o777 == 0o700
    real, compiled = ort.ModelCompiler, []

    def counted(*given: object, **named: object) -> ort.ModelCompiler:
        compiled.append(given)
        return real(*given, **named)

    monkeypatch.setattr(ort, "ModelCompiler", counted)
    opened(shipped, cache).close()
    assert not compiled
    for plan in cache.glob("*.plan"):
        plan.write_bytes(plan.read_bytes()[:-1000])
    opened(shipped, cache).close()
    assert len(compiled) == 2, "both were damaged"
    RtxEngine(*shipped, msgspec.structs.replace(CARD, driver="590.1"), ort.get_ep_devices()[0], cache).close()
    assert len(compiled) == 4, "another driver"


def test_what_the_runtime_has_learnt_is_kept_whole_or_not_at_all(
    shipped: tuple[Path, Sidecar], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def folder(engine: RtxEngine) -> Path:
        return Path(engine._encode._draft.name)

    first = opened(shipped, tmp_path)
    (folder(first) / "kernels.cache").write_bytes(b"learnt" * 1000)
    left = folder(first)
    first.close()
    assert not left.exists()
    second = opened(shipped, tmp_path)
    assert (folder(second) / "kernels.cache").read_bytes() == b"learnt" * 1000
    assert not list(Path(second._classify._draft.name).iterdir()), "the head has learnt nothing"
    second.close()
    kept = max(tmp_path.glob("*.plan"), key=lambda file: b"kernels.cache" in file.read_bytes())
    kept.write_bytes(kept.read_bytes()[:-10])
    third = opened(shipped, tmp_path)
    assert not list(folder(third).iterdir())
    assert "is of no use" in caplog.text
    third.close()


def test_where_nothing_can_be_kept_it_runs_all_the_same(
    shipped: tuple[Path, Sidecar], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    engine = opened(shipped, tmp_path / "file")
    assert engine.encode(pieces(shipped[1], 1)).shape == (1, shipped[1].feature_size)
    engine.close()
    assert "plans cannot be kept" in caplog.text


def test_operators_that_the_plug_in_leaves_to_others_are_named(
    shipped: tuple[Path, Sidecar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, processor = rtx_engine._options, ort.get_ep_devices()[0]
    monkeypatch.setattr(rtx_engine, "_options", lambda card, *rest: real(processor, *rest))
    with pytest.raises(EngineError, match=r"TensorRT for RTX does not run .*Conv.*, which .*encode.half.onnx holds"):
        RtxEngine(*shipped, CARD, SimpleNamespace(ep_name=PLUGIN), tmp_path)


def test_numbers_that_are_not_finite_are_an_error(shipped: tuple[Path, Sidecar], tmp_path: Path) -> None:
    engine = opened(shipped, tmp_path)
    with pytest.raises(EngineError, match="not finite"):
        engine.classify(np.full((1, shipped[1].pieces, shipped[1].feature_size), np.nan, np.float32))
    engine.close()


def test_an_old_onnx_runtime_is_said(shipped: tuple[Path, Sidecar], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "__version__", "1.26.2")
    with pytest.raises(EngineError, match=r"needs ONNX Runtime 1.27, found 1.26.2: .*pip install"):
        rtx_engine.open_rtx(*shipped, CARD)


@pytest.mark.parametrize(
    ("capability", "fits"),
    [
        *(((major, minor), False) for major, minor in ((7, 5), (8, 0), (8, 7), (9, 0), (10, 0))),
        *(((major, minor), True) for major, minor in ((8, 6), (8, 9), (12, 0), (12, 1), (13, 0))),
    ],
)
def test_a_card_is_chosen_by_its_compute_capability(capability: tuple[int, int], fits: bool) -> None:
    found = msgspec.structs.replace(CARD, capability=capability, capabilities=(capability,))
    assert suits("tensorrt-rtx", found) is fits
    assert suits("cuda", found)
    if fits:
        assert rtx(found) is found
    else:
        with pytest.raises(
            EngineError, match=rf"8.6, 8.9 and from 12.0 on .*here there is {capability[0]}.{capability[1]};"
        ):
            rtx(found)


def test_an_old_driver_and_a_full_card_are_said() -> None:
    check("tensorrt-rtx", CARD, None)
    with pytest.raises(EngineError, match="tensorrt-rtx needs a driver for CUDA 13; update it"):
        check("tensorrt-rtx", msgspec.structs.replace(CARD, cuda=(12, 8)), None)
    with pytest.raises(EngineError, match="1 GiB of free memory"):
        check("tensorrt-rtx", msgspec.structs.replace(CARD, free_bytes=1 << 29), None)


def test_the_second_gpu_can_be_the_one(driver: Callable[..., None]) -> None:
    driver(DEVICES=2, SECOND=120)
    found = probe()
    assert found
    assert found.capabilities == ((9, 0), (12, 0))
    assert rtx(found).capability == (12, 0)


def test_the_choice_goes_from_the_fastest_to_the_processor(
    driver: Callable[..., None], shipped: tuple[Path, Sidecar], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(CAPABILITY=120)
    asked: list[str] = []

    def refused(kind: str, *_: object) -> None:
        asked.append(kind)
        raise EngineError(f"{kind} is on strike")

    monkeypatch.setattr(choice, "_opened", refused)
    monkeypatch.setattr(choice, "missing", lambda kind: "")
    assert isinstance(open_engine(*shipped, "auto"), OnnxEngine)
    assert asked == ["tensorrt", "tensorrt-rtx", "cuda"]


def test_plans_lie_in_the_user_s_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert plans.default_folder() == tmp_path / "realtime-micacl" / "plans"
