"""HDR pictures show the light of a normal screen: against the standards' formulas, forwards, in float64."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from realtime_micacl.live.sources.hdr import HLG, PQ, as_sdr
from realtime_micacl.live.sources.video import read_file

WIDER = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # BT.709 in BT.2020
COLOURS = np.array([(30, 30, 30), (110, 110, 110), (190, 190, 190), (200, 150, 120), (120, 80, 60), (225, 180, 160)])


def filmed(colours: np.ndarray, transfer: int) -> np.ndarray:
    """Return the numbers, 0 to 255, that stand for what a normal screen with a white of 203 nits shows."""
    nits = 203 * (colours / 255) ** 2.4 @ WIDER.T
    if transfer == PQ:
        power = (nits / 10000) ** 0.1593017578125
        signal = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:
        scene = (nits / 1000) ** (1 / 1.2)
        bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        signal = np.where(scene <= 1 / 12, (3 * scene) ** 0.5, bright)
    return np.asarray(np.rint(255 * signal), np.uint8)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_skin_and_greys_look_as_on_a_normal_screen(transfer: int) -> None:
    hdr = filmed(COLOURS, transfer)[None]
    assert np.abs(hdr[0].astype(int) - COLOURS).max() > 25  # as they are, they do not
    shown = as_sdr(hdr, transfer)[0].astype(int)
    assert np.abs(shown - COLOURS).max() <= 9
    assert np.ptp(shown[:3], axis=1).max() <= 1  # greys stay grey


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_brighter_stays_brighter_up_to_the_brightest(transfer: int) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    steps = np.diff(as_sdr(ramp, transfer)[0, :, 0].astype(int))
    assert steps.min() >= 0
    assert steps.sum() == 255


@pytest.mark.parametrize("transfer", [1, PQ, HLG])
def test_a_file_is_converted_where_it_says_so(transfer: int, tmp_path: Path) -> None:
    numbers = filmed(COLOURS, transfer) if transfer != 1 else COLOURS.astype(np.uint8)
    image = np.repeat(np.repeat(numbers[None], 16, axis=0), 16, axis=1)
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "bgr0"
        stream.codec_context.color_trc = transfer
        out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())
    (frame,) = read_file(tmp_path / "a.mkv")
    assert np.abs(frame.image[8, 8::16].astype(int) - COLOURS).max() <= 9
