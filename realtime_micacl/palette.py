"""The colours of the emotions, wherever they are shown."""

from __future__ import annotations

COLOURS = {  # chosen by a search to be as different as possible, for colour-blind people too
    "happy": "#EECC66",
    "sad": "#4477AA",
    "neutral": "#FFFFFF",
    "angry": "#CC6677",
    "surprise": "#99DDFF",
    "disgust": "#7A9A01",
    "fear": "#C084FC",
}
