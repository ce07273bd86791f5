"""Many clips in one command: found, read by several workers, kept whole or not at all, summed up."""
