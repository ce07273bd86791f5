"""What `realtime-micacl evaluate` is made of: who is measured, on which clips, what they read, and the report."""
