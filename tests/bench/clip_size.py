"""Measures a CLIP of real size with random weights: it is loaded, exported, and timed on one thread.

python tests/bench/clip_size.py [16|32] FOLDER; it needs 2 GB of memory and 2 GB in the folder.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from time import process_time

import numpy as np
import torch
from onnxruntime import InferenceSession, SessionOptions
from safetensors.torch import save_file

from realtime_micacl.making.training.checkpoint import start_encoder
from realtime_micacl.making.training.clip_tokenizer import VOCABULARY
from realtime_micacl.model.clip import ClipText
from realtime_micacl.model.cost import count
from realtime_micacl.model.fineclip import FineCLIPER, FineCLIPERConfig
from realtime_micacl.model.graph import Classify, Encode, write_graph

RUNS = 7


def ms(file: Path, name: str, example: torch.Tensor) -> float:
    """Return the median processor time of a call on one thread."""
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = InferenceSession(file, options, providers=["CPUExecutionProvider"])
    took = []
    for _ in range(RUNS):
        start_s = process_time()
        session.run(None, {name: example.numpy()})
        took.append(1000 * (process_time() - start_s))
    return float(np.median(took))


def main(patch: int, folder: Path) -> None:
    """Print the times."""
    torch.set_num_threads(1)
    model = FineCLIPER(FineCLIPERConfig(clip_patch=patch)).eval()
    text = ClipText(words=49408, length=77, width=512, layers=12, vector=512, activation="quick_gelu")
    tower = {f"visual.{n}": t for n, t in model.encoder.state_dict().items() if ".adapter." not in n}
    save_file({n: t.clone() for n, t in (tower | text.state_dict()).items()}, folder / "clip.safetensors")
    pairs = [f"{chr(97 + i % 26)}{i} {i}" for i in range(49408 - 514)]  # nobody's vocabulary, of the right length
    with gzip.open(folder / VOCABULARY, "wt") as file:
        file.write("\n".join(["made", *pairs]))
    start_encoder(model, str(folder / "clip.safetensors"))
    crops, rows = torch.zeros(1, 1, 224, 224, 3, dtype=torch.uint8), torch.randn(1, 16, 512)
    write_graph(Encode(model), crops, folder / "encode.onnx", "crops", ["features"])
    write_graph(Classify(model), rows, folder / "classify.onnx", "features", ["logits", "importance"])
    tick, window = count(model.encoder, crops), count(Classify(model), rows)
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    sys.stdout.write(
        f"ViT-B/{patch}: {millions:.1f} M parameters, {tick.multiply_adds / 1e9:.2f} G multiply-adds a tick, "
        f"{window.multiply_adds / 1e6:.1f} M a window; {ms(folder / 'encode.onnx', 'crops', crops):.0f} ms a tick, "
        f"{ms(folder / 'classify.onnx', 'features', rows):.2f} ms a window, one thread\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
