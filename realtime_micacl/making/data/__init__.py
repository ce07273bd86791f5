"""Data sets, one per file, each mapped to the one label order by name."""
