"""The second stream's training: tracks whose own neutral is found as it is live."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.making.recipe import Shapes
from realtime_micacl.making.training.loop import Run
from realtime_micacl.making.training.saved import write_weights
from realtime_micacl.making.training.shapes import _batches, _Data
from realtime_micacl.making.training.tracks import Tracks, simulate
from realtime_micacl.model.shape import ShapeStream
from realtime_micacl.types import EMOTIONS

NEUTRAL = EMOTIONS.index("neutral")
TICK_S = 0.08


def tracks(length: int = 60) -> Tracks:
    """Two people at rest who smile from the middle on; each looks different at rest."""
    own = np.array([[0.5, -0.5], [-1.0, 2.0]], np.float32)
    components = np.repeat(own[:, None], length, axis=1)
    components[:, length // 2 :] += 3
    targets = np.zeros((2, length, len(EMOTIONS)), np.float32)
    targets[:, : length // 2, NEUTRAL] = 1
    targets[:, length // 2 :, 0] = 1
    return Tracks(components, targets, np.full(2, length), own, np.zeros(2, np.int64))


def test_the_own_neutral_is_found_and_an_expression_hardly_moves_it() -> None:
    given = tracks()
    _, owns, trusts = simulate(given, Shapes(), TICK_S, np.full(2, 1e-6, np.float32), np.random.default_rng(0))
    assert np.abs(owns[:, 30] - given.own).max() < 0.1
    assert np.abs(owns[:, 59] - given.own).max() < 1.0, "a second of smiling is misread as rest now and then"
    assert (np.diff(trusts[:, :30], axis=1) >= 0).all()
    assert (trusts[:, 30] > 0.3).all()


def test_what_is_known_at_a_tick_does_not_hang_on_what_comes_after() -> None:
    long, short = tracks(), tracks()
    cut = Tracks(
        np.concatenate([short.components[:, :20], short.components[:, 20:] + 7], axis=1),
        short.targets,
        short.lengths,
        short.own,
        short.labels,
    )
    noise = np.full(2, 1e-6, np.float32)
    before, after = (simulate(t, Shapes(), TICK_S, noise, np.random.default_rng(0)) for t in (long, cut))
    assert np.allclose(before[1][:, :20], after[1][:, :20], atol=1e-4)
    assert not np.allclose(before[1][:, 30], after[1][:, 30], atol=0.1)


def test_without_pictures_a_batch_is_of_clips_alone() -> None:
    nobody = np.zeros((0, 2), np.float32), np.zeros((0, len(EMOTIONS)), np.float32)
    data = _Data(tracks(), tracks(), *nobody, np.full(2, 1e-6, np.float32))
    spec, plan = BagSpec(4, 1, 32, 0.32), Shapes(batch=8, still_share=0, sampler="random")
    windows, targets = next(iter(_batches(data, plan, spec, Run(Path("unused"), "", 0), range(1))))
    assert windows.shape == (8, spec.ticks, 3)
    assert set(targets.argmax(dim=1).tolist()) <= {0, NEUTRAL}


def test_the_stream_reads_components_as_it_reads_shapes() -> None:
    torch.manual_seed(0)
    stream = ShapeStream(
        coordinates=6, components=3, width=8, hidden=8, instances=4, frames=1, emotions=7, dropout=0.3
    ).eval()
    stream.basis.copy_(torch.randn(6, 3))
    changes = torch.randn(5, 4, 7)
    components = torch.cat([changes[..., :6] @ stream.basis, changes[..., 6:]], dim=-1)
    for whole, inner in zip(stream(changes), stream.read(components), strict=True):
        assert torch.allclose(whole, inner, atol=1e-5)
    assert stream(changes)[0].shape == (5, 7)
    assert torch.allclose(stream(changes)[1].mean(dim=1), torch.ones(5), atol=1e-5)


def test_weights_are_for_everybody_whom_the_umask_lets_read(tmp_path: Path) -> None:
    write_weights(tmp_path / "model.safetensors", {"x": torch.ones(2)}, {"about": "a"})
    (tmp_path / "another file").touch()
    assert len({file.stat().st_mode for file in tmp_path.iterdir()}) == 1, "or no service could read an engine"
    assert torch.equal(load_file(tmp_path / "model.safetensors")["x"], torch.ones(2))
