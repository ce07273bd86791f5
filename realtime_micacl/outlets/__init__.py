"""Outlets: live readings for other programs, by LSL, a web page, OSC, MQTT or a file of the newest. Numbers only.

Each has a file here, and runs on a thread behind a ring of events (`thread.py`), so that no peer can hold others up.
"""
