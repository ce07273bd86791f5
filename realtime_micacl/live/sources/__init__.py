"""Where pictures come from: webcams, files, streams, pipes, photographs; each is an iterable of frames."""
