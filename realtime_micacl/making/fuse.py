"""`realtime-micacl fuse ENGINE ENGINE..`: fuse several engines into one, as Team RAS did."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from safetensors import safe_open

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.files import filling
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.engine import CLASSIFY, ENCODE, ENCODE_HALF, WEIGHTS
from realtime_micacl.inference.sidecar import NAME, Shape, Sidecar, read_sidecar, sha256, write_sidecar
from realtime_micacl.making.data.prepared import Prepared, PreparedClip, read_prepared
from realtime_micacl.making.evaluation.candidates import Candidate, read_candidates
from realtime_micacl.making.evaluation.predictions import prepared_predictions
from realtime_micacl.making.evaluation.protocol import Part
from realtime_micacl.making.material import read_training_part
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import Labels, calibrated, report
from realtime_micacl.making.training.checkpoint import HELD_OUT
from realtime_micacl.making.training.clips import people_digest, split
from realtime_micacl.making.training.fusion import LEAST, Fit, averaged, fit, fused
from realtime_micacl.model.joined import Head, join_encoders, join_heads
from realtime_micacl.options import VerbParser
from realtime_micacl.types import EMOTIONS, F32

LARGEST = 8192  # features of a piece, as in the sidecar


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    p = VerbParser(
        prog="realtime-micacl fuse",
        description="Fuse several engines into one. The weights are learnt on people whom none of them learnt from.",
    )
    p.add_argument("engine", type=Path, nargs="+", help="engines with the same crop and windows, two or more")
    p.add_argument(
        "--recipe", type=Path, required=True, metavar="FILE", help="recipe of their training, for who was held out"
    )
    p.add_argument("--data", type=Path, nargs="+", required=True, metavar="FOLDER", help="sets that `prepare` wrote")
    p.add_argument("--split", metavar="NAME", help="fit on held-out people of its training part, test on its test part")
    p.add_argument("--plain", action="store_true", help="plain mean of the log probabilities, without weights")
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the engine")
    arguments = p.parse_args(argv)
    members = read_candidates(arguments.engine)
    check(members)
    recipe = read_toml(arguments.recipe, Recipe)
    if recipe.clips is None:
        raise ConfigError(f"{arguments.recipe}: without a table [clips] it holds nobody out to fit weights on")
    sets = [read_prepared(folder) for folder in arguments.data]
    held = split(read_training_part(recipe, arguments.data, arguments.split).clips, recipe.clips, recipe.seed).held_out
    notes = [check_held_out(member, held, arguments.recipe) for member in members]
    probabilities, labels, people = read(members, sets, held)
    found = fit(probabilities, labels, people)
    weights = None if arguments.plain else found.weights
    together = averaged(probabilities) if weights is None else fused(probabilities, weights)
    calibration = calibrated(np.log(np.maximum(together, LEAST)), labels)
    sidecar = join(members, weights, calibration, arguments.out)
    test = [clip for data in sets for clip in data.part(data.split(arguments.split), "test")]
    sys.stdout.write(summary(members, found, len(held), read(members, sets, test) if test else None))
    sys.stdout.write("".join(f"{note}\n" for note in notes if note))
    sys.stdout.write(f"{arguments.out}: {len(members)} engines in one, {sidecar.feature_size} features per piece\n")


def check(members: Sequence[Candidate]) -> None:
    """Raise a MicaclError if the engines cannot be fused."""
    if len(members) < 2:
        raise ConfigError("a single engine cannot be fused; name two or more")
    first = members[0].sidecar
    for member in members:
        sidecar = member.sidecar
        if not {ENCODE, CLASSIFY} <= sidecar.files.keys():
            raise EngineError(f"{member.name} has no graphs; make an engine of it with `realtime-micacl export`")
        for what in ("crop", "bag", "piece"):
            if getattr(sidecar, what) != getattr(first, what):
                raise EngineError(
                    f"{member.name} has another {what} than {members[0].name}: {getattr(sidecar, what)}, not "
                    f"{getattr(first, what)}; fused engines read the same windows of the same crops"
                )
    shapes = [member for member in members if member.sidecar.shape]
    if any(member.sidecar.shape != shapes[0].sidecar.shape for member in shapes):
        raise EngineError(f"the shapes of {' and '.join(m.name for m in shapes)} are of different landmarks")
    if size(members) > LARGEST:
        raise EngineError(f"together they have {size(members)} features per piece; at most {LARGEST} are possible")


def check_held_out(member: Candidate, held: Sequence[PreparedClip], recipe: Path) -> str:
    """Raise ConfigError if a member held other people out of its training; return a note if it does not say whom."""
    digest = None
    if WEIGHTS in member.sidecar.files:
        with safe_open(member.folder / WEIGHTS, "pt") as stored:
            digest = (stored.metadata() or {}).get(HELD_OUT)
    if digest is None:
        return f"whether {member.name} learnt from the people that weights are fitted on is not known"
    if digest != people_digest(held):
        raise ConfigError(
            f"{member.name} held out other people than {recipe} does with this data, so the weights would be fitted on "
            "people that it learnt from; name the recipe, seed and data of its training"
        )
    return ""


def size(members: Sequence[Candidate]) -> int:
    """Return the number of features per piece; those of an encoder that several engines share count once."""
    return sum({m.sidecar.files[ENCODE]: m.sidecar.feature_size for m in members}.values())


def read(
    members: Sequence[Candidate], sets: Sequence[Prepared], clips: Sequence[PreparedClip]
) -> tuple[F32, Labels, Labels]:
    """Return the probabilities of each member for whole clips, [M,n,K], and the clips' labels [n] and people [n]."""
    probabilities = []
    for member in members:
        with closing(open_engine(member.folder, member.sidecar, "cpu")) as engine:
            parts = [Part(data, None, tuple(c for c in clips if c.file.is_relative_to(data.folder))) for data in sets]
            reads = [prepared_predictions(engine, member.sidecar, part, "segments") for part in parts if part.clips]
            probabilities.append(np.concatenate([one.probabilities for one in reads]))
    ordered = [c for data in sets for c in clips if c.file.is_relative_to(data.folder)]
    _, people = np.unique([c.subject or c.clip for c in ordered], return_inverse=True)
    return np.stack(probabilities), np.array([c.label for c in ordered], np.int64), people


