"""Tries encoders of many kinds: `python -m tests.bench.foreign FOLDER`, which must be empty or missing.

Each graph is given to `export --encoder` with its TOML. Those that run are compared with their torch network, alone and
in a batch. Those that are refused must be refused with an error of one line, and leave no files.
"""

from __future__ import annotations

import io
import sys
import warnings
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch

from realtime_micacl.errors import MicaclError
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.making.export import main as export
from realtime_micacl.types import F32, U8
from tests.bench.foreign_cases import CASES
from tests.bench.foreign_graphs import Case, Net

STARTS = ("happ", "sad", "neu", "ang", "sur", "dis", "fea")
"""Of the names of the seven, in the engine's order."""
PICTURES = 6
LONGEST = 420


def main(folder: Path) -> int:
    """Try all of them; return 1 if one neither runs nor is refused with one line."""
    warnings.simplefilter("ignore")
    totals = {"runs": 0, "refused": 0, "FAILS": 0}
    for name, case in CASES.items():
        place = folder / name.replace(" ", "-").replace(",", "")
        place.mkdir(parents=True)
        torch.manual_seed(0)
        net = case.write(place)
        found, said = tried(place, case, net)
        totals[found] += 1
        sys.stdout.write(f"{found:8} {name}: {said}\n")
    sys.stdout.write(", ".join(f"{count} {what}" for what, count in totals.items()) + f" of {len(CASES)}\n")
    return int(totals["FAILS"] > 0)


def tried(place: Path, case: Case, net: Net | None) -> tuple[str, str]:
    """Return the outcome for a graph, and the message."""
    engine, told = place / "engine", io.StringIO()
    arguments = [str(engine), "--encoder", str(place / "theirs.onnx"), "--recipe", str(place / "theirs.toml")]
    try:
        with redirect_stdout(told), redirect_stderr(told):
            export(arguments)
    except MicaclError as refused:
        message = str(refused).replace(f"{place}/", "")
        fine = "\n" not in message and len(message) <= LONGEST and not engine.exists()
        return "refused" if fine else "FAILS", f"[{refused.exit_code}] {message}"
    except Exception as fault:  # any exception is a finding
        return "FAILS", repr(fault)
    off, in_batch = differences(engine, case, net)
    known = "" if off is None else f"{off:.0e} from torch, "
    return "runs" if (off or 0) < 1e-3 and in_batch < 1e-4 else "FAILS", f"{known}{in_batch:.0e} in a batch"


def differences(engine: Path, case: Case, net: Net | None) -> tuple[float | None, float]:
    """Return the largest difference of a probability from the network's own, and from its value in a batch."""
    folder, sidecar = read_sidecar(engine)
    side = sidecar.bag.size_px
    crops = np.random.default_rng(1).integers(
        0, 40 * np.arange(1, 1 + PICTURES)[:, None, None, None], (PICTURES, side, side, 3)
    )
    pictures = crops.astype(np.uint8)
    with closing(OnnxEngine(folder, sidecar)) as loaded:
        together = loaded.encode(pictures[:, None])
        alone = np.concatenate([loaded.encode(picture[None, None]) for picture in pictures])
    off = (
        None
        if net is None or case.pixels is None
        else float(np.abs(np.exp(together) - shares(net, case, pictures)).max())
    )
    return off, float(np.abs(np.exp(together) - np.exp(alone)).max())


@torch.inference_mode()
def shares(net: Net, case: Case, pictures: U8) -> F32:
    """Return the probabilities of the network itself for the seven emotions, [n,7]."""
    assert case.pixels is not None
    pixels: Any = np.ascontiguousarray(case.pixels(pictures.astype(np.float64)), np.float32)
    kind = next(net.parameters()).dtype
    each = [net(torch.from_numpy(pixels[i : i + 1]).to(kind)) for i in range(len(pixels))]
    scores = torch.cat([one[0] if isinstance(one, tuple) else one for one in each]).float().numpy()
    if case.gives == "logits":
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    seven = scores[
        :, [next(i for i, name in enumerate(case.labels) if name.lower().startswith(start)) for start in STARTS]
    ]
    return np.asarray(seven / seven.sum(axis=1, keepdims=True), np.float32)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
