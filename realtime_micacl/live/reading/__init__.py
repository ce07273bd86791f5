"""From bags to readings: the engine asked, each face compared with its neutral one, and the result made calm."""
