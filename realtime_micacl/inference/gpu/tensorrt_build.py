"""Compile an ONNX graph into a TensorRT plan: one code path for TensorRT 10.15 to 11.x.

The network is strongly typed: every precision stands in the graph, and no flag changes it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import tensorrt as trt

from realtime_micacl.errors import EngineError

log = logging.getLogger(__name__)

Report = Callable[[str], None]
Batches = tuple[int, int, int]
"""Smallest, usual and largest batch of a profile."""

REPORT_S = 10.0
WORKSPACE_BYTES = 1 << 30


@dataclass(frozen=True)
class Recipe:
    """What a plan is made for."""

    name: str
    """For people."""
    takes: str
    """Name of the one input."""
    gives: tuple[str, ...]
    shape: tuple[int, ...]
    """Of the input, without its batch."""
    profiles: tuple[Batches, ...]


def build_plan(graph: bytes, recipe: Recipe, timings: bytes, report: Report) -> tuple[bytes, bytes]:
    """Return the plan of an ONNX graph, and timings for later builds; raise EngineError with TensorRT's reason."""
    logger = Log()
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(graph):
        faults = "; ".join(parser.get_error(i).desc() for i in range(parser.num_errors))
        raise EngineError(f"TensorRT {trt.__version__} cannot read the graph of the {recipe.name}: {faults}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    config.clear_flag(trt.BuilderFlag.TF32)  # float32 in the graph means float32
    progress = Progress(recipe.name, report)
    config.progress_monitor = progress
    learnt = config.create_timing_cache(timings)
    if not config.set_timing_cache(learnt, False):  # they are another GPU's
        learnt = config.create_timing_cache(b"")
        config.set_timing_cache(learnt, False)
    for batches in recipe.profiles:
        profile = builder.create_optimization_profile()
        smallest, usual, largest = ((b, *recipe.shape) for b in batches)
        profile.set_shape(recipe.takes, smallest, usual, largest)
        config.add_optimization_profile(profile)
    started_s = time.monotonic()
    report(f"TensorRT {trt.__version__} builds the {recipe.name} for this GPU; this takes minutes, once")
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(f"TensorRT {trt.__version__} cannot build the {recipe.name}: {logger.last_error}")
    report(f"the {recipe.name} is built, in {time.monotonic() - started_s:.0f} s")
    return bytes(plan), bytes(learnt.serialize())


class Log(trt.ILogger):  # type: ignore[misc]  # it carries no types
    """Sends TensorRT's messages to the program's log, and keeps the last error."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self.last_error = "it gave no reason"

    def log(self, severity: trt.ILogger.Severity, msg: str) -> None:
        """Take one message."""
        if severity in (trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR):
            self.last_error = msg
            log.warning("TensorRT: %s", msg)
        else:
            log.debug("TensorRT: %s", msg)


class Progress(trt.IProgressMonitor):  # type: ignore[misc]
    """Says every ten seconds how far the outermost phase of a build is."""

    def __init__(self, name: str, report: Report) -> None:
        trt.IProgressMonitor.__init__(self)
        self._name, self._report = name, report
        self._steps: dict[str, int] = {}
        self._reported_s = time.monotonic()

    def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        """Note a phase that has no parent."""
        if parent_phase is None:
            self._steps[phase_name] = num_steps

    def step_complete(self, phase_name: str, step: int) -> bool:
        """Say how far it is; True lets the build go on."""
        if phase_name in self._steps and time.monotonic() - self._reported_s > REPORT_S:
            self._reported_s = time.monotonic()
            self._report(f"building the {self._name}: {phase_name}, step {step + 1} of {self._steps[phase_name]}")
        return True

    def phase_finish(self, phase_name: str) -> None:
        """Forget a phase."""
        self._steps.pop(phase_name, None)
