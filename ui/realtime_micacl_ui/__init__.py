"""What you see: the window, which looks at a running session and draws it."""
