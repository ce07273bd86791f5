"""What `import realtime_micacl` offers to Python programs; each part is loaded when it is first used."""

import logging

logging.getLogger("realtime_micacl").addHandler(logging.NullHandler())  # nothing prints unless the program logs
