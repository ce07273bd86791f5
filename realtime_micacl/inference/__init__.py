"""Engines: what turns bags into emotion logits, and the sidecar that says how."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime since 1.29 reports to its makers unless told before its import
