"""Train the small network that finds covered mouths and eyes: `python -m realtime_micacl.making.training.cover --help`.

It learns from faces with things drawn over them. They are drawn before the face is detected, so that crops of half
hidden faces are aligned as badly as they are live.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.cover import ALIGNER, SIZE_PX
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.ferplus import with_room
from realtime_micacl.making.data.held_out import PHOTOGRAPHED, held_out
from realtime_micacl.making.data.rendered import read as read_rendered
from realtime_micacl.making.training.covers import COVERED, SEEN, cover, distract
from realtime_micacl.types import F32, U8

log = logging.getLogger(__name__)

CANVAS_PX = 192
CANVAS = Aligner(CANVAS_PX, tuple((0.25 + x / 2, 0.25 + y / 2) for x, y in ALIGNER.points.tolist()))
FRAMES = 6  # of each rendered clip
EPOCHS, BATCH, RATE = 14, 256, 2e-3


def canvases(ferplus: Path, london: Path, rendered: list[Path], every: int) -> Iterator[tuple[U8, int]]:
    """Yield faces on canvases, luma [S,S], each with the number of examples to make of it; nobody held out."""
    with np.load(ferplus) as stored:
        pictures = stored["X"][stored["S"] == 0][::every]
    with closing(FaceDetector(reach="short")) as detector:
        for picture in tqdm(pictures, desc="FER+", disable=None):
            yield from ((one, 2) for one in _canvas(with_room(picture), detector))
    with closing(FaceDetector()) as detector:
        for file in tqdm(sorted(london.glob("*/*.jpg")), desc="London", disable=None):
            if file.parent.name in ("neutral", "smiling") and not held_out(PHOTOGRAPHED + int(file.name[:3])):
                picture = cv2.cvtColor(np.asarray(cv2.imread(str(file))), cv2.COLOR_BGR2RGB)
                yield from ((one, 40) for one in _canvas(np.asarray(picture, np.uint8), detector))
        for folder in rendered:
            clips = [one for one in read_rendered(folder) if "test" not in one.parts.values() or not one.parts]
            for clip in tqdm(clips[::2], desc=folder.name, disable=None):
                frames = list(read_file(clip.path))
                for frame in frames[:: max(1, len(frames) // FRAMES)]:
                    yield from ((one, 2) for one in _canvas(frame.image, detector))


def _canvas(picture: U8, detector: FaceDetector) -> list[U8]:
    return [
        np.asarray(cv2.cvtColor(CANVAS.crop(picture, one.points[:4]), cv2.COLOR_RGB2GRAY), np.uint8)
        for one in detector.detect(picture)[:1]
    ]


class Examples:
    """Makes training examples of canvases: crops, and how much of mouth and eyes is covered."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._detectors = FaceDetector(reach="short"), FaceDetector()
        self._other: U8 = self._rng.integers(0, 255, (CANVAS_PX, CANVAS_PX)).astype(np.uint8)

    def example(self, canvas: U8) -> tuple[U8, F32] | None:
        """Return a crop [S,S] and the shares of mouth and eyes that are covered; None if no face is found."""
        rng = self._rng
        other, self._other = self._other, canvas
        picture, hidden = distract(canvas, other, rng)
        if rng.random() < 0.5:
            picture, more = cover(picture, other, rng)
            hidden = np.maximum(hidden, more)
        picture = _degraded(_jittered(picture, rng), rng)
        colour = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB).astype(np.uint8)
        room = np.pad(colour, ((64, 64), (64, 64), (0, 0)), mode="edge")
        for detector in rng.permutation(np.array(self._detectors, object)):
            if found := detector.detect(room):
                return np.asarray(ALIGNER.crop(room, found[0].points[:4])[:, :, 0]), hidden
        return None


