"""Every text of the window, for Qt Linguist; `say` returns it in the language of the person."""

from __future__ import annotations

import re

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from realtime_micacl.types import State

CONTEXT = "window"
NAME = re.compile(r"(camera (\d+)|.*?)( \(\d+\))?", re.DOTALL)

OPENING = QT_TRANSLATE_NOOP("window", "Opening {source} …")
PREPARING = QT_TRANSLATE_NOOP("window", "Preparing the analysis …")
PAUSED = QT_TRANSLATE_NOOP("window", "Paused")
GO_ON = QT_TRANSLATE_NOOP("window", "Press Space to continue")
STALLED = QT_TRANSLATE_NOOP("window", "No picture from {source} for {seconds}\u00a0s")
HANGS = QT_TRANSLATE_NOOP("window", "The analysis has not answered for {seconds}\u00a0s")
NO_EMOTION = QT_TRANSLATE_NOOP("window", "No expression is shown until there is a fresh picture.")
WAITING = QT_TRANSLATE_NOOP("window", "Waiting for {source}")
RECONNECTING = QT_TRANSLATE_NOOP("window", "Connecting to {source} again")
RETRYING = QT_TRANSLATE_NOOP("window", "{reason}\nAttempt {attempt}, {when}")
NEXT_TRY = QT_TRANSLATE_NOOP("window", "next try in {seconds}\u00a0s")
TRYING = QT_TRANSLATE_NOOP("window", "trying now")
ENDED = QT_TRANSLATE_NOOP("window", "End of {source}")
FAILED = QT_TRANSLATE_NOOP("window", "Stopped by an error")
BROKEN = QT_TRANSLATE_NOOP("window", "The analysis has stopped")
PICTURE_ONLY = QT_TRANSLATE_NOOP(
    "window", "{reason}\nThe picture is live; no expression is shown. Restart the program to continue."
)
VACANT = QT_TRANSLATE_NOOP("window", "No face in the picture")
VACANT_HINT = QT_TRANSLATE_NOOP(
    "window", "Faces smaller than about {size} px are not found: sit closer, in good light, facing the camera."
)
BLACK = QT_TRANSLATE_NOOP("window", "The picture is black")
BLACK_HINT = QT_TRANSLATE_NOOP(
    "window", "Open the camera's shutter, uncover its lens, or close the program that is using it."
)
FROZEN = QT_TRANSLATE_NOOP("window", "The picture is frozen")
FROZEN_HINT = QT_TRANSLATE_NOOP(
    "window", "Is this a virtual camera with nothing to show? Choose another one in the settings."
)
ANY_KEY = QT_TRANSLATE_NOOP("window", "{error}\n\nPress any key to close the window.")
PLAY_AGAIN = QT_TRANSLATE_NOOP("window", "Press Space or click to play it again.")
TRY_AGAIN = QT_TRANSLATE_NOOP("window", "{error}\n\nPress Space or click to try again.")
KEEPS_UP = QT_TRANSLATE_NOOP("window", "This machine keeps up with {kept} of {faces} faces")
TOO_SLOW = QT_TRANSLATE_NOOP("window", "This machine cannot keep up: many readings are missing")
STREAM = QT_TRANSLATE_NOOP("window", "the stream")
NUMBERED = QT_TRANSLATE_NOOP("window", "camera {number}")
NAMES = {
    "the demo clip": QT_TRANSLATE_NOOP("window", "the demo clip"),
    "standard input": QT_TRANSLATE_NOOP("window", "standard input"),
    "synthetic": QT_TRANSLATE_NOOP("window", "test picture"),
}
"""Names that the program itself gives to sources."""
ATTEMPT = QT_TRANSLATE_NOOP("window", "attempt {attempt}")

UNSURE = QT_TRANSLATE_NOOP("window", "unsure")
COLLECTING = QT_TRANSLATE_NOOP("window", "collecting")
ANALYSING = QT_TRANSLATE_NOOP("window", "analysing …")  # the window is full, the engine has not answered yet
SPOKEN = QT_TRANSLATE_NOOP("window", "face {number}: {words}")

