from pathlib import Path

from data_engine.indexing.video.frame_choice import FrameChoice
from data_engine.indexing.video.frames import Frame, Stop, read_frames
from data_engine_tests.support.made_videos import moving, write_video


def test_a_long_wait_for_the_next_frame_has_signs_of_life(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", moving(103))
    found = list(read_frames(path, FrameChoice(step_s=60)))
    assert [type(each) for each in found] == [Frame, type(None), type(None)]


def test_a_video_that_claims_no_length_is_stopped_where_it_gets_too_long(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", moving(20))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"DURATION", b"DURATIOM").replace(b"\x44\x89\x88", b"\x44\x88\x88"))
    *frames, stop = read_frames(path, FrameChoice(step_s=0.5, most_s=1.0))
    assert [frame.time_s for frame in frames if isinstance(frame, Frame)] == [0.0, 0.5, 1.0]
    assert isinstance(stop, Stop) and not stop.is_damage and "is longer than source.max_video_s, 1 s" in stop.why
