"""Where readings leave the program while it runs: LSL, a web page, OSC, MQTT, a file of the newest. Numbers only.

One file each; each is a sink behind a ring of events (`thread.py`), so that no peer can hold anybody else up.
"""
