"""Sounds: reading beside soundfile alone, near-duplicates after changes, and the encoder without weights.

    python benchmarks/audio.py [--write] [--sounds 20] [--seconds 600]

All sounds are made by a seed (`data_engine_tests/support/made_sounds.py`): like speech, melodies, hums, noise, rhythms
and chirps; nobody recorded them. *Found*: changed sounds whose similarity to their own reaches the default limit, and
that share a key with it, so that they are compared at all. *Others*: the highest similarity to any other sound.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile
from results import append_results

from data_engine.duplicates.sounds.similarity import keys, similarity
from data_engine.embedding import load_encoder
from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches, Source
from data_engine.modalities import find_modality
from data_engine.sound.clip import Clip, to_samples
from data_engine.sound.landmarks import SKETCH_BYTES, sketch_of
from data_engine.sound.measures import measures_of
from data_engine_tests.support.made_sounds import CHANGES, KINDS, RATE_HZ, Values, as_mp3, made, written

Lines = Iterator[str]
LIMIT = find_modality("audio").defaults["first_pass"]["near_duplicate_similarity"]
FORMS: dict[str, Callable[[Values], bytes]] = {
    "WAV": written,
    "FLAC": lambda values: written(values, form="FLAC"),
    "OGG Vorbis": lambda values: written(values, form="OGG"),
    "MP3 64 kbit/s": lambda values: as_mp3(values, 64),
}


def clip_of(values: Values) -> Clip:
    return Clip(to_samples(values)[:, None], RATE_HZ)


def sketch(values: Values) -> np.ndarray:
    return np.frombuffer(sketch_of(clip_of(values)).ljust(SKETCH_BYTES, b"\xff"), np.uint8)


def reading(seconds: float) -> Lines:
    """Clips of 10 s a second: soundfile decodes, the engine also hashes, draws and writes rows."""
    long = np.concatenate([made(kind, seed, 10.0) for seed in range(max(1, round(seconds / 60))) for kind in KINDS])
    n_clips = round(len(long) / RATE_HZ / 10)
    yield "Clips of 10 s a second; the engine also hashes, draws and writes rows, in a process of its own:"
    yield ""
    yield "| format | soundfile alone | the engine | share of the time that decoding takes |"
    yield "|---|---|---|---|"
    for name, form in FORMS.items():
        content = form(long)
        start = time.perf_counter()
        soundfile.read(io.BytesIO(content), dtype="float32")
        bare = time.perf_counter() - start
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "sound").write_bytes(content)
            source = Source(kind="audio", path=folder)
            (files,) = list_batches(source, Batches(), Path(folder)).values()
            read_batch(source, files, batch="b", modality="audio")
            start = time.perf_counter()
            rows = read_batch(source, files, batch="b", modality="audio")
            ours = time.perf_counter() - start
        if len(rows) != n_clips:
            raise SystemExit(f"{len(rows)} clips were read of {name}, {n_clips} were written")
        yield f"| {name} | {n_clips / bare:,.0f} | {n_clips / ours:,.0f} | {bare / ours:.0%} |"
    yield ""


def duplicates(n_sounds: int) -> Lines:
    sounds = {(kind, seed): made(kind, seed) for kind in KINDS for seed in range(n_sounds)}
    sketches = np.stack([sketch(values) for values in sounds.values()])
    own_keys = keys(sketches)
    yield f"{len(sounds)} sounds of 5 s, each after each change, compared with all of them; limit {LIMIT:g}:"
    yield ""
    yield "| change | found | lowest similarity | a tenth is below | others |"
    yield "|---|---|---|---|---|"
    n_found = n_wrong = n_changed = 0
    for name, change in CHANGES.items():
        changed = np.stack([sketch(change(values)) for values in sounds.values()])
        is_compared = (keys(changed) == own_keys).any(axis=0)
        alike = np.stack([similarity(one, sketches) for one in changed])
        own = alike.diagonal().copy()
        np.fill_diagonal(alike, 0)
        is_found = is_compared & (own >= LIMIT)
        n_found, n_changed = n_found + int(is_found.sum()), n_changed + len(own)
        n_wrong += int((alike >= LIMIT).sum())
        yield (
            f"| {name} | {is_found.mean():.1%} | {own.min():.2f} | {np.quantile(own, 0.1):.2f} | {alike.max():.3f} |"
        )
    yield ""
    among = np.stack([similarity(one, sketches) for one in sketches])
    np.fill_diagonal(among, 0)
    shared = sum(int((own_keys == own_keys[:, [number]]).any(axis=0).sum()) - 1 for number in range(len(sounds)))
    yield (
        f"Of {n_changed:,} changed sounds {n_found:,} are found (recall {n_found / n_changed:.3f}); of "
        f"{n_changed * (len(sounds) - 1):,} pairs of different sounds {n_wrong:,} reach the limit (precision "
        f"{n_found / max(1, n_found + n_wrong):.3f}). Among the sounds themselves the highest similarity is "
        f"{among.max():.3f}, and each is compared with {shared / len(sounds):.1f} others."
    )
    yield ""


def speeds(n_sounds: int) -> Lines:
    """What is computed of a clip, in milliseconds."""
    kinds = [kind for _ in range(n_sounds) for kind in KINDS]
    clips = [clip_of(made(kind, number, 10.0)) for number, kind in enumerate(kinds)]
    encoder = load_encoder("log-mel-statistics")
    work: dict[str, Callable[[], object]] = {
        "measures of the rules": lambda: [measures_of(clip) for clip in clips],
        "landmarks": lambda: [sketch_of(clip) for clip in clips],
        "log-mel-statistics": lambda: encoder.encode(clips),
    }
    yield "| of a clip of 10 s | clips a second |"
    yield "|---|---|"
    for name, run in work.items():
        start = time.perf_counter()
        run()
        yield f"| {name} | {len(clips) / (time.perf_counter() - start):,.0f} |"
    rows = encoder.encode(clips)
    alike = rows @ rows.T
    np.fill_diagonal(alike, -1)
    same = np.mean([kinds[number] == kinds[nearest] for number, nearest in enumerate(alike.argmax(axis=1))])
    yield ""
    yield f"By log-mel-statistics the nearest sound is of the same of the six kinds for {same:.0%} of {len(clips)}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--sounds", type=int, default=20, help="of each of the six kinds")
    parser.add_argument("--seconds", type=float, default=600, help="of the sound that is read")
    options = parser.parse_args()
    lines = []
    parts = reading(options.seconds), duplicates(options.sounds), speeds(max(1, options.sounds // 4))
    for line in chain.from_iterable(parts):
        print(line, flush=True)
        lines.append(line)
    if options.write:
        append_results("Sounds", "\n".join(lines), packages=("soundfile", "soxr"))


if __name__ == "__main__":
    main()
