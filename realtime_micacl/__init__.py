"""Live facial expression recognition with MICACL (arXiv 2509.04344)."""

__version__ = "0.1.0"
