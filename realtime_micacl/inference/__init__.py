"""Engines, which turn bags into logits of emotions, and the sidecar that describes one."""
