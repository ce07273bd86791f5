"""Engines on an NVIDIA GPU: TensorRT, TensorRT for RTX, torch; and which of them suits the card."""
