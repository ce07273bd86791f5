"""The command and its programs, with arguments, log, screen, systemd and metrics."""
