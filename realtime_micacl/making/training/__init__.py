"""How networks are trained: the loop and its saved state, the processes that share a run, the stages of a recipe."""
