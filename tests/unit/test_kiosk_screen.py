"""Where the kiosk's buttons are, and which of them is the way on."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from msgspec import structs

from realtime_micacl_ui.kiosk.screen import Button, Screen, buttons, theme_for
from realtime_micacl_ui.kiosk.settings import KioskSettings, read_kiosk_settings
from realtime_micacl_ui.kiosk.state import Stage

pytestmark = pytest.mark.usefixtures("qapp")
WIDE = (1920, 1080)


@pytest.fixture(scope="module")
def settings() -> KioskSettings:
    return read_kiosk_settings("")


def answers(screen: Screen, size: tuple[int, int] = WIDE) -> list[Button]:
    return [button for button in buttons(screen, theme_for(size), size) if button.act]


@pytest.mark.parametrize("stage", [Stage.CONSENT, Stage.ASKING])
def test_the_way_on_is_the_second_of_two_buttons_side_by_side(settings: KioskSettings, stage: Stage) -> None:
    stops, goes = answers(Screen(settings, stage))
    assert (stops.primary, goes.primary) == (False, True)
    assert 0.1 < (goes.rect.left() - stops.rect.right()) / goes.rect.height() < 0.7
    assert goes.rect.width() == stops.rect.width() < WIDE[0] / 3, "no wider than it has to be"
    assert stops.rect.left() == pytest.approx(WIDE[0] - goes.rect.right(), abs=1), "in the middle"


def test_a_button_can_be_hit_however_short_its_word_is(settings: KioskSettings) -> None:
    short = replace(settings, texts=tuple(structs.replace(one, stop="x", go_on="y") for one in settings.texts))
    for button in answers(Screen(short, Stage.ASKING)):
        assert button.rect.width() > 2 * button.rect.height()


@pytest.mark.parametrize("stage", [Stage.ATTRACT, Stage.LIVE])
def test_languages_have_room_for_their_names_and_lie_beside_each_other(settings: KioskSettings, stage: Stage) -> None:
    theme = theme_for(WIDE)
    found = [button for button in buttons(Screen(settings, stage), theme, WIDE) if button.language is not None]
    assert [button.text for button in found] == [texts.name for texts in settings.texts]
    for button in found:
        assert button.rect.width() > theme.body.width(button.text) + theme.body.width("nn")
    for left, right in pairwise(found):
        assert 0.1 < (right.rect.left() - left.rect.right()) / left.rect.height() < 1
