"""Tiny prepared sets of striped clips, and tiny networks that learnt stripes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from realtime_micacl.inference.sidecar import BagSpec, Crop
from realtime_micacl.making.data.prepared import CLIPS, INDEX, MANIFEST, Line, Manifest, write_crops
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.types import EMOTIONS
from tests.small import NETWORK

SPEC = BagSpec(instances=4, frames=2, size_px=16, span_s=0.8)
POINTS = ((0.3, 0.37), (0.7, 0.37), (0.5, 0.6), (0.5, 0.79))
TEMPERATURE, THRESHOLD = 0.8, 0.5
CONFIG = MICACLConfig.from_dict(NETWORK | {"encoder": "light", "instances": 4, "frames": 2, "size_px": 16})
FOLDS = [f"fold{k}" for k in range(1, 6)]


class Striped:
    """A folder with a five-fold set, a single-split set of unknown people, and a checkpoint for each fold."""

    spec, config, temperature, threshold, folds = SPEC, CONFIG, TEMPERATURE, THRESHOLD, FOLDS

    def __init__(self, root: Path) -> None:
        self.root = root
        people = [(label, f"p{p}", p) for p in range(10) for label in range(7)]
        clips = [(e, who, {f: "test" if p % 5 == k else "train" for k, f in enumerate(FOLDS)}) for e, who, p in people]
        self.five = self.prepared(root / "five", "five", clips)
        parts = ({"official": "test" if n % 3 else "train"} for n in range(36))
        self.one = self.prepared(root / "one", "one", [(n % 6, "", part) for n, part in enumerate(parts)], seed=1)
        self.model = learnt()
        self.runs = [self.checkpoint(root / f"run-{fold}", [f"five {fold}"], seed=k) for k, fold in enumerate(FOLDS)]

    def prepared(self, folder: Path, name: str, clips: list[tuple[int, str, dict[str, Any]]], seed: int = 0) -> Path:
        """Write a set of clips (label, subject, parts) of 6 to 40 frames at 25 Hz."""
        rng = np.random.default_rng(seed)
        (folder / CLIPS).mkdir(parents=True)
        lines = []
        for n, (label, subject, parts) in enumerate(clips):
            frames = int(rng.integers(6, 40))
            file = f"{CLIPS}/{n:016x}.npz"
            targets = np.tile(np.eye(7, dtype=np.float32)[label], (frames, 1))
            write_crops(folder / file, crops_of(label, frames, rng), np.arange(frames, dtype=np.float32) / 25, targets)
            lines.append(
                Line(clip=f"clip{n:03d}", label=EMOTIONS[label], subject=subject, parts=parts, frames=frames, file=file)
            )
        lost = {"fold1": 1, "fold2": 6}
        manifest = Manifest(
            name=name,
            size_px=16,
            crop=Crop(points=POINTS),
            version="1",
            clips=len(clips),
            skipped=9,
            skipped_tests=lost,
        )
        (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
        (folder / INDEX).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        return folder

    def checkpoint(self, folder: Path, trained_on: list[str], seed: int = 0, span_s: float = SPEC.span_s) -> Path:
        """Write a checkpoint: the network that learnt stripes, each seed making other mistakes."""
        torch.manual_seed(seed)
        tensors = {
            name: t + 0.2 * t.abs().mean() * torch.randn(t.shape) if t.is_floating_point() else t
            for name, t in self.model.state_dict().items()
        }
        folder.mkdir(parents=True)
        save_file(tensors, folder / "model.safetensors")
        about = {
            "name": "striped",
            "labels": EMOTIONS,
            "bag": {"instances": 4, "frames": 2, "size_px": 16, "span_s": span_s},
            "crop": {"points": POINTS},
            "model": CONFIG.to_dict(),
            "calibration": {"temperature": TEMPERATURE, "abstain_below": THRESHOLD},
            "trained_on": trained_on,
            "counts": [4] * 7,
            "history": [],
        }
        (folder / "checkpoint.json").write_text(json.dumps(about))
        return folder


def crops_of(label: int, frames: int, rng: np.random.Generator) -> np.ndarray:
    """A clip of an emotion: its stripes, half drowned in noise."""
    wave = np.sin(np.pi * (label + 1) * np.linspace(0, 1, 16))
    pixels = 128 + 22 * wave[None, :, None] + rng.normal(0, 45, (frames, 16, 16))
    return pixels.clip(0, 255).astype(np.uint8)[..., None].repeat(3, axis=3)


def learnt() -> MICACL:
    """A network that learnt stripes for a second."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = MICACL(CONFIG)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    labels = torch.arange(28) % 7
    for _ in range(30):
        crops = np.stack([crops_of(int(label), SPEC.ticks, rng) for label in labels]).reshape(28, 4, 2, 16, 16, 3)
        loss = F.cross_entropy(model(torch.from_numpy(crops))[0], labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()


@pytest.fixture(scope="session")
def striped(tmp_path_factory: pytest.TempPathFactory) -> Striped:
    return Striped(tmp_path_factory.mktemp("striped"))
