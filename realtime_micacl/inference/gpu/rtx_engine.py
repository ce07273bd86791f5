"""The engine on TensorRT for RTX, by NVIDIA's plug-in for ONNX Runtime: one package from PyPI, and no torch.

Compiled graphs are cached as plans. The runtime's own cache for this very card is stored there as well: the plug-in
writes it into a temporary folder when the engine is closed.
"""

from __future__ import annotations

import ctypes
import io
import logging
import platform
import sys
import zipfile
from contextlib import ExitStack
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime as ort

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.engine import CLASSIFY, ENCODE_HALF
from realtime_micacl.inference.fit import check_fit
from realtime_micacl.inference.gpu import plans
from realtime_micacl.inference.gpu.card import PACKAGES, Gpu
from realtime_micacl.inference.gpu.ring import LARGEST
from realtime_micacl.inference.sidecar import Sidecar, sha256
from realtime_micacl.installed import install_command
from realtime_micacl.types import F32, U8

log = logging.getLogger(__name__)

USUAL = 8  # the batch that is optimised for
BATCHES = {"min": 1, "opt": USUAL, "max": LARGEST}
LEAST_ONNX_RUNTIME = (1, 27)  # the first one that compiles from and to bytes


class RtxEngine:
    """Runs both graphs on an RTX card; features go to the host and back, a kilobyte for each."""

    def __init__(
        self, folder: Path, sidecar: Sidecar, gpu: Gpu, card: ort.OrtEpDevice, cache: Path | None = None
    ) -> None:
        """Load the plans of the engine in `folder` for `card`; build and store them if there are none."""
        self.device = f"{gpu.name} (TensorRT for RTX {version(PACKAGES['tensorrt-rtx'][0])})"
        bag, where = sidecar.bag, cache or plans.default_folder()
        machine = _machine(gpu)
        piece, features = (sidecar.piece, bag.size_px, bag.size_px, 3), (sidecar.pieces, sidecar.row_size)
        self._sidecar = sidecar
        with ExitStack() as opened:
            self._encode = _Graph(folder / ENCODE_HALF, "crops", piece, machine, card, where)
            opened.callback(self._encode.close)
            self._classify = _Graph(folder / CLASSIFY, "features", features, machine, card, where)
            opened.callback(self._classify.close)
            check_fit(self, folder, sidecar)
            opened.pop_all()

    def encode(self, crops: U8) -> F32:
        """Return the features [M,D] of pieces [M,P,S,S,3]."""
        (features,) = self._encode.run(crops)
        return features

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of bags of piece features [B,N*L/P,D] and changes [B,N*L,3P+1]."""
        logits, importance = self._classify.run(self._sidecar.rows(features, changes))
        if not (np.isfinite(logits).all() and np.isfinite(importance).all()):
            raise EngineError(f"{self.device} gives numbers that are not finite; use --device cpu")
        return logits, importance

    def close(self) -> None:
        """Free the card's memory, and keep what the runtime has learnt."""
        self._encode.close()
        self._classify.close()


class _Graph:
    """One graph on the card, and the folder that the plug-in writes into."""

    def __init__(
        self,
        file: Path,
        takes: str,
        shape: tuple[int, ...],
        machine: plans.Facts,
        card: ort.OrtEpDevice,
        where: Path,
    ) -> None:
        facts = {**machine, "graph": sha256(file), "batches": BATCHES, "shape": shape}
        self._file, self._takes, self._where = file, takes, where
        self._learnt = {**facts, "kept": "what the runtime has learnt"}
        self._draft = TemporaryDirectory(prefix="realtime-micacl-", ignore_cleanup_errors=True)
        try:
            if packed := plans.get(where, self._learnt):
                _unpack(packed, Path(self._draft.name))
            self._options = _options(card, takes, shape, Path(self._draft.name))
            self._session = plans.load_or_build(where, facts, machine, self._built, self._loaded)
            if refused := _elsewhere(self._session, card.ep_name):
                raise EngineError(f"TensorRT for RTX does not run {', '.join(refused)}, which {file} holds")
        except BaseException:
            self._draft.cleanup()
            raise

    def run(self, rows: U8 | F32) -> list[F32]:
        """Return the outputs for any number of rows."""
        parts = [self._session.run(None, {self._takes: rows[i : i + LARGEST]}) for i in range(0, len(rows), LARGEST)]
        return [np.concatenate(each).astype(np.float32, copy=False) for each in zip(*parts, strict=True)]

    def close(self) -> None:
        del self._session, self._options
        if packed := _packed(Path(self._draft.name)):
            plans.put(self._where, self._learnt, packed)
        self._draft.cleanup()

    def _built(self, _: bytes) -> tuple[bytes, bytes]:
        log.warning("TensorRT for RTX compiles %s for this card; this is done once", self._file.name)
        compiler = ort.ModelCompiler(self._options, self._file.read_bytes(), embed_compiled_data_into_model=True)
        return compiler.compile_to_bytes(), b""

    def _loaded(self, plan: bytes) -> ort.InferenceSession | None:
        try:
            return ort.InferenceSession(plan, self._options)
        except Exception as cause:  # the runtime raises types of its own that share no base
            log.warning("TensorRT for RTX cannot load %s: %s", self._file.name, cause)
            return None


