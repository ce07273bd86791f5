"""The live path: source -> tracker -> window -> engine -> smoother -> sinks. It can be called, see the package."""
