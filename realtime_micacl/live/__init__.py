"""The live path: source -> tracker -> window -> engine -> smoother -> sinks."""
