"""Show stimuli, mark each and save the answers: python examples/lab_protocol.py 0 session.jsonl 3 joke noise."""

import sys
import time

import realtime_micacl as rm

if len(sys.argv) < 4:
    sys.exit(__doc__)
source, recording, seconds, *stimuli = sys.argv[1:]
with rm.live(int(source) if source.isdecimal() else source) as face:
    while face.running and not face.latest():  # until somebody sits there
        time.sleep(0.05)
    face.record(recording)
    for stimulus in stimuli:
        mark = face.mark()
        print("marker", mark.number, "is", stimulus)  # here yours is shown
        end_s, happy = face.now_s + float(seconds), []
        while face.running and face.now_s < end_s:
            happy += [reading["happy"] for reading in face.latest().values()]
            time.sleep(0.05)
        print(f"{stimulus}: {max(happy, default=0):.0%} happy at most")
