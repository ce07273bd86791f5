"""How all graphs of this process use ONNX Runtime on the processor."""

from __future__ import annotations

from functools import cache
from threading import Lock

import onnxruntime as ort

MEMORY_BYTES = 2 << 30  # what all graphs of this process may allocate; one that asks for more is refused
_bounding = Lock()


def options(threads: int = 1) -> ort.SessionOptions:
    """Return options to open a graph with, on `threads` threads.

    All graphs share one memory arena: they run one after the other, so one can use what another has freed.
    """
    with _bounding:
        _bound_memory()
    chosen = ort.SessionOptions()
    chosen.intra_op_num_threads = threads
    chosen.inter_op_num_threads = 1
    chosen.log_severity_level = 3
    chosen.add_session_config_entry("session.use_env_allocators", "1")
    chosen.add_session_config_entry("session.intra_op.allow_spinning", "0")  # spinning burns a core to save 0.1 ms
    return chosen


@cache
def _bound_memory() -> None:
    memory = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(memory, ort.OrtArenaCfg(MEMORY_BYTES, -1, -1, -1))
