"""`realtime-micacl doctor`: what this machine has, what is missing, and which command mends it."""
