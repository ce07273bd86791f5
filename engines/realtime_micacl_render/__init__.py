"""Render talking, moving, expressive synthetic people from the CC0 MakeHuman assets, for training and for the demo."""
