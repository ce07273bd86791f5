"""The command, its programs, and what they run on: arguments, log, screen, systemd, metrics."""
