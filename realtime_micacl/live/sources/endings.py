"""How the names of videos end, for whoever looks for clips in a folder."""

from __future__ import annotations

VIDEOS = frozenset(
    f".{ending}"
    for ending in (
        *("264", "265", "3g2", "3gp", "amv", "asf", "avi", "dav", "divx", "dv", "f4v", "flv", "gif", "h264", "h265"),
        *("hevc", "insv", "ivf", "lrv", "m1v", "m2t", "m2ts", "m2v", "m4v", "mjpeg", "mjpg"),
        *("mkv", "mod", "mov", "mp4", "mpe", "mpeg", "mpg", "mts", "mxf", "nut", "obu", "ogm", "ogv", "qt"),
        *("rm", "rmvb", "tod", "ts", "vob", "webm", "wmv", "wtv", "y4m"),
    )
)
