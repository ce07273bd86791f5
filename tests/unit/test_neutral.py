import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.live.reading.baseline import BaselineRequest
from realtime_micacl.live.reading.neutral import SCALE, Neutral, rest
from realtime_micacl.live.reading.neutrals import SECONDS, Neutrals
from realtime_micacl.types import F32, Bag, Baseline

TICK_S = 0.08
MEAN = np.linspace(-1, 1, 6, dtype=np.float32)
SHAPE = Shape(
    bone=(0, 1, 2, 3), frame=((0.0,) * 3,) * 4, points=(5, 6), mean=tuple(MEAN.tolist()), prior=0.5, half_s=10.0
)
OWN = MEAN + np.float32(0.2)


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0, 1), st.floats(0.01, 5)), min_size=1, max_size=20))
def test_it_is_the_weighted_mean_that_fades(ticks: list[tuple[float, float, float]]) -> None:
    neutral = Neutral(MEAN, 0.5, 10.0)
    for value, share, elapsed_s in ticks:
        neutral.learn(np.full(6, value, np.float32), share, elapsed_s)
    ages = np.cumsum([0.0, *[elapsed_s for *_, elapsed_s in ticks[:0:-1]]])[::-1]
    weights = np.array([share for _, share, _ in ticks]) * 0.5 ** (ages / 10.0)
    values = np.array([value for value, *_ in ticks])
    expected = (0.5 * MEAN + (weights * values).sum()) / (0.5 + weights.sum())
    assert np.allclose(neutral.shape, expected, atol=1e-4)
    assert np.isclose(neutral.trust, np.log1p(weights.sum() / 0.5) / SCALE, atol=1e-4)


def test_it_starts_as_the_average_and_nobody_is_known() -> None:
    neutral = Neutral(MEAN, 0.5, 10.0)
    assert np.array_equal(neutral.shape, MEAN)
    assert neutral.trust == 0
    assert neutral.known == 0


def test_many_tracks_are_what_each_is_alone() -> None:
    rng = np.random.default_rng(0)
    both, alone = Neutral(MEAN, 0.5, 10.0, (2,)), [Neutral(MEAN, 0.5, 10.0) for _ in range(2)]
    for _ in range(5):
        shapes, rest = rng.normal(size=(2, 6)).astype(np.float32), rng.random(2).astype(np.float32)
        both.learn(shapes, rest, TICK_S)
        for one, shape, weight in zip(alone, shapes, rest, strict=True):
            one.learn(shape, float(weight), TICK_S)
    assert np.allclose(both.shape, [one.shape for one in alone], atol=1e-6)
    assert np.allclose(both.trust, [one.trust for one in alone], atol=1e-6)


def shares(neutral: float, angry: float) -> F32:
    spread = np.full(7, (1 - neutral - angry) / 5, np.float32)
    spread[[2, 3]] = neutral, angry
    return spread


def test_both_must_call_a_face_neutral() -> None:
    """Whoever knows the face and whoever does not; what the latter may take for something else hardly counts."""
    sure, fairly, torn, frown = shares(0.9, 0.05), shares(0.62, 0.3), shares(0.5, 0.4), shares(0.4, 0.55)
    assert rest(sure, sure, 0.0) == pytest.approx(0.9)
    assert rest(sure, fairly, 0.0) == rest(fairly, sure, 0.0) == pytest.approx(0.62)
    assert 0 < rest(sure, frown, 0.0) < rest(sure, torn, 0.0) < 0.02
    assert rest(frown, sure, 0.0) == pytest.approx(0.4), "who knows the face may see a frown where a stranger does not"
    both = rest(np.stack([sure, sure]), np.stack([fairly, frown]), np.zeros(2, np.float32))
    assert np.array_equal(both, [rest(sure, fairly, 0.0), rest(sure, frown, 0.0)])


def test_a_look_that_lasts_is_how_the_face_is() -> None:
    """At first a frown is taken for an expression; of a face that has frowned for a minute it is the face at rest."""
    neutral, frown = Neutral(MEAN, 0.5, 24.0), shares(0.4, 0.55)
    known = {}
    for tick in range(1, 1 + round(60 / TICK_S)):
        neutral.read(OWN, shares(0.8, 0.1), frown, TICK_S)
        known[round(tick * TICK_S)] = float(neutral.known)
    assert known[5] < 0.05
    assert known[8] < 0.1
    assert known[60] > 0.4
    assert rest(frown, frown, 60.0) > 5 * rest(frown, frown, 1.0)
    assert rest(shares(0.9, 0.05), shares(0.9, 0.05), 60.0) == rest(shares(0.9, 0.05), shares(0.9, 0.05), 1.0)


def test_a_second_reading_is_made_at_every_fourth_tick_and_stands_until_the_next() -> None:
    neutral, asked, known = Neutral(MEAN, 0.5, 1e6), [], [0.0]
    for tick in range(12):
        asked.append(neutral.second_due)
        frowns = shares(0.1, 0.8) if tick == 4 else shares(0.9, 0.05)
        neutral.read(OWN, shares(0.9, 0.05), frowns if neutral.second_due else None, TICK_S)
        known.append(float(neutral.known))
    assert [tick for tick, asks in enumerate(asked) if asks] == [4, 8], "at first nobody knows the face anyway"
    gained = np.diff(known)
    assert gained[4:8].max() < gained[8:].min(), "what was taken for a frown counts little until it is asked again"


def bag(time_s: float, shape: F32 = OWN, track_id: int = 1) -> Bag:
    crops = np.zeros((4, 1, 1, 1, 3), np.uint8)
    return Bag(track_id, 0, crops, time_s, time_s, 1.0, 1.0, np.tile(shape, (4, 1)).astype(np.float32))


