"""Ten sounds for the contract of all modalities, and files that are no sounds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_sounds import RATE_HZ, as_mp3, made, written

from data_engine.corpus import Corpus
from data_engine.corpus import kinds as corpus_kinds

KINDS = ("melody", "speech", "chirps", "rhythm", "noise")


def write_samples(folder: Path) -> dict[str, Any]:
    """Ten samples, of which the last nearly repeats the first; gives what the corpus' description says of them."""
    for number in range(9):
        (folder / f"{number}.wav").write_bytes(written(made(KINDS[number % 5], number, 2.0)))
    (folder / "9.mp3").write_bytes(as_mp3(made("melody", 0, 2.0)[500:] / 2, 64))
    return {"source": {"kind": "audio", "path": str(folder), "clip_s": 3.0, "max_sample_bytes": 150_000}}


def write_bad(folder: Path) -> None:
    """Files that cannot be read: cut, a text under a wrong ending, and one with too many channels."""
    whole = written(made("speech", 1, 2.0), form="OGG")
    (folder / "bad_cut.ogg").write_bytes(whole[: len(whole) // 2])
    (folder / "bad_ending.mp3").write_text("no sound", "utf-8")
    (folder / "bad_size.wav").write_bytes(written(np.zeros((RATE_HZ // 4, 64), np.float32)))


def test_the_last_sound_is_another_file_of_nearly_the_first(tmp_path: Path) -> None:
    write_samples(tmp_path)
    assert (tmp_path / "9.mp3").stat().st_size < (tmp_path / "0.wav").stat().st_size / 3


def test_without_the_extra_a_description_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_kinds, "find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"modality audio needs soundfile and soxr, .*'data-engine\[audio\]'"):
        Corpus.model_validate(
            {"name": "a", "modality": "audio", "source": {"kind": "folder", "path": "."}, "subset": {"target_size": 9}}
        )
