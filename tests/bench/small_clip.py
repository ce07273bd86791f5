"""Trains a small CLIP on rendered people, then FineCLIPER on it: sentences alone, with adapters, with landmarks.

python -m tests.bench.small_clip PREPARED OUT --ferplus FILE --london FOLDER --rendered FOLDER.. [--cache FOLDER]

PREPARED is the set that `realtime-micacl prepare rendered` wrote with engines/light.toml from the first rendered clips.
Nobody in its test part is trained on. About half an hour on one core.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from realtime_micacl.config import converted
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.making.data.augment import as_rgb, augmented
from realtime_micacl.making.data.bank import luma
from realtime_micacl.making.data.clips import Clip, read_clips
from realtime_micacl.making.data.prepared import read_prepared
from realtime_micacl.making.evaluate import main as evaluate
from realtime_micacl.making.export import export
from realtime_micacl.making.material import FaceFiles, add_faces, read_faces, read_training_part
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import confusion, war
from realtime_micacl.making.train import train
from realtime_micacl.making.training.clip_tokenizer import VOCABULARY, Tokenizer
from realtime_micacl.making.training.clip_weights import NOUNS
from realtime_micacl.making.training.clips import clip_logits
from realtime_micacl.making.training.loop import Run
from realtime_micacl.making.training.stages import training_clips
from realtime_micacl.model.clip import ClipImage, ClipText
from realtime_micacl.model.fineclip import FineCLIPER, FineCLIPERConfig
from realtime_micacl.types import EMOTIONS, U8

TOWER: dict[str, Any] = {"clip_patch": 8, "clip_width": 64, "clip_layers": 3, "clip_vector": 64, "clip_adapters": 2}
MODEL = {"system": "fineclip", "encoder": "clip", **TOWER}
BAG: dict[str, Any] = {"instances": 4, "frames": 1, "size_px": 64, "span_s": 0.32, "padded": True}
CROP = {"points": [[0.300, 0.372], [0.700, 0.372], [0.500, 0.603], [0.500, 0.790]]}
CLIPS = {"batch": 32, "learning_rate": 1e-3, "warmup_epochs": 3, "held_out": 0.15, "mccl": 0.0, "patience": 0}
COUNT, LENGTH = 2 * 256 + 2, 64  # ids of single bytes; of a sentence
STEPS, BATCH, RATE, LOOK = 4000, 56, 1e-3, 500
CLEAR = 0.7  # share of an emotion in a picture that shows it


def frames(clips: Sequence[Clip]) -> list[U8]:
    """Return the pictures that clearly show each emotion, [n,S,S,3]."""
    pictures, targets = (np.concatenate(each) for each in zip(*((c.crops, c.targets) for c in clips), strict=True))
    return [pictures[targets[:, k] > CLEAR] for k in range(len(EMOTIONS))]


def teach(shown: list[U8], held: list[U8], file: Path) -> None:
    """Train both towers to match sentences and pictures; write them with OpenAI's names."""
    torch.manual_seed(1)
    config = FineCLIPERConfig(**TOWER, size_px=64)
    image: ClipImage = FineCLIPER(config).encoder
    text = ClipText(words=COUNT, length=LENGTH, width=64, layers=2, vector=64, activation="quick_gelu")
    with gzip.open(file.parent / VOCABULARY, "wt", encoding="utf-8") as stream:
        stream.write("single bytes\n")
    words = Tokenizer(file.parent / VOCABULARY, COUNT)
    said = torch.cat([sentences(words, form) for form in (config.positive, config.negative)])
    learning = [*image.parameters(), *text.parameters()]
    optimiser = torch.optim.AdamW(learning, RATE, weight_decay=0.05)
    falling = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS)
    rng = np.random.default_rng(1)
    order = torch.arange(BATCH)
    labels = torch.cat([order[::2], order[1::2]]) % len(EMOTIONS)
    for step in range(1, STEPS + 1):
        crops = torch.from_numpy(
            np.stack([shown[int(k)][rng.integers(len(shown[int(k)]))] for k in order % len(EMOTIONS)])
        )
        grey = as_rgb(torch.from_numpy(luma(crops[::2].numpy()))[:, None].float())  # as [bags] shows them later
        pictures = augmented(torch.cat([grey, crops[1::2]])[:, None])[:, 0]
        likes = text.logit_scale.exp() * image.frames(pictures) @ text(said).T
        named, denied = likes.chunk(2, dim=1)
        loss = F.cross_entropy(named, labels)
        loss = loss + F.binary_cross_entropy_with_logits(named - denied, F.one_hot(labels, len(EMOTIONS)).float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        falling.step()
        if step % LOOK == 0:
            sys.stderr.write(f"step {step}: loss {loss.item():.2f}, {_read(image, text(said), held):.3f} of pictures\n")
    tower = {f"visual.{n}": t for n, t in image.state_dict().items() if ".adapter." not in n}
    save_file({n: t.clone() for n, t in (tower | text.state_dict()).items()}, file)


def sentences(words: Tokenizer, form: str) -> Tensor:
    """Return the ids of a sentence about each emotion, [K,LENGTH]."""
    nouns = (NOUNS.get(name, name) for name in EMOTIONS)
    return torch.tensor([words.ids(form.replace("{}", noun), LENGTH) for noun in nouns])


@torch.inference_mode()
def _read(image: ClipImage, said: Tensor, held: list[U8]) -> float:
    """Return the share of pictures whose own sentence is the most similar."""
    right = [
        (image.frames(torch.from_numpy(crops[::4])) @ said[: len(EMOTIONS)].T).argmax(1) == k
        for k, crops in enumerate(held)
    ]
    return float(torch.cat(right).float().mean())


def recipe(name: str, **stages: object) -> Recipe:
    """Return a recipe over the small CLIP."""
    about = {"name": name, "bag": BAG, "crop": CROP, "model": MODEL}
    return converted(about | stages, Recipe, name)


def main() -> None:
    """Train CLIP and three variants of FineCLIPER; print their scores on people never trained on."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("prepared", type=Path)
    p.add_argument("out", type=Path)
    add_faces(p.add_argument_group("for the landmarks"))
    options = p.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    data, file = read_prepared(options.prepared), options.out / "clip.safetensors"
    test = data.part("official", "test")
    if not file.exists():
        aligner = Aligner(BAG["size_px"], tuple((x, y) for x, y in CROP["points"]))
        clips = [clip for folder in options.rendered for clip in read_clips(folder, aligner, options.cache)]
        teach(frames(training_clips(clips)), frames([clip for clip in clips if clip.held_out]), file)
    for name, plan in (
        ("sentences alone", {"epochs": 0, "frozen": True}),
        ("adapters", {"epochs": 10}),
    ):
        what, out = recipe(name, clips=CLIPS | plan), options.out / name.replace(" ", "-")
        out.mkdir(exist_ok=True)
        part = read_training_part(what, [options.prepared], "official")
        model = train(what, None, part, out, encoder_from=str(file))
        assert what.clips
        logits, labels = clip_logits(model, test, what, what.clips, Run(out, "", 1))
        scored = war(confusion(labels, logits.argmax(axis=1)))
        sys.stdout.write(f"{name}: {scored:.3f} of {len(labels)} clips of people never shown\n")
        sys.stdout.flush()
    bags = {"epochs": 5, "views": 0, "rendered_share": 0.0, "photo_share": 0.05, "mccl": 0.0}
    for name, more in (
        ("pictures", {"bags": bags}),
        ("pictures and landmarks", {"bags": bags, "shapes": {}, "model": MODEL | {"shape": 384}}),
    ):
        what, out = recipe(name, **more), options.out / name.replace(" ", "-")
        out.mkdir(exist_ok=True)
        train(what, read_faces(what, FaceFiles.named(options, encoder_given=True)), None, out, encoder_from=str(file))
        export(out, out / "engine", (), {})
        sys.stdout.write(f"{name}:\n")
        sys.stdout.flush()
        rendered = [str(folder) for folder in options.rendered]
        evaluate([str(out / "engine"), "--rendered", *rendered, "--cache", str(options.cache)])


if __name__ == "__main__":
    main()