def join(members: Sequence[Candidate], weights: F32 | None, calibration: tuple[float, float], out: Path) -> Sidecar:
    """Write the fused engine into the folder `out`; return its sidecar."""
    with filling(out) as made:
        return _joined(members, weights, calibration, made)


def _joined(members: Sequence[Candidate], weights: F32 | None, calibration: tuple[float, float], out: Path) -> Sidecar:
    first, files = members[0].sidecar, [ENCODE, CLASSIFY]
    shape = next((m.sidecar.shape for m in members if m.sidecar.shape), None)
    encoders = {m.sidecar.files[ENCODE]: m for m in members}
    join_encoders([m.folder / ENCODE for m in encoders.values()], out / ENCODE)
    if all(ENCODE_HALF in m.sidecar.files for m in encoders.values()):
        join_encoders([m.folder / ENCODE_HALF for m in encoders.values()], out / ENCODE_HALF)
        files.append(ENCODE_HALF)
    heads, columns = _heads(members, encoders, shape)
    join_heads(heads, columns, weights, out / CLASSIFY)
    about = {
        "system": "fused",
        "members": [{"name": m.sidecar.name, "engine": sha256(m.folder / NAME)} for m in members],
        "weights": None if weights is None else np.round(weights, 4).tolist(),
    }
    sidecar = {
        "schema": 1,
        "name": "+".join(m.sidecar.name for m in members),
        "labels": EMOTIONS,
        "bag": first.bag,
        "crop": first.crop,
        "piece": first.piece,
        "feature_size": size(members),
        "shape": shape,
        "calibration": {"temperature": calibration[0], "abstain_below": calibration[1]},
        "files": {name: sha256(out / name) for name in files},
        "model": about,
        "trained_on": tuple(dict.fromkeys(name for m in members for name in m.sidecar.trained_on)),
        "measured": {},
    }
    write_sidecar(out, sidecar)
    _, checked = read_sidecar(out)
    open_engine(out, checked, "cpu").close()  # raises if it does not run, or not with these shapes
    return checked


def _heads(
    members: Sequence[Candidate], encoders: Mapping[str, Candidate], shape: Shape | None
) -> tuple[list[Head], int]:
    """Return each member's head with the columns it reads, and how many columns there are.

    The features of each encoder are there once, side by side; after them come the changes of shape, if any head reads
    them.
    """
    start, places = 0, {}
    for digest, member in encoders.items():
        places[digest] = (start, start + member.sidecar.feature_size)
        start += member.sidecar.feature_size
    changes = (start, start + len(shape.mean) + 1) if shape else None
    heads = []
    for member in members:
        own = places[member.sidecar.files[ENCODE]]
        columns = (own, changes) if member.sidecar.shape and changes else (own,)
        heads.append(Head(member.folder / CLASSIFY, columns, member.sidecar.calibration.temperature))
    return heads, changes[1] if changes else start


def summary(members: Sequence[Candidate], found: Fit, held: int, test: tuple[F32, Labels, Labels] | None) -> str:
    """Return the weights, and the scores on the test part: of each member alone, without it, and of all together."""
    lines = [f"weights, learnt on {held} clips of held-out people:"]
    lines.append(f"{'':24} " + " ".join(f"{name:>9}" for name in EMOTIONS))
    for member, row in zip(members, found.weights, strict=True):
        lines.append(f"{member.name[-24:]:24} " + " ".join(f"{weight:9.2f}" for weight in row))
    lines.append(f"cross-entropy of people left out of the fit: {found.loss[0]:.3f}, plain mean {found.loss[1]:.3f}")
    if test is None:
        return "\n".join(lines) + "\nthe split has no test part\n"
    each, labels, people = test
    rows = {f"{m.name} alone": each[i] for i, m in enumerate(members)}
    rows |= {"plain mean of log probabilities": averaged(each), "these weights": fused(each, found.weights)}
    if len(members) > 2:
        for i, member in enumerate(members):
            rows[f"plain mean without {member.name}"] = averaged(np.delete(each, i, axis=0))
    for name, probabilities in rows.items():
        r = report(probabilities, labels, people)
        scores = (("WAR", r["war"], r["war_95"]), ("UAR", r["uar"], r["uar_95"]))
        parts = (f"{score} {value:.3f} [{low:.3f}, {high:.3f}]" for score, value, (low, high) in scores)
        lines.append(f"{name:40} {'  '.join(parts)}  ECE {r['ece']:.3f}")
    return "\n".join(lines) + "\n"