def open_rtx(folder: Path, sidecar: Sidecar, gpu: Gpu) -> RtxEngine:
    """Open the engine in `folder` on an RTX card that the driver shows."""
    found = tuple(int(part) for part in ort.__version__.split(".")[:2])
    if found < LEAST_ONNX_RUNTIME:
        least = ".".join(map(str, LEAST_ONNX_RUNTIME))
        mend = install_command("tensorrt-rtx")
        raise EngineError(f"tensorrt-rtx needs ONNX Runtime {least}, found {ort.__version__}: {mend}")
    return RtxEngine(folder, sidecar, gpu, card())


def card() -> ort.OrtEpDevice:
    """Return the first card that NVIDIA's plug-in offers."""
    provider = _registered()
    for device in ort.get_ep_devices():
        if device.ep_name == provider:
            return device
    raise EngineError("the driver shows an RTX card, but ONNX Runtime finds none; use --device cuda or cpu")


@cache
def _registered() -> str:
    """Register the plug-in, once in a process; return the name of what it provides."""
    spec = find_spec(PACKAGES["tensorrt-rtx"][0])
    assert spec
    assert spec.origin
    if sys.platform == "linux":  # the package brings CUDA's runtime under a name that the loader does not look for
        for library in Path(spec.origin).parent.glob("libcudart.so.*"):
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    import onnxruntime_ep_nv_tensorrt_rtx as plugin

    name: str = plugin.get_ep_name()
    ort.register_execution_provider_library(name, plugin.get_library_path())
    return name


def _options(card: ort.OrtEpDevice, takes: str, shape: tuple[int, ...], learnt: Path) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    sizes = "x".join(map(str, shape))
    shapes = {f"nv_profile_{which}_shapes": f"{takes}:{batch}x{sizes}" for which, batch in BATCHES.items()}
    options.add_provider_for_devices([card], {**shapes, "nv_runtime_cache_path": str(learnt)})
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return options


def _elsewhere(session: ort.InferenceSession, provider: str) -> list[str]:
    """Return the operators of a graph that another provider runs."""
    parts = session.get_provider_graph_assignment_info()
    return sorted({node.op_type for part in parts if part.ep_name != provider for node in part.get_nodes()})


def _machine(gpu: Gpu) -> dict[str, object]:
    """Return all that a plan depends on besides its graph."""
    return {
        "tensorrt-rtx": version(PACKAGES["tensorrt-rtx"][0]),
        "onnxruntime": ort.__version__,
        "driver": gpu.driver.split(".")[0],
        "gpu": gpu.name,
        "capability": gpu.capability,
        "processors": gpu.processors,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _packed(folder: Path) -> bytes:
    """Return all files of a folder as one; empty where there are none."""
    files = [file for file in sorted(folder.iterdir()) if file.is_file()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in files:
            archive.write(file, file.name)
    return packed.getvalue() if files else b""


def _unpack(packed: bytes, folder: Path) -> None:
    """Put the files back; nothing if the archive cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            archive.extractall(folder)
    except (zipfile.BadZipFile, OSError) as cause:
        log.warning("what TensorRT for RTX has learnt cannot be read (%s); it starts over", cause)
