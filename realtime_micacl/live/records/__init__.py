"""Recordings: the form of a record, the files that hold them, and reading them back."""
