"""Files that name a video instead of being one are answered with what they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.lists import LISTED, listed
from realtime_micacl.live.sources.video import read_file

XSPF = '<?xml version="1.0"?><playlist xmlns="http://xspf.org/ns/0/"><track><location> a.mp4 </location></track>'


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[playlist]\nNumberOfEntries=1\nFile1=rtsp://me:secret@door/1\nTitle1=Door\n", "rtsp://door/1"),
        ("[PLAYLIST]\r\nfile1 = C:\\clips\\a b.mp4\r\n", "C:\\clips\\a b.mp4"),
        ("[Reference]\nRef1=http://door/a.asf\n", "http://door/a.asf"),
        ("[InternetShortcut]\nURL=http://door/a.mp4\n", "http://door/a.mp4"),
        ("[Desktop Entry]\nType=Link\nURL=file:///a.mp4\n", "file:///a.mp4"),
        ('<ASX version="3.0"><entry><ref HREF = "http://door/a.asf"/></entry></ASX>', "http://door/a.asf"),
        ("<smil><body><video src='a.mp4'/></body></smil>", "a.mp4"),
        (XSPF, "a.mp4"),
        ("#EXTM3U\n#EXTINF:-1,Door\nrtsp://door/1\nrtsp://door/2\n", "rtsp://door/1"),
        ("\ufeff#EXTM3U\r\n#EXTINF:3,Ä\r\nä b.mp4\r\n", "ä b.mp4"),
        ("http://door/a.mp4\nhttp://door/b.mp4\n", "http://door/a.mp4"),
    ],
)
def test_a_list_is_answered_with_what_it_names(text: str, name: str) -> None:
    assert f"and names {name}; give that" in listed(text.encode())


def test_of_a_very_long_name_enough_is_shown_to_know_it_by() -> None:
    said = listed(f"http://door/{'a' * 1000}.mp4\n".encode())
    assert 100 < said.count("a") < 500


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1\na.ts\n", "ffconcat version 1.0\n"])
def test_a_list_of_pieces_names_no_video(text: str) -> None:
    assert listed(text.encode()) == LISTED


@pytest.mark.parametrize("head", [b"<!doctype html><a href='a.mp4'>", b"", b"\0\1http://a", b"notes\nhttp://a b\n"])
def test_what_is_no_list_is_not_called_one(head: bytes) -> None:
    assert listed(head) == ""


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.pls", "[playlist]\nFile1=b.mp4\n", "and names b.mp4; give that"),
        ("a.m3u", "clips/b.mp4\n", "and names clips/b.mp4; give that"),
        ("a.url", "[InternetShortcut]\nURL=http://door/a.mp4\n", "and names http://door/a.mp4"),
        ("a.sdp", "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\nm=video 5004 RTP/AVP 96\r\n", "only describes a stream"),
        ("a.jsonl", '{"schema": 2, "time_s": 0.0, "hello": {}}\n', "`realtime-micacl replay FILE` shows it"),
        ("a.csv", "time_s,track,state\n", "is a recording of this program"),
    ],
)
def test_a_file_that_is_no_video_says_what_it_is(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(SourceError, match=said):
        list(read_file(file))
