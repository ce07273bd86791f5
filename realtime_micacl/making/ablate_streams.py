"""`realtime-micacl ablate` for a recipe with [shapes]: how much streams, own neutral, MCCL and sampler add.

The frame encoder is given and is not trained. For each seed a stream is trained once and used in all rows with the
same settings; test sets are encoded once.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.ablate_parts import Material, Variant, crop_logits, read_material, shape_of, trained_stream
from realtime_micacl.making.data.landmarks import still_changes
from realtime_micacl.making.evaluation.recorded import Array, replay
from realtime_micacl.making.evaluation.streams_table import as_table, figures
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import calibrated
from realtime_micacl.making.tables import write_tables
from realtime_micacl.model.shape import spread
from realtime_micacl.types import F32

NEVER = 1e9  # a prior so large, in ticks, that no own neutral is learnt
Changed = dict[str, object]
PLAIN: Changed = {"mccl": 0.0}
RANDOM: Changed = {"mccl": 0.0, "sampler": "random"}
TAILED: Changed = {"imbalance": 0.05}
VARIANTS = (
    Variant("the recipe: both streams, own neutral, MCCL"),
    Variant("appearance alone", streams="crops"),
    Variant("geometry alone", streams="shape"),
    Variant("own neutral learnt from, the average one where it is read", learns=False),
    Variant("the average neutral", shapes={"prior": NEVER}),
    Variant("the average neutral, streams count alike", shapes={"prior": NEVER}, alike=True),
    Variant("no MCCL", bags=PLAIN),
    Variant("no MCCL, random sampler", bags=RANDOM),
    Variant("long tail: no MCCL, random sampler", bags=RANDOM, shapes=TAILED | {"sampler": "random"}),
    Variant("long tail: no MCCL", bags=PLAIN, shapes=TAILED),
    Variant("long tail: MCCL in both streams", shapes=TAILED | {"mccl": 0.1}),
)


def ablate_streams(recipe: Recipe, arguments: argparse.Namespace) -> str:
    """Train and measure every row; return the tables."""
    if not recipe.bags or not recipe.shapes or not arguments.encoder_from:
        raise ConfigError(
            f"{arguments.recipe}: a recipe with [bags] and [shapes] is ablated over the frame encoder of "
            "an engine; name its folder with --encoder-from"
        )
    material = read_material(recipe, arguments)
    text, rows = "", {variant.name: dict[str, list[F32]]() for variant in VARIANTS}
    for seed in range(recipe.seed, recipe.seed + max(1, arguments.seeds)):
        for variant in VARIANTS:
            for name, means in _read(material, variant, seed).items():
                rows[variant.name].setdefault(name, []).append(means)
            tables = figures({name: found for name, found in rows.items() if found}, material.sets)
            text = as_table(tables)
            write_tables(arguments.out, tables, text)
    return text


def _read(material: Material, variant: Variant, seed: int) -> dict[str, F32]:
    """Return the mean probabilities [n,K] of the items of each set, read by one row with one seed."""
    crops, shape = crop_logits(material, variant, seed), shape_of(material, variant)
    stream = trained_stream(material, variant, seed)
    streams = {"crops": (1.0, 0.0), "shape": (0.0, 1.0)}.get(variant.streams)

    assert stream.shape
    second = stream.shape

    def joined(of_crops: F32, changes: F32) -> F32:
        with torch.inference_mode():
            components = second.components(torch.from_numpy(changes))
            from_shape = second.read(components)[0].numpy()
            believed = stream.weights(components[:, -1, -1:], spread(components))
        if streams or variant.alike:
            for_crops, for_shape = streams or (1.0, 1.0)
            return np.asarray(for_crops * of_crops + for_shape * from_shape, np.float32)
        return np.asarray(believed[0].numpy() * of_crops + believed[1].numpy() * from_shape, np.float32)

    stills = material.faces.validation
    assert stills.landmarks is not None
    logits = joined(crops["validation"], still_changes(stills.landmarks, shape, material.recipe.bag.ticks))
    temperature, _ = calibrated(logits, stills.labels)
    found = {}
    for name, recorded in material.sets.items():

        def read(rows: Array, changes: F32, own: F32 = crops[name]) -> F32:
            return joined(own[rows], changes)

        found[name] = recorded.means(replay(recorded, shape, read, temperature, learns=variant.learns))
    return found
