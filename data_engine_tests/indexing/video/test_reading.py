"""Frames of videos made here: which become samples, what they know, and that each is found again bit by bit."""

import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from data_engine.indexing import Contents, list_batches, read_batch
from data_engine.indexing.source import Batches, Source
from data_engine.indexing.video import reading
from data_engine_tests.support.made_videos import CODECS, moving, texture, write_video

MATRIX_BYTES = 36


def _read(folder: Path, **options: Any) -> tuple[Source, pa.Table]:
    source = Source(kind="video", path=str(folder), **options)
    files = [file for batch in list_batches(source, Batches(), folder).values() for file in batch]
    return source, read_batch(source, files, batch="b", modality="image")


def _rows(folder: Path, **options: Any) -> list[dict[str, Any]]:
    rows = _read(folder, **options)[1].to_pylist()
    return [{**row, **json.loads(row["metadata"])} for row in rows]


@pytest.fixture(scope="module")
def codecs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codecs")
    for name in CODECS:
        write_video(folder / name, moving(33))
    return folder


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_video(tmp_path_factory.mktemp("one") / "b_frames.mkv", moving(33)).read_bytes()


def test_each_frame_of_every_coding_is_found_again_bit_by_bit_in_any_order(codecs: Path) -> None:
    source, table = _read(codecs, frames_per_second=10)
    assert table["error"].to_pylist() == [None] * (33 * len(CODECS))
    rows = table.to_pylist()
    random.Random(0).shuffle(rows)
    contents = Contents(source, codecs, "image")
    for row in rows[::3]:
        contents.read(row)
    with_jumps = sorted(rows[1::3], key=lambda row: row["uri"])
    for row in with_jumps:
        contents.read(row)


def test_a_frame_knows_its_video_its_time_and_its_neighbours(codecs: Path) -> None:
    rows = [row for row in _rows(codecs, every_seconds=1.5) if row["video"] == "open_gop.mp4"]
    assert [(row["uri"], row["frame"], row["time_s"]) for row in rows] == [
        ("open_gop.mp4#frame=0000000", 0, 0.0),
        ("open_gop.mp4#frame=0000015", 15, 1.5),
        ("open_gop.mp4#frame=0000030", 30, 3.0),
    ]
    first, middle, last = rows
    assert first["previous_id"] is None and last["next_uri"] is None
    assert (middle["previous_uri"], middle["previous_id"]) == (first["uri"], first["sample_id"])
    assert (middle["next_uri"], middle["next_id"]) == (last["uri"], last["sample_id"])
    assert middle["frame_rate"] == 10 and (middle["width_px"], middle["height_px"]) == (64, 48)


def test_two_ways_to_choose_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="every_seconds and scene_change are given, and each says which frames"):
        Source(kind="video", path=".", every_seconds=1, scene_change=0.2)


def test_a_scene_is_one_frame_and_a_still_shot_has_no_other(tmp_path: Path) -> None:
    scenes = [texture(48, 64, seed=seed) for seed in range(3)]
    write_video(tmp_path / "cuts.mp4", [scene for scene in scenes for _ in range(12)])
    assert [row["frame"] for row in _rows(tmp_path, scene_change=0.1)] == [0, 12, 24]
    assert [row["frame"] for row in _rows(tmp_path, scene_change=0.1, scene_gap_s=2)] == [0, 24]


def test_a_frame_is_upright_and_its_pixels_are_square(tmp_path: Path) -> None:
    image = np.zeros((32, 64, 3), np.uint8)
    image[:16, :32] = (250, 0, 0)
    path = write_video(tmp_path / "turned.mp4", [image] * 3, sample_aspect_ratio=Fraction(2, 1))
    content = path.read_bytes()
    # The matrix of the track's header: a quarter to the right, as a telephone held upright writes it.
    at = content.index(b"tkhd") + 4 + 40
    matrix = b"".join(n.to_bytes(4, "big", signed=True) for n in (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))
    path.write_bytes(content[:at] + matrix + content[at + MATRIX_BYTES :])
    source, table = _read(tmp_path)
    (row,) = table.to_pylist()
    assert (row["width_px"], row["height_px"]) == (32, 128)
    header, pixels = Contents(source, tmp_path, "image").read(row).split(b"255\n", 1)
    picture = np.frombuffer(pixels, np.uint8).reshape(128, 32, 3)
    assert header == b"P6\n32 128\n"
    assert picture[:60, 20:, 0].mean() > 200 and picture[:60, :12, 0].mean() < 40


def test_the_frames_before_damage_are_samples_and_one_row_names_the_file(one: bytes, tmp_path: Path) -> None:
    (tmp_path / "cut.mkv").write_bytes(one[: len(one) * 2 // 3])
    rows = _rows(tmp_path, frames_per_second=10)
    broken = [row for row in rows if row["error"]]
    assert 5 < len(rows) - 1 < 33 and [row["uri"] for row in broken] == ["cut.mkv"]
    assert broken[0]["error"].startswith("breaks off after frame ")


def _refused(folder: Path, **options: Any) -> str:
    (row,) = _rows(folder, **options)
    assert not row["is_readable"] and "#" not in row["uri"]
    return str(row["error"])


def test_what_is_no_video_says_so(one: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    for content in (b"", b"no video at all\n" * 50, one[:40], b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"):
        path.write_bytes(content)
        assert _refused(tmp_path).startswith("is no video that can be opened")


def test_a_wrong_ending_does_not_matter_and_sound_alone_is_no_video(one: bytes, tmp_path: Path) -> None:
    import av

    (tmp_path / "really_mkv.avi").write_bytes(one)
    assert len(_rows(tmp_path)) == 4
    (tmp_path / "really_mkv.avi").unlink()
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert _refused(tmp_path) == "holds no video stream, only audio; take it out of the source"


def test_an_encrypted_video_says_so(tmp_path: Path) -> None:
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "1" * 32, "encryption_kid": "2" * 32}
    write_video(tmp_path / "locked.mp4", moving(3), container=key)
    assert _refused(tmp_path).startswith("is encrypted")


def test_limits_are_named_with_what_exceeds_them(one: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(one)
    assert "has frames of 64 x 48 px, source.max_pixels is 1,000" in _refused(tmp_path, max_pixels=1000)
    assert "has 3 s, source.max_video_s is 2" in _refused(tmp_path, max_video_s=2)
    *kept, stopped = sorted(_rows(tmp_path, max_frames=2), key=lambda row: row["is_readable"], reverse=True)
    assert [row["frame"] for row in kept] == [0, 10] and kept[1]["next_id"] is None
    assert "has more frames than source.max_frames, 2; what comes from frame 20 at 2.00 s on" in stopped["error"]


def test_a_reader_that_is_stopped_costs_the_rest_of_its_file_only(
    one: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data_engine_tests.support import dying_video

    monkeypatch.setattr(reading, "read_frames", dying_video.read_frames)
    (tmp_path / "a.mkv").write_bytes(one)
    rows = _rows(tmp_path)
    assert [row["is_readable"] for row in rows] == [False, True]
    assert rows[0]["error"].startswith("breaks off after frame 0 at 0.00 s (the reader was killed by signal 9")


def test_a_video_that_changed_is_not_taken_for_the_one_indexed(one: bytes, tmp_path: Path) -> None:
    from data_engine.errors import ContentMissing

    (tmp_path / "a.mkv").write_bytes(one)
    source, table = _read(tmp_path)
    write_video(tmp_path / "a.mkv", moving(33, seed=5))
    with pytest.raises(ContentMissing, match="has changed since it was indexed"):
        Contents(source, tmp_path, "image").read(table.to_pylist()[1])
