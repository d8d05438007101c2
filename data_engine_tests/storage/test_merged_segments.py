from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flipped_bits import flip_a_bit

from data_engine.storage import Segment, SketchIndex, ids_as_numbers, merged_segments
from data_engine.storage.merged_segments import AcceptedSegment, accepted_segments

N_BANDS, WIDTH = 3, 4


class Corpus:
    """Batches of five samples each, of which every fourth has no sketch and some keys are shared by many."""

    def __init__(self, folder: Path) -> None:
        self.index, self.written = SketchIndex(folder), list[str]()
        self.versions: dict[str, str] = {}

    def add(self, *batches: str, version: str = "1") -> None:
        self.versions |= dict.fromkeys(batches, version)

    def samples(self, batch: str) -> list[tuple[str, bytes | None, list[int]]]:
        """Id, sketch and keys of the samples of a batch in its version."""
        draw = np.random.default_rng([*batch.encode(), *self.versions[batch].encode()])
        found = []
        for number in range(5):
            sketch = None if number == 3 else draw.bytes(WIDTH)
            found.append((draw.bytes(16).hex(), sketch, draw.integers(0, 9, N_BANDS).tolist()))
        return found

    def of_batch(self, batch: str) -> Segment:
        version = self.versions[batch]
        found = self.index.open(batch, version)
        if found is not None:
            return found
        self.written.append(batch)
        samples = self.samples(batch)
        there = [number for number, (_, sketch, _) in enumerate(samples) if sketch is not None]
        return self.index.write(
            batch,
            version,
            sample_ids=[sample_id for sample_id, _, _ in samples],
            sketches=np.array([list(sketch or bytes(WIDTH)) for _, sketch, _ in samples], np.uint8),
            keys=np.array([samples[number][2] for number in there], np.uint64).T.copy(),
            rows=np.array(there),
        )

    def segments(self, without: str = "") -> list[AcceptedSegment]:
        versions = {batch: version for batch, version in self.versions.items() if batch != without}
        return accepted_segments(self.index, versions, self.of_batch)

    def expected(self, without: str = "") -> set[tuple[str, str, bytes | None]]:
        return {
            (batch, sample_id, sketch)
            for batch in self.versions
            if batch != without
            for sample_id, sketch, _ in self.samples(batch)
        }

    def with_key(self, band: int, key: int) -> set[tuple[str, str]]:
        return {
            (batch, sample_id)
            for batch in self.versions
            for sample_id, sketch, keys in self.samples(batch)
            if sketch is not None and keys[band] == key
        }

    def merged(self) -> list[Path]:
        return sorted(self.index.folder.glob("*.merged"))


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setattr(merged_segments, "FEW_SEGMENTS", 3)
    return Corpus(tmp_path / "accepted")


def all_of(segments: list[AcceptedSegment]) -> list[tuple[str, str, bytes | None]]:
    found = []
    for part in segments:
        for batch, rows in part.by_batch(np.arange(len(part.segment))):
            ids, sketches = part.segment.sample_ids(rows), part.segment.sketch_bytes(rows)
            found += [(batch, sample_id, sketch) for sample_id, sketch in zip(ids, sketches, strict=True)]
    return found


def test_few_segments_are_read_side_by_side_and_many_are_merged(corpus: Corpus) -> None:
    corpus.add("a", "b", "c")
    assert len(corpus.segments()) == 3
    assert not corpus.merged()
    corpus.add("d")
    found = corpus.segments()
    assert [part.batches for part in found] == [("a", "b", "c", "d")]
    assert set(all_of(found)) == corpus.expected()
    assert len(all_of(found)) == 20
    assert [path.suffix for path in corpus.index.folder.iterdir()] == [".merged"]


def test_of_any_number_of_batches_every_sample_is_there_once_with_its_keys(corpus: Corpus) -> None:
    for number in range(40):
        corpus.add(f"{number:02}")
        found = corpus.segments()
        assert len(found) <= 3 + 5
    assert len(all_of(found)) == 200
    assert set(all_of(found)) == corpus.expected()
    assert corpus.written == sorted(corpus.versions)
    for band in range(N_BANDS):
        keys = np.array([[99]] * N_BANDS, np.uint64)
        keys[band] = 4
        hits = [
            (batch, sample_id)
            for part in found
            for batch, rows in part.by_batch(part.segment.rows_of_keys(keys))
            for sample_id in part.segment.sample_ids(rows)
        ]
        assert len(hits) == len(set(hits))
        assert set(hits) == corpus.with_key(band, 4)
    wanted = ids_as_numbers([sample_id for _, sample_id, _ in corpus.expected()][:7])
    assert sum(len(part.segment.rows_of_ids(wanted)) for part in found) == 7


def test_a_batch_that_is_left_out_or_has_a_new_version_is_none_of_the_answer(corpus: Corpus) -> None:
    corpus.add("a", "b", "c", "d")
    corpus.segments()
    assert set(all_of(corpus.segments(without="b"))) == corpus.expected(without="b")
    assert corpus.written == ["a", "b", "c", "d"]
    corpus.add("b", version="2")
    assert set(all_of(corpus.segments())) == corpus.expected()
    assert corpus.written == ["a", "b", "c", "d", "b"]


def test_merged_segments_all_of_whose_batches_are_replaced_go(corpus: Corpus) -> None:
    corpus.add("a", "b", "c", "d")
    corpus.segments()
    (before,) = corpus.merged()
    corpus.add("a", "b", "c", "d", version="2")
    assert set(all_of(corpus.segments())) == corpus.expected()
    assert len(corpus.merged()) == 1
    assert not before.exists()


@pytest.mark.parametrize("place", [lambda size: 200, lambda size: size // 2, lambda size: size - 3])
def test_a_damaged_one_is_made_anew(
    corpus: Corpus, place: Callable[[int], int], caplog: pytest.LogCaptureFixture
) -> None:
    corpus.add("a", "b", "c", "d")
    corpus.segments()
    flip_a_bit(corpus.merged()[0], place)
    assert set(all_of(corpus.segments())) == corpus.expected()
    assert "is damaged and is made anew" in caplog.text


def test_a_batch_that_leaves_takes_what_it_was_merged_into_along(corpus: Corpus) -> None:
    corpus.add("a", "b", "c", "d")
    corpus.segments()
    corpus.index.forget("b")
    assert not corpus.merged()
    corpus.versions.pop("b")
    assert set(all_of(corpus.segments())) == corpus.expected()


def test_segments_that_are_too_large_together_stay_apart(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merged_segments, "_MOST_SAMPLES", 10)
    corpus.add(*"abcdefgh")
    found = corpus.segments()
    assert [len(part.segment) for part in found] == [10, 10, 10, 10]
    assert set(all_of(found)) == corpus.expected()
    assert len(corpus.segments()) == 4


def test_what_an_older_engine_left_is_used_as_it_is(corpus: Corpus) -> None:
    """Segments of single batches are all that there was; none of them is written anew."""
    corpus.add(*"abcdef")
    for batch in corpus.versions:
        corpus.of_batch(batch)
    corpus.written.clear()
    assert set(all_of(corpus.segments())) == corpus.expected()
    assert corpus.written == []
