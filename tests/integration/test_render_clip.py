"""From a figure to labelled clips and scenes, on a figure of two triangles; the real assets where they are at hand."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.held_out import FIRST_TEST_SEED
from realtime_micacl_render.__main__ import main
from realtime_micacl_render.assets import SKIN_PX, Assets, chart
from realtime_micacl_render.clip import Filming, Label, make_clip, write_labels
from realtime_micacl_render.expression import UNITS, target_names
from realtime_micacl_render.figure import Figure, build_figure
from realtime_micacl_render.mesh import Binding, Target
from realtime_micacl_render.performance import perform
from realtime_micacl_render.person import sample_person
from realtime_micacl_render.portrait import Light, Pose, render, rotation
from realtime_micacl_render.raster import SKIN, Surface
from realtime_micacl_render.scene import Actor, backdrop, pictures, sample_light
from realtime_micacl_render.video import write_video

SQUARE = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
HOW = Filming(size_px=64, seconds=2, rate_hz=25)


@pytest.fixture
def figure() -> Figure:
    """A square head; 'jaw' makes it longer, every other unit does nothing."""
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    one = np.ones(4, np.float32)
    nothing = Target(np.zeros(0, np.int32), np.zeros((0, 3), np.float32))
    units = {name: nothing for unit in UNITS for name in target_names(unit)}
    units["jaw"] = Target(np.array([0, 1], np.int32), np.array([[0, -1, 0], [0, -1, 0]], np.float32))
    bound_to = np.repeat(np.arange(4, dtype=np.int32)[:, None], 3, axis=1)
    return Figure(
        person=sample_person(3),
        rest=SQUARE,
        binding=Binding(bound_to, np.array([[1, 0, 0]] * 4, np.float32), np.zeros_like(SQUARE)),
        surface=Surface(
            faces=faces,
            uv=np.full((2, 3, 2), 2, np.float32),
            kind=np.full(2, SKIN, np.uint8),
            trim=one,
            openness=one,
            atlas=np.full((8, 8, 4), 200, np.uint8),
            folds=np.zeros((4, 4, 4), np.uint8),
        ),
        units=units,
        eyes=(slice(0, 2), slice(2, 4)),
        eye_level=0.0,
    )


def test_the_head_is_where_the_pose_says_and_as_big(figure: Figure) -> None:
    alpha = render(figure, {}, Pose(x=40, y=30, scale=10), Light(), width=80, height=60)[..., 3]
    rows, columns = np.nonzero(alpha)
    assert (columns.min(), columns.max()) == (30, 49)
    assert (rows.min(), rows.max()) == (20, 39)
    longer = render(figure, {"jaw": 1.0}, Pose(x=40, y=30, scale=10), Light(), width=80, height=60)[..., 3]
    assert np.nonzero(longer)[0].max() == 49


def test_a_turned_head_is_narrower_and_edges_are_soft(figure: Figure) -> None:
    straight, turned = (
        render(figure, {}, Pose(x=40, y=30, scale=10.3, yaw=yaw), Light(), width=80, height=60) for yaw in (0, 50)
    )
    assert (turned[20] > 0).sum() < (straight[20] > 0).sum()
    assert ((straight[..., 3] > 0) & (straight[..., 3] < 255)).any()


def test_rotation_turns_right_and_down() -> None:
    nose = np.array([0, 0, 1])
    assert (rotation(30, 0, 0) @ nose)[0] == pytest.approx(0.5, abs=1e-6)
    assert (rotation(0, 30, 0) @ nose)[1] == pytest.approx(-0.5, abs=1e-6)
    np.testing.assert_allclose(rotation(20, 30, 40) @ rotation(20, 30, 40).T, np.eye(3), atol=1e-6)


def test_the_chart_has_the_face_in_the_middle_and_room_for_everything() -> None:
    points = np.random.default_rng(0).normal([0, 7, 0], 3, (1000, 3)).astype(np.float32)
    texels = chart(points)
    assert texels.min() >= 0
    assert texels.max() <= SKIN_PX - 2
    np.testing.assert_allclose(chart(np.array([[0, 7, 1.5]], np.float32)), [[511, 511]], atol=1)


def test_later_actors_stand_in_front_and_absent_ones_are_not_seen(figure: Figure) -> None:
    times = np.zeros(2, np.float32)
    acted = perform(3, [], np.array([0, 0.04], np.float32), np.random.default_rng(0), motion=0.0)
    back, front, away = (
        Actor(figure, acted, np.tile(np.array(place, np.float32), (len(times), 1)))
        for place in ((30, 30, 10), (36, 30, 10), (500, 30, 10))
    )
    room = np.full((60, 80, 3), 10, np.uint8)
    alone = next(pictures([away], room, Light()))
    np.testing.assert_array_equal(alone, room)
    both = next(pictures([back, front, away], room, Light()))
    np.testing.assert_array_equal(both[:, 26:46], next(pictures([front], room, Light()))[:, 26:46])
    assert (both[30, 22] > 10).all()
    assert room.max() == 10, "the background is not painted over"


def test_backdrops_and_lights_vary_with_the_seed() -> None:
    one, same, other = (backdrop(64, 48, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == (48, 64, 3)
    np.testing.assert_array_equal(one, same)
    assert np.abs(one.astype(int) - other).mean() > 2
    assert sample_light(np.random.default_rng(1)) != sample_light(np.random.default_rng(2))


@pytest.mark.parametrize("emotion", ["happy", "neutral"])
def test_a_clip_has_a_picture_and_an_intensity_for_every_frame(figure: Figure, emotion: str) -> None:
    label, frames = make_clip(figure, emotion, HOW)
    shown = list(frames)
    assert len(shown) == len(label.intensity) == 50
    assert shown[0].shape == (64, 64, 3)
    assert (label.file, label.identity, label.emotion, label.fps) == (f"id00003_{emotion}_0.mp4", 3, emotion, 25)
    assert label.intensity[0] == 0
    assert max(label.intensity) == 0 if emotion == "neutral" else max(label.intensity) > 0.5


def test_lead_and_tail_are_neutral_and_leave_the_expression_as_it_is(figure: Figure) -> None:
    plain, _ = make_clip(figure, "happy", HOW)
    longer, frames = make_clip(figure, "happy", replace(HOW, lead_s=1, tail_s=2))
    assert len(longer.intensity) == 125
    assert longer.intensity[25:75] == plain.intensity
    assert longer.intensity[:25] == [0.0] * 25
    assert longer.intensity[-40:] == [0.0] * 40
    assert sum(1 for _ in frames) == 125


def test_clips_are_reproducible_and_takes_differ(figure: Figure) -> None:
    takes = [make_clip(figure, "sad", HOW, take=take) for take in (0, 0, 1)]
    first, same, other = ([label.intensity, next(frames)] for label, frames in takes)
    assert first[0] == same[0] != other[0]
    np.testing.assert_array_equal(first[1], same[1])


def test_labels_have_the_five_fields(tmp_path: Path) -> None:
    write_labels(tmp_path / "labels.json", [Label("a.mp4", 7, "fear", 25, [0.0, 0.5])])
    assert json.loads((tmp_path / "labels.json").read_text()) == [
        {"file": "a.mp4", "identity": 7, "emotion": "fear", "fps": 25, "intensity": [0.0, 0.5]}
    ]


def test_videos_have_a_constant_rate(tmp_path: Path) -> None:
    grey = np.full((48, 64, 3), 128, np.uint8)
    write_video(tmp_path / "a.mp4", (grey for _ in range(7)), rate_hz=30)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        times = [frame.pts * frame.time_base for frame in container.decode(stream)]
    assert np.diff(times).tolist() == [Fraction(1, 30)] * 6


def test_people_are_drawn_from_their_seed() -> None:
    names = ("nose/nose-width1-incr", "ears/l-ear-lobe-incr")
    crowd = [sample_person(seed, names) for seed in range(60)]
    again = sample_person(5, names)
    assert (again.age, again.hair, again.details) == (crowd[5].age, crowd[5].hair, crowd[5].details)
    np.testing.assert_array_equal(again.skin, crowd[5].skin)
    assert len({person.hair for person in crowd}) > 6
    assert {person.male for person in crowd} == {0.0, 1.0}
    assert np.ptp([person.skin.mean() for person in crowd]) > 100
    for person in crowd:
        assert sum(person.ancestry.values()) == pytest.approx(1)
        assert sum(person.weight) == pytest.approx(1)
        assert 0 <= person.age <= 1
        assert (person.skin > 0).all()
        assert (person.skin < 256).all()


def test_without_assets_it_says_what_was_looked_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main([str(tmp_path / "nowhere"), str(tmp_path / "out")]) == ConfigError.exit_code
    assert "makehuman/data/3dobjs/base.obj is missing" in caplog.text
    assert "engines/realtime_micacl_render/README.md" in caplog.text
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        *(f"--seed={FIRST_TEST_SEED}", "--seed=-1", "--people=0", "--size-px=33", "--size-px=16", "--seconds=0.1"),
        *("--takes=0", "--rate-hz=0", "--lead-s=-1", "--tail-s=1e9", "--tail-s=60.1"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture, wrong: str) -> None:
    assert main([str(tmp_path), str(tmp_path / "out"), wrong]) == ConfigError.exit_code
    assert wrong.partition("=")[0] in caplog.text
    assert not (tmp_path / "out").exists()


def test_a_whole_person_of_the_real_assets(real: Path, tmp_path: Path) -> None:
    archive = real / "makehuman-cc0" / "makehuman-face-cc0.tar.gz"
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    assets = Assets(tmp_path)
    figure = build_figure(sample_person(FIRST_TEST_SEED, assets.details), assets)
    label, frames = make_clip(figure, "surprise", Filming(96, 1, 10))
    shown = np.stack(list(frames)).astype(np.int16)
    assert max(label.intensity) > 0.5
    before, apex = shown[0], shown[int(np.argmax(label.intensity))]
    assert np.abs(apex - before).mean() > 2
    pose = Pose(x=48, y=43, scale=32)
    plain, surprised = (
        render(figure, units, pose, Light(), width=96, height=96).astype(np.int16) for units in ({}, {"jaw": 0.8})
    )
    changed = np.abs(surprised - plain)[..., :3].max(axis=-1) > 40
    assert changed.sum() > 20
    assert np.nonzero(changed)[0].min() > 48, "the jaw is below the eyes"
