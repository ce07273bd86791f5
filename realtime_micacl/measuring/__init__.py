"""The parts of `realtime-micacl bench`."""
