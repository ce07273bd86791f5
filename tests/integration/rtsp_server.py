"""A real RTSP server on 127.0.0.1, run by the system's Python, where Debian's GStreamer bindings are.

    /usr/bin/python3 rtsp_server.py PORT FRAMES RATE_HZ

serves the pictures FRAMES (a pattern such as /tmp/x/%04d.jpg), again and again, at rtsp://127.0.0.1:PORT/live and
prints a line when it is ready. /udp and /tcp are the same by one of these alone.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

port, frames, rate_hz = sys.argv[1:]
Gst.init(None)
server = GstRtspServer.RTSPServer(service=port, address="127.0.0.1")
ALL = {"/live": None, "/udp": GstRtsp.RTSPLowerTrans.UDP, "/tcp": GstRtsp.RTSPLowerTrans.TCP}
for path, way in ALL.items():
    factory = GstRtspServer.RTSPMediaFactory(shared=True)
    factory.set_launch(
        f"( multifilesrc location={frames} loop=true caps=image/jpeg,framerate={rate_hz}/1 ! jpegdec ! videoconvert"
        " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! rtph264pay name=pay0 config-interval=1 )"
    )
    if way:
        factory.set_protocols(way)
    server.get_mount_points().add_factory(path, factory)
if not server.attach(None):
    sys.exit(f"port {port} is taken")
sys.stdout.write("ready\n")
sys.stdout.flush()
GLib.MainLoop().run()
