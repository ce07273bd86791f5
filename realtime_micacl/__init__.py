"""Live facial expression recognition with MICACL (arXiv 2509.04344)."""

import os

__version__ = "0.1.0"

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # from 1.29 on ONNX Runtime sends reports of its use, and keeps a data base
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its idle thread spins on a core between numpy's tiny products
