"""How the program announces itself to Home Assistant: one device with a few sensors per face."""

from __future__ import annotations

import json
from typing import Any

from realtime_micacl import __version__
from realtime_micacl.outlets.about import About
from realtime_micacl.types import EMOTIONS, UNSURE, EmotionDistribution, State

PREFIX = "homeassistant"
NOBODY = "nobody"
EXPIRES_S = 15
Sensors = dict[str, dict[str, Any]]
"""By their keys, in the order in which they are shown."""


def device(prefix: str, root: str, about: About) -> tuple[str, str]:
    """Return topic and text of the device that publishes under `root`; with the prefix "off" it is forgotten."""
    name = root.rpartition("/")[2]
    topic = f"{PREFIX if prefix == 'off' else prefix}/device/realtime-micacl-{name}/config"
    if prefix == "off":
        return topic, ""
    hello = about.hello()
    sensors = _states(root, about) | _faces(root, about)
    for key, sensor in sensors.items():
        sensor |= {"platform": "sensor", "unique_id": f"realtime-micacl-{name}-{key}"}
    return topic, json.dumps(
        {
            "device": {
                "identifiers": [f"realtime-micacl-{name}"],
                "name": f"realtime-micacl {name}",
                "manufacturer": "realtime-micacl",
                "model": hello.engine,
                "sw_version": __version__,
            },
            "origin": {"name": "realtime-micacl", "sw_version": __version__},
            "components": sensors,
            "availability_topic": f"{root}/availability",
            "qos": 0,
        }
    )


def _states(root: str, about: About) -> Sensors:
    """Return what each source is in."""
    sensors: Sensors = {}
    for number, source in enumerate(about.sources, start=1):
        several = len(about.sources) > 1
        sensors[f"state_{number}"] = {
            "name": f"State of {source}" if several else "State",
            "state_topic": f"{root}/state/{number}" if several else f"{root}/state",
            "device_class": "enum",
            "options": [str(state) for state in State],
        }
    return sensors


def _faces(root: str, about: About) -> Sensors:
    """Return the sensors for the word and the seven shares of each slot."""
    sensors: Sensors = {}
    for slot in range(1, about.slots + 1):
        common = {"state_topic": f"{root}/face/{slot}/summary", "expire_after": EXPIRES_S}
        sensors[f"face_{slot}"] = common | {
            "name": f"Face {slot}",
            "device_class": "enum",
            "options": [*EMOTIONS, UNSURE, NOBODY],
            "value_template": "{{ value_json.expression }}",
        }
        for emotion in EMOTIONS:
            sensors[f"face_{slot}_{emotion}"] = common | {
                "name": f"Face {slot} {emotion}",
                "unit_of_measurement": "%",
                "state_class": "measurement",
                "value_template": f"{{{{ value_json.{emotion} }}}}",
            }
    return sensors


def summary(reading: EmotionDistribution | None) -> str:
    """Return a slot's reading in whole percents, or that nobody is there."""
    shares = reading.probabilities.tolist() if reading else [0.0] * len(EMOTIONS)
    word = (reading.emotion or UNSURE) if reading else NOBODY
    return json.dumps({"expression": word} | {name: round(100 * p) for name, p in zip(EMOTIONS, shares, strict=True)})
