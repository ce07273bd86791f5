"""Opens the engine on the GPU: the fastest kind that runs, or the one that was asked for."""

from __future__ import annotations

import logging
from pathlib import Path
from warnings import catch_warnings, simplefilter

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.gpu.card import KINDS, MEND, NEEDS, Gpu, Kind, check, missing, probe, rtx, suits
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.installed import install_command

log = logging.getLogger(__name__)


def best_on_gpu(folder: Path, sidecar: Sidecar) -> Engine | None:
    """Return the fastest engine that runs on the GPU; None if none does. Faults are logged."""
    try:
        gpu = probe()
    except EngineError as cause:
        log.warning("%s; the engine runs on the processor", cause)
        return None
    if gpu is None:
        return None
    for kind in KINDS:
        if not missing(kind) and set(NEEDS[kind]) <= set(sidecar.files) and suits(kind, gpu):
            try:
                return _opened(kind, gpu, folder, sidecar)
            except EngineError as cause:
                log.warning(f"{cause}; trying the next engine")  # as an f-string: the log drops repeated formats
    return None


def open_on_gpu(kind: Kind, folder: Path, sidecar: Sidecar) -> Engine:
    """Return the engine that was asked for by name; raise EngineError with what mends it."""
    for file in NEEDS[kind]:
        if file not in sidecar.files:
            found = sorted(sidecar.files)
            raise EngineError(f"the engine in {folder} holds {found}; --device {kind} needs {file}: export it again")
    if absent := missing(kind):
        raise EngineError(f"--device {kind} needs {absent}: {install_command(kind)}, or use --device cpu")
    gpu = probe()
    if gpu is None:
        raise EngineError(f"--device {kind}: the driver shows no NVIDIA GPU here; {MEND}")
    return _opened(kind, gpu, folder, sidecar)


def _opened(kind: Kind, gpu: Gpu, folder: Path, sidecar: Sidecar) -> Engine:
    """Open the engine; whatever its libraries raise becomes an EngineError."""
    try:
        if kind == "tensorrt-rtx":
            check(kind, card := rtx(gpu), None)
            from realtime_micacl.inference.gpu.rtx_engine import open_rtx

            return open_rtx(folder, sidecar, card)
        import torch

        check(kind, gpu, torch.version.cuda)
        with catch_warnings(record=True) as warned:  # torch warns why it is not
            simplefilter("always")
            usable = torch.cuda.is_available()
        if not usable:
            why = "".join(f" ({str(one.message).partition(' (Triggered')[0]})" for one in warned[-1:])
            raise EngineError(
                f"{kind}: torch {torch.__version__} can use no GPU here{why}, though there is {gpu}; {MEND}"
            )
        if kind == "cuda":
            from realtime_micacl.inference.gpu.cuda_engine import open_cuda

            return open_cuda(folder, sidecar)
        from realtime_micacl.inference.gpu.tensorrt_engine import open_tensorrt

        return open_tensorrt(folder, sidecar, gpu)
    except EngineError:
        raise
    except Exception as cause:  # torch and TensorRT raise whatever they like
        raise EngineError(f"{kind} cannot run the engine {sidecar.name!r}: {cause}; {MEND}") from cause
