"""A network of your own in the place of MICACL's encoder: python examples/own_encoder.py encoder.onnx clip.mp4.

It takes uint8 crops [M,P,S,S,3], RGB, and gives features [M,D]: what GEIIM and WIAN were trained on, so train yours to
give the same, as a smaller student does. `realtime-micacl export --encoder` makes an engine of any other network.
"""

import sys

import numpy as np
import onnxruntime

import realtime_micacl as rm

if len(sys.argv) != 3:
    sys.exit(__doc__)
graph, clip = sys.argv[1:]
network = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])


def encoder(crops: np.ndarray) -> np.ndarray:
    """Return the features of crops."""
    return network.run(None, {network.get_inputs()[0].name: crops})[0]


with rm.load_engine(encoder=encoder) as engine:
    for reading in rm.read(clip, engine=engine):
        print(f"{reading.time_s:.2f}", reading.emotion or "unsure")
