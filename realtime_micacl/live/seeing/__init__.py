"""From a picture to bags: faces, their landmarks, who is who, how usable they are, and the sliding window."""
