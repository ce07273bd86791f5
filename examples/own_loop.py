"""A loop of one's own over OpenCV's pictures: python examples/own_loop.py clip.mp4."""

import sys

import cv2

import realtime_micacl as rm

if len(sys.argv) != 2:
    sys.exit(__doc__)
capture = cv2.VideoCapture(sys.argv[1])
if not capture.isOpened():
    sys.exit(f"{sys.argv[1]} cannot be opened")
rate_hz = capture.get(cv2.CAP_PROP_FPS) or 25
number = 0
with rm.Reader() as reader:
    while True:
        there, bgr = capture.read()
        if not there:
            break
        for reading in reader.push(bgr[:, :, ::-1], time_s=number / rate_hz):  # OpenCV's order is BGR
            print(reading.frame, reading.track_id, reading.emotion or "unsure")
        number += 1
capture.release()
