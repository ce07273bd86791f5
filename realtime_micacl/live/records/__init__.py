"""What is written of a session and read back: lines of numbers, files of them, and where they come from."""