STATES = {
    State.STARTING: QT_TRANSLATE_NOOP("window", "starting"),
    State.LIVE: QT_TRANSLATE_NOOP("window", "live"),
    State.COLLECTING: COLLECTING,
    State.NO_FACE: QT_TRANSLATE_NOOP("window", "no face"),
    State.LOW_QUALITY: QT_TRANSLATE_NOOP("window", "low quality"),
    State.STALLED: QT_TRANSLATE_NOOP("window", "stalled"),
    State.RECONNECTING: QT_TRANSLATE_NOOP("window", "reconnecting"),
    State.PAUSED: QT_TRANSLATE_NOOP("window", "paused"),
    State.ENDED: QT_TRANSLATE_NOOP("window", "ended"),
    State.FAILED: QT_TRANSLATE_NOOP("window", "failed"),
}
EMOTION_WORDS = {
    "happy": QT_TRANSLATE_NOOP("window", "happy"),
    "sad": QT_TRANSLATE_NOOP("window", "sad"),
    "neutral": QT_TRANSLATE_NOOP("window", "neutral"),
    "angry": QT_TRANSLATE_NOOP("window", "angry"),
    "surprise": QT_TRANSLATE_NOOP("window", "surprise"),
    "disgust": QT_TRANSLATE_NOOP("window", "disgust"),
    "fear": QT_TRANSLATE_NOOP("window", "fear"),
}
MIXTURE = QT_TRANSLATE_NOOP("window", "mixture, experimental")
MIXTURE_WORDS = {
    "fearfully surprised": QT_TRANSLATE_NOOP("window", "fearfully surprised"),
    "happily surprised": QT_TRANSLATE_NOOP("window", "happily surprised"),
    "sadly surprised": QT_TRANSLATE_NOOP("window", "sadly surprised"),
    "disgustedly surprised": QT_TRANSLATE_NOOP("window", "disgustedly surprised"),
    "angrily surprised": QT_TRANSLATE_NOOP("window", "angrily surprised"),
    "sadly fearful": QT_TRANSLATE_NOOP("window", "sadly fearful"),
    "sadly angry": QT_TRANSLATE_NOOP("window", "sadly angry"),
}
FAULTS = {
    "too small": QT_TRANSLATE_NOOP("window", "too small"),
    "turned away": QT_TRANSLATE_NOOP("window", "turned away"),
    "dark": QT_TRANSLATE_NOOP("window", "dark"),
    "blurred": QT_TRANSLATE_NOOP("window", "blurred"),
    "at the edge": QT_TRANSLATE_NOOP("window", "at the edge"),
    "mouth covered": QT_TRANSLATE_NOOP("window", "mouth covered"),
    "eyes covered": QT_TRANSLATE_NOOP("window", "eyes covered"),
}
FIGURE_WORDS = {
    "capture": QT_TRANSLATE_NOOP("window", "capture"),
    "analysis": QT_TRANSLATE_NOOP("window", "analysis"),
    "painted": QT_TRANSLATE_NOOP("window", "painted"),
    "latency": QT_TRANSLATE_NOOP("window", "latency"),
    "drops": QT_TRANSLATE_NOOP("window", "dropped"),
}
HELP_HINT = QT_TRANSLATE_NOOP("window", "? help")

FACE = QT_TRANSLATE_NOOP("window", "face {number}")
WEIGHT = QT_TRANSLATE_NOOP("window", "weight")  # WIAN's importance of a moment
NOW = QT_TRANSLATE_NOOP("window", "now")
AGO = QT_TRANSLATE_NOOP("window", "{seconds} s ago")
NO_READING = QT_TRANSLATE_NOOP("window", "no reading")

PAUSE = QT_TRANSLATE_NOOP("window", "Pause")
RESUME = QT_TRANSLATE_NOOP("window", "Resume")
RECORD = QT_TRANSLATE_NOOP("window", "Record the numbers")
STOP_RECORDING = QT_TRANSLATE_NOOP("window", "Stop recording")
RECORDINGS = QT_TRANSLATE_NOOP("window", "Tables (*.csv);;JSON Lines (*.jsonl)")
RECORDING = QT_TRANSLATE_NOOP("window", "REC {minutes}:{seconds}")
NOT_RECORDED = QT_TRANSLATE_NOOP("window", "Not recorded: {reason}")
MARK = QT_TRANSLATE_NOOP("window", "Set a marker")
TAKE_NEUTRAL = QT_TRANSLATE_NOOP("window", "Set the neutral face")
DROP_NEUTRAL = QT_TRANSLATE_NOOP("window", "Drop the neutral face")
HOLD = QT_TRANSLATE_NOOP("window", "Keep a neutral face for {seconds}\u00a0s")
NOTED = QT_TRANSLATE_NOOP("window", "The neutral face is set")
DROPPED = QT_TRANSLATE_NOOP("window", "The neutral face is dropped")
NOBODY = QT_TRANSLATE_NOOP("window", "The neutral face was not set: no face is being read")
TOO_LITTLE = QT_TRANSLATE_NOOP("window", "The neutral face was not set: the face could not be read often enough")
NOT_STEADY = QT_TRANSLATE_NOOP("window", "The neutral face was not set: the expression changed")
NOT_NEUTRAL = QT_TRANSLATE_NOOP("window", "The neutral face was not set: this does not look neutral")
OWN_NEUTRAL = QT_TRANSLATE_NOOP("window", "{words}, compared with this person's neutral face")
PRIVACY = QT_TRANSLATE_NOOP("window", "Blur or hide the picture")
PICTURE = QT_TRANSLATE_NOOP("window", "Picture")
PICTURES = {
    "clear": QT_TRANSLATE_NOOP("window", "Picture as it is"),
    "blurred": QT_TRANSLATE_NOOP("window", "Picture blurred"),
    "points": QT_TRANSLATE_NOOP("window", "Face points only"),
    "hidden": QT_TRANSLATE_NOOP("window", "No picture"),
}
SHOW_TIMELINE = QT_TRANSLATE_NOOP("window", "Show the timeline")
HIDE_TIMELINE = QT_TRANSLATE_NOOP("window", "Hide the timeline")
SETTINGS = QT_TRANSLATE_NOOP("window", "Source and settings")
FULL_SCREEN = QT_TRANSLATE_NOOP("window", "Full screen")
HELP = QT_TRANSLATE_NOOP("window", "Help")

