"""What leaves the program while a window shows it: markers too, and what is wrong is said in the window."""

from __future__ import annotations

import time

import pytest

from realtime_micacl.live.records.slots import Slots
from realtime_micacl.live.session import LiveSession
from realtime_micacl.outlets.feed import Feed
from realtime_micacl.outlets.thread import OutletThread
from realtime_micacl.testing import FakeCamera, FakeStages
from realtime_micacl.types import EmotionDistribution, Mark, State
from realtime_micacl_ui.window import LiveWindow, Options, show
from tests.integration.live_window import Script, reading_shown
from tests.unit.test_outlet_thread import Ear

pytestmark = pytest.mark.usefixtures("qapp")


def test_a_window_s_numbers_and_markers_leave_and_a_peer_that_is_away_is_said() -> None:
    ear = Ear()
    feed = Feed([OutletThread(ear)], Slots())

    def marks(window: LiveWindow) -> bool:
        window.act("m")
        ear.notice = "MQTT: broker.local:1883 cannot be reached: refused"
        return True

    def said(window: LiveWindow) -> bool:
        return window.view.notice == ear.notice

    options = Options(feed=feed)
    with LiveSession(FakeCamera(rate_hz=30), *FakeStages().openers, options.sinks, slots=feed.slots) as running:
        show(running, source_name="x", options=options, on_tick=Script(reading_shown, marks, said))
    feed.close()
    readings = [event for event in ear.heard if isinstance(event, EmotionDistribution)]
    assert readings
    assert {reading.slot for reading in readings} == {1}
    (mark,) = (event for event in ear.heard if isinstance(event, Mark))
    assert (mark.number, time.monotonic() - mark.time_s < 30) == (1, True)
    assert getattr(ear.heard[-1], "state", None) is State.ENDED