def _jittered(picture: U8, rng: np.random.Generator) -> U8:
    turn = cv2.getRotationMatrix2D((CANVAS_PX / 2, CANVAS_PX / 2), rng.normal(0, 8), rng.uniform(0.8, 1.15))
    turn[:, 2] = turn[:, 2] + rng.normal(0, 4, 2)
    if rng.random() < 0.5:
        turn = turn @ np.array([[-1, 0, CANVAS_PX - 1], [0, 1, 0], [0, 0, 1]])
    return np.asarray(cv2.warpAffine(picture, turn, (CANVAS_PX, CANVAS_PX), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _degraded(picture: U8, rng: np.random.Generator) -> U8:
    """Make a picture small, blurred, noisy, dark or compressed, as cameras do."""
    side = CANVAS_PX if rng.random() < 0.35 else int(rng.uniform(44, CANVAS_PX))
    small = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.float64)
    if rng.random() < 0.3:
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, 1.2) * side / 96), np.float64)
    small = 255 * (small / 255) ** rng.uniform(0.6, 1.7) * rng.uniform(0.5, 1.1)
    small += rng.normal(0, rng.uniform(0, 7), small.shape)
    done = small.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        _, packed = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(30, 95))])
        done = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return np.asarray(cv2.resize(done, (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_LINEAR), np.uint8)


class Network(nn.Module):
    """Four convolutions and two linear layers: luma [n,S,S] to logits of a covered mouth and of covered eyes, [n,2]."""

    def __init__(self) -> None:
        super().__init__()
        wide = (1, 16, 24, 32, 40)
        layers: list[nn.Module] = []
        for one, next_ in pairwise(wide):
            layers += [nn.Conv2d(one, next_, 3, 2, 1, bias=False), nn.BatchNorm2d(next_), nn.ReLU()]
        side = SIZE_PX // 16
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(wide[-1] * side * side, 48), nn.ReLU(), nn.Linear(48, 2)
        )

    def forward(self, crops: Tensor) -> Tensor:
        """Return the logits; brightness and contrast of a crop are removed first."""
        x = crops.float()
        x = x - x.mean(dim=(1, 2), keepdim=True)
        x = x / (x.square().mean(dim=(1, 2), keepdim=True) + 25.0).sqrt()
        logits: Tensor = self.layers(x[:, None])
        return logits


def fit(crops: U8, hidden: F32, seed: int) -> Network:
    """Return a network trained on crops [n,S,S] and covered shares [n,2], ignoring those between SEEN and COVERED."""
    torch.manual_seed(seed)
    network = Network()
    targets = torch.from_numpy((hidden > COVERED).astype(np.float32))
    counts = torch.from_numpy(((hidden > COVERED) | (hidden < SEEN)).astype(np.float32))
    pictures = torch.from_numpy(crops)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.02)
    steps = EPOCHS * (len(crops) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    for epoch in range(EPOCHS):
        network.train()
        total = 0.0
        for rows in torch.randperm(len(crops))[: len(crops) // BATCH * BATCH].reshape(-1, BATCH):
            logits = network(pictures[rows])
            each = nn.functional.binary_cross_entropy_with_logits(logits, targets[rows], reduction="none")
            loss = (each * counts[rows]).sum() / counts[rows].sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss)
        log.info("epoch %d: loss %.4f", epoch + 1, total / (len(crops) // BATCH))
    return network.eval()


def main() -> None:
    """Run the command."""
    p = argparse.ArgumentParser(prog="python -m realtime_micacl.making.training.cover", description=__doc__)
    p.add_argument("--ferplus", type=Path, required=True, help="npz file of FER+")
    p.add_argument("--london", type=Path, required=True, help="folder of the London set")
    p.add_argument("--rendered", type=Path, nargs="+", required=True, help="folders of rendered clips")
    p.add_argument("--out", type=Path, required=True, help=".onnx file to write")
    p.add_argument("--examples", type=Path, help=".npz file to keep the examples in, or to read them from")
    p.add_argument("--every", type=int, default=1, help="take every n-th picture of FER+")
    p.add_argument("--seed", type=int, default=1)
    given = p.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    if given.examples and given.examples.is_file():
        with np.load(given.examples) as stored:
            crops, hidden = stored["crops"], stored["hidden"]
    else:
        crops, hidden = _examples(given)
    log.info("%d examples, covered: mouth %d, eyes %d", len(crops), *(hidden > COVERED).sum(axis=0))
    network = fit(crops, hidden, given.seed)
    example = (torch.zeros(1, SIZE_PX, SIZE_PX, dtype=torch.uint8),)
    dynamic = {"crops": {0: "n"}, "logits": {0: "n"}}
    torch.onnx.export(
        network,
        example,
        str(given.out),
        dynamo=False,
        input_names=["crops"],
        output_names=["logits"],
        dynamic_axes=dynamic,
    )
    log.info("%s: %d parameters", given.out, sum(t.numel() for t in network.parameters()))


def _examples(given: argparse.Namespace) -> tuple[U8, F32]:
    maker = Examples(given.seed)
    made = [
        example
        for canvas, count in canvases(given.ferplus, given.london, given.rendered, given.every)
        for example in (maker.example(canvas) for _ in range(count))
        if example
    ]
    crops = np.stack([crop for crop, _ in made])
    hidden = np.stack([share for _, share in made]).astype(np.float32)
    if given.examples:
        np.savez_compressed(given.examples, crops=crops, hidden=hidden)
    return crops, hidden


if __name__ == "__main__":
    main()