SOURCE = QT_TRANSLATE_NOOP("window", "Source")
CAMERA = QT_TRANSLATE_NOOP("window", "Choose a camera")
DEMO = QT_TRANSLATE_NOOP("window", "Demo clip")
TEST_PICTURE = QT_TRANSLATE_NOOP("window", "Test picture")
ADDRESS = QT_TRANSLATE_NOOP("window", "Address of a stream")
OPEN = QT_TRANSLATE_NOOP("window", "Open")
FILE = QT_TRANSLATE_NOOP("window", "Choose a video file …")
TURN = QT_TRANSLATE_NOOP("window", "Rotate the picture")
UPRIGHT = QT_TRANSLATE_NOOP("window", "Not rotated")
TURNED = QT_TRANSLATE_NOOP("window", "Rotated by {degrees}°")
REGION = QT_TRANSLATE_NOOP("window", "Part of the picture in %: left, top, width, height")
PART = QT_TRANSLATE_NOOP("window", "Part in %")
NO_REGION = QT_TRANSLATE_NOOP("window", "Enter four numbers inside the picture, such as 25, 0, 50, 100")
CAMERA_SIZE = QT_TRANSLATE_NOOP("window", "Camera resolution")
ANY_SIZE = QT_TRANSLATE_NOOP("window", "Default size")
CAMERA_RATE = QT_TRANSLATE_NOOP("window", "Camera frame rate")
RATE = QT_TRANSLATE_NOOP("window", "{hz} fps")
ANY_RATE = QT_TRANSLATE_NOOP("window", "Default rate")
READINGS = QT_TRANSLATE_NOOP("window", "Readings")
SMOOTHING = QT_TRANSLATE_NOOP("window", "Smoothed over {seconds}\u00a0s")
ABSTAIN = QT_TRANSLATE_NOOP("window", "Unsure below {percent}\u00a0%")
LOOKS = QT_TRANSLATE_NOOP("window", "Appearance")
CARDS = QT_TRANSLATE_NOOP("window", "Boxes and cards")
TIMELINE = QT_TRANSLATE_NOOP("window", "Timeline")
FIGURES = QT_TRANSLATE_NOOP("window", "Figures")
MIRROR = QT_TRANSLATE_NOOP("window", "Mirror the picture")
MIXTURES = QT_TRANSLATE_NOOP("window", "Mixtures (experimental)")
CALM = QT_TRANSLATE_NOOP("window", "Reduced motion")

KEYS_TITLE = QT_TRANSLATE_NOOP("window", "Keys")
SPACE = QT_TRANSLATE_NOOP("window", "Space")  # the key
KEYS = (
    (SPACE, QT_TRANSLATE_NOOP("window", "pause, resume")),
    ("R", QT_TRANSLATE_NOOP("window", "record the numbers, stop")),
    ("M", QT_TRANSLATE_NOOP("window", "set a marker")),
    ("B", QT_TRANSLATE_NOOP("window", "set or drop the neutral face")),
    ("P", QT_TRANSLATE_NOOP("window", "blur, face points only, hide, show")),
    ("X", QT_TRANSLATE_NOOP("window", "mirror the picture")),
    ("T", QT_TRANSLATE_NOOP("window", "timeline of the last minute")),
    ("S", QT_TRANSLATE_NOOP("window", "source and settings")),
    ("Tab", QT_TRANSLATE_NOOP("window", "to the buttons")),
    ("O", QT_TRANSLATE_NOOP("window", "boxes and cards")),
    ("H", QT_TRANSLATE_NOOP("window", "figures at the bottom")),
    ("F11", QT_TRANSLATE_NOOP("window", "full screen")),
    ("1 - 9", QT_TRANSLATE_NOOP("window", "highlight one face; 0 for none")),
    ("?", QT_TRANSLATE_NOOP("window", "this help")),
    ("Esc", QT_TRANSLATE_NOOP("window", "leave")),
)
DISCLAIMER = QT_TRANSLATE_NOOP(
    "window", "A card says what a face's expression looks like. It cannot say what the person feels."
)


def say(text: str, **values: object) -> str:
    """Return a text of this file in the language of the person, formatted with values."""
    translated = QCoreApplication.translate(CONTEXT, text)
    return translated.format(**values) if values else translated


def named(source: str) -> str:
    """Return the name of a source, translated if it is one that the program gave."""
    found = NAME.fullmatch(source)
    assert found  # anything matches
    name, number, more = found[1], found[2], found[3] or ""
    if number:
        return say(NUMBERED, number=number) + more
    return say(NAMES[name]) + more if name in NAMES else source
