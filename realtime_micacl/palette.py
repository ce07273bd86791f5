"""The colours of the emotions, wherever they are shown."""

from __future__ import annotations

COLOURS = {  # searched for the largest distance under normal and colour-blind sight
    "happy": "#EECC66",
    "sad": "#4477AA",
    "neutral": "#FFFFFF",
    "angry": "#CC6677",
    "surprise": "#99DDFF",
    "disgust": "#7A9A01",
    "fear": "#C084FC",
}
