"""How networks learn: the loop, what is saved of it, the processes that share it, and the stages of a recipe."""
