import gzip
from pathlib import Path

import pytest

from data_engine.errors import InvalidInput, SourceMissing
from data_engine.new_project.corpus_file import corpus_text, said_of
from data_engine.new_project.data_look import look_at


def _rows(n: int) -> str:
    return "id;text\n" + "".join(f"{number};some words about {number}\n" for number in range(n))


def test_a_packed_file_is_looked_at_like_any_other_and_its_rows_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(_rows(2_500).encode()))
    look = look_at(tmp_path / "a.csv.gz")
    assert (look.kind, look.n_samples, look.is_estimate, look.pattern) == ("csv", 2_500, False, "")
    assert (look.roles.text, look.roles.id) == ("text", "id")


def test_of_a_folder_the_commonest_kind_counts_and_the_rest_is_said(tmp_path: Path) -> None:
    for name in ("may", "june"):
        (tmp_path / f"{name}.csv").write_text(_rows(10), "utf-8")
    (tmp_path / "notes.txt").write_text("x", "utf-8")
    (tmp_path / ".hidden.csv").write_text("x", "utf-8")
    look = look_at(tmp_path)
    assert (look.kind, look.pattern, look.n_files, look.n_ignored) == ("csv", "**/*.csv", 2, 1)
    assert look.is_estimate
    assert look.n_samples == pytest.approx(20, abs=1)


def test_documents_and_the_texts_among_them_are_one_kind(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.html", "c.txt", "d.docx"):
        (tmp_path / name).write_text("x", "utf-8")
    look = look_at(tmp_path)
    assert (look.kind, look.modality, look.n_files, look.pattern) == ("documents", "text", 4, "**/*")


def test_a_folder_of_videos_is_one_of_frames(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.MOV", "c.webm", "poster.jpg"):
        (tmp_path / name).write_bytes(b"x")
    look = look_at(tmp_path)
    assert (look.kind, look.modality, look.n_files, look.n_ignored) == ("video", "image", 3, 1)
    said = corpus_text("clips", look, tmp_path)
    assert "kind: video" in said and "every_seconds: 1" in said and "batches: { by: file }" in said
    assert "target_size: 60" in said and said_of(look)[0].startswith("3 videos in 3 files")


def test_a_folder_of_sounds_is_cut_into_clips(tmp_path: Path) -> None:
    for name in ("birds/a.wav", "birds/b.flac", "rain/c.mp3", "rain/d.OGG"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", "utf-8")
    look = look_at(tmp_path)
    assert (look.kind, look.modality, look.n_files, look.classes) == ("audio", "audio", 4, ("birds", "rain"))
    text = corpus_text("sounds", look, tmp_path)
    assert "kind: audio" in text and "clip_s: 10  # seconds" in text and "encoder: log-mel-statistics" in text
    assert said_of(look)[0] == "4 sound files in 4 files, 4 bytes (audio, audio)"


def _captions(tmp_path: Path, ending: str) -> str:
    (tmp_path / f"0.{ending}").write_bytes(b"x")
    rows = [f"{n}.{ending},some words about {n},{'ab'[n % 2]}\n" for n in range(12)]
    (tmp_path / "rows.csv").write_text("path,caption,label\n" + "".join(rows), "utf-8")
    return corpus_text("shown", look_at(tmp_path / "rows.csv"), tmp_path)


def test_images_that_lie_beside_rows_with_texts_are_pairs_and_others_a_hint(tmp_path: Path) -> None:
    text = _captions(tmp_path, "png")
    assert "modality: image_text" in text and "path_column: path" in text and "text_column: caption" in text
    (tmp_path / "0.png").unlink()
    alone = corpus_text("shown", look_at(tmp_path / "rows.csv"), tmp_path)
    assert "modality: text" in alone and "path_column" not in alone
    assert "with images in path as pairs: `modality: image_text`, docs/pairs.md" in alone


def test_sounds_that_rows_name_are_samples_and_their_texts_metadata(tmp_path: Path) -> None:
    text = _captions(tmp_path, "wav")
    assert "modality: audio" in text and "path_column: path" in text and "text_column" not in text
    assert "guessed sound column: path" in said_of(look_at(tmp_path / "rows.csv"))
    for n in range(1, 3):
        (tmp_path / f"{n}.wav").write_bytes(b"x")
    said = said_of(look_at(tmp_path))
    assert said[-2:] == [
        "1 other file is not of this kind",
        f"if rows.csv holds rows about these files, give it instead: --from {tmp_path / 'rows.csv'}",
    ]


def test_files_beside_each_other_have_no_class_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("x", "utf-8")
    assert not look_at(tmp_path).has_class_folders
    with pytest.raises(InvalidInput, match="leave out --text and --label"):
        look_at(tmp_path, text="x")


def test_what_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match="check the path"):
        look_at(tmp_path / "absent")
    with pytest.raises(InvalidInput, match="is empty; put data there"):
        look_at(tmp_path)


def test_texts_about_the_data_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "README.txt").write_text("about", "utf-8")
    (tmp_path / "numbers.npy").write_bytes(b"x")
    with pytest.raises(InvalidInput, match=r"unknown kind \(\.npy\)"):
        look_at(tmp_path)
    (tmp_path / "letter.txt").write_text("dear", "utf-8")
    look = look_at(tmp_path)
    assert (look.modality, look.n_files, look.n_ignored) == ("text", 1, 2)
