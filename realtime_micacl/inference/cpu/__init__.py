"""Engines on the processor: ONNX Runtime, OpenVINO, torch."""