def neutrals(*, each: bool = False) -> Neutrals:
    return Neutrals(SHAPE, TICK_S, each=each, asked=BaselineRequest())


def looks(rest: float) -> F32:
    return shares(rest, (1 - rest) / 6)


def followed(faces: Neutrals, seconds: float, rest: float, shape: F32 = OWN, start_s: float = 0.0) -> Baseline:
    state = Baseline.NONE
    for n in range(round(seconds / TICK_S)):
        now = bag(start_s + n * TICK_S, shape)
        _, state = faces.learn(now, looks(rest), looks(rest) if faces.second_due(now) else None)
    return state


def test_a_face_that_looks_neutral_becomes_its_own_reference() -> None:
    faces = neutrals()
    first = faces.changes(bag(0.0))
    assert np.allclose(first[:, :-1], 0.2, atol=1e-6)
    assert (first[:, -1] == 0).all()
    followed(faces, 3.0, rest=0.9)
    later = faces.changes(bag(3.0))
    assert np.abs(later[:, :-1]).max() < 0.01
    assert (later[:, -1] > 0.5).all()


def test_an_expression_hardly_moves_the_reference() -> None:
    faces = neutrals()
    followed(faces, 3.0, rest=0.9)
    followed(faces, 3.0, rest=0.02, shape=OWN + np.float32(0.5), start_s=3.0)
    assert np.abs(faces.changes(bag(6.0))[:, :-1]).max() < 0.03


def test_a_late_this_is_neutral_reads_the_whole_window_anew() -> None:
    faces = neutrals()
    smiling = OWN + np.float32(0.3)
    followed(faces, 2.0, rest=0.9)
    faces.request(BaselineRequest(1), [1])
    state = followed(faces, SECONDS + TICK_S, rest=0.0, shape=smiling, start_s=2.0)
    assert state is Baseline.SET
    assert np.abs(faces.changes(bag(7.0, smiling))[:, :-1]).max() < 0.01
    faces.request(BaselineRequest(2), [1])
    assert np.allclose(faces.changes(bag(7.1))[:, :-1], 0.2, atol=1e-6), "asked again, it starts over"


def test_what_is_said_of_one_face_holds_for_no_other() -> None:
    faces = neutrals()
    for track_id in (1, 2):
        faces.learn(bag(0.0, track_id=track_id), looks(0.0), None)
    faces.request(BaselineRequest(1, 1), [1, 2])
    states = {}
    for n in range(70):
        for track_id in (1, 2):
            _, states[track_id] = faces.learn(bag(n * TICK_S, track_id=track_id), looks(0.0), None)
    assert states == {1: Baseline.SET, 2: Baseline.NONE}


def test_after_a_second_of_rest_a_face_is_half_known_and_trust_stays_near_one() -> None:
    """The trust that the network gets has to stay on the scale of what it was trained with."""
    known = []
    for seconds in (0.4, 3.0, 30.0):
        neutral = Neutral(MEAN, 0.5, 1e6)
        for _ in range(round(seconds / TICK_S)):
            neutral.learn(OWN, 1.0, TICK_S)
        known.append(float(neutral.known))
        assert 0.5 < neutral.trust < 2.5
    assert 0.1 < known[0] < 0.5 < known[1] < 0.9 < known[2]


def test_this_is_neutral_counts_as_much_as_ten_seconds_of_rest() -> None:
    faces = neutrals()
    faces.request(BaselineRequest(1), [1])
    followed(faces, SECONDS + TICK_S, rest=0.0)
    followed(faces, 4.8, rest=1.0, shape=OWN + np.float32(1.0), start_s=SECONDS + TICK_S)
    moved = faces.changes(bag(SECONDS + 4.9))[:, :-1].mean()
    assert -0.6 < moved < -0.2, "of what looks neutral since then a part is taken over"


@pytest.mark.parametrize(("wavers", "state"), [(0.01, Baseline.SET), (0.04, Baseline.UNSTEADY)])
def test_a_face_may_move_a_little_while_it_is_taken(wavers: float, state: Baseline) -> None:
    faces = neutrals()
    faces.request(BaselineRequest(1), [1])
    rng = np.random.default_rng(0)
    for n in range(64):
        _, found = faces.learn(bag(n * TICK_S, OWN + rng.normal(0, wavers, 6).astype(np.float32)), looks(0.5), None)
    assert found is state


def test_a_face_that_does_not_keep_still_is_refused() -> None:
    faces = neutrals()
    faces.request(BaselineRequest(1), [1])
    rng = np.random.default_rng(0)
    for n in range(64):
        _, state = faces.learn(bag(n * TICK_S, OWN + rng.normal(0, 0.1, 6).astype(np.float32)), looks(0.5), None)
    assert state is Baseline.UNSTEADY


def test_too_little_is_refused() -> None:
    faces = neutrals()
    faces.request(BaselineRequest(1), [1])
    for time_s in (0.0, 2.0, 5.5):
        _, state = faces.learn(bag(time_s), looks(0.5), None)
    assert state is Baseline.SPARSE


def test_unasked_every_face_is_taken_at_first() -> None:
    assert followed(neutrals(each=True), SECONDS + TICK_S, rest=0.0) is Baseline.SET


@pytest.mark.parametrize("pause_s", [61.0])
def test_it_ends_with_the_track(pause_s: float) -> None:
    faces = neutrals()
    followed(faces, 3.0, rest=0.9)
    faces.learn(bag(3.0 + pause_s, track_id=2), looks(0.0), None)
    assert np.allclose(faces.changes(bag(3.0 + pause_s))[:, :-1], 0.2, atol=1e-6)
