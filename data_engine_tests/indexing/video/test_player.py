from pathlib import Path

import numpy as np
import pytest

from data_engine.indexing.video.player import NoVideo, Player
from data_engine_tests.support.made_videos import moving, write_video


def test_frames_come_in_their_order_with_their_times(tmp_path: Path) -> None:
    frames = moving(7)
    with Player(write_video(tmp_path / "b_frames.mkv", frames), 10_000) as player:
        shown = list(player.frames())
        assert [(each.number, each.time_s) for each in shown] == [(n, round(n / 10, 6)) for n in range(7)]
        assert (player.frame_rate, player.duration_s) == (10.0, 0.7)
        apart = np.abs(player.pixels_of(shown[5].frame).astype(int) - frames[5].astype(int)).mean()
        assert apart < 25
        assert player.small(shown[0].frame).shape == (48, 64, 3)


def test_a_search_begins_at_the_key_frame_before(tmp_path: Path) -> None:
    with Player(write_video(tmp_path / "b_frames.mkv", moving(30)), 10_000) as player:
        stamps = [each.pts for each in player.frames_from(player.stamps(1.5))]
        assert stamps[0] == 1200 and 1500 in stamps
        assert next(player.frames_from(None)).pts == 0


def test_larger_frames_than_are_allowed_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", moving(2))
    with pytest.raises(NoVideo, match=r"has frames of 64 x 48 px, source\.max_pixels is 100"):
        Player(path, 100)
