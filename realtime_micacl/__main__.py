"""`python -m realtime_micacl` is `realtime-micacl`."""

from realtime_micacl.cli import main

main()
