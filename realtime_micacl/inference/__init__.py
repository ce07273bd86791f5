"""Engines: what turns bags into emotion logits, and the sidecar that says how."""
