"""Pairs of images and captions: samples per second of each step, and which near-duplicates are found.

    python benchmarks/pairs.py [--write] [--pairs 1000]

Images are smooth random patterns of 320 x 240 pixels, captions sentences of 12 to 18 random words. To them come copies
that have to be found (the image as a JPEG or 2 shades brighter, the caption with a full stop or another case), and
pairs that must stay: the same image with another caption, the same caption with another image, and the same image with
another number in the caption. The speed of pairs is held against that of the same images and the same texts as corpora
of their own, timed in the same process.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data_engine.corpus import Corpus
from data_engine.modalities import find_modality
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import execute

STEPS = ("raw_index", "first_pass", "embeddings")
#: What a planted pair is; the first two have to be found.
COPIES = ("image as JPEG, caption with a full stop", "image 2 shades brighter, caption in another case")
OTHERS = ("same image, another caption", "same caption, another image", "same image, another number in the caption")
_PLANTED_SHARE = 20


def _image(number: int) -> Image.Image:
    coarse = np.random.default_rng(number).integers(20, 235, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC)


def _caption(number: int) -> str:
    random = np.random.default_rng([7, number])
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(random.choice(list(letters), random.integers(2, 9))) for _ in range(random.integers(12, 19))]
    return f"{' '.join(words)} number {random.integers(100, 1000)}"


def write_pairs(folder: Path, n_pairs: int) -> dict[str, str]:
    """Write images and rows; gives what each planted row is, by its name."""
    rows, planted = [], {}
    for number in range(n_pairs):
        image, caption = _image(number), _caption(number)
        _add(folder, rows, f"{number:06d}.png", image, caption)
        if number % _PLANTED_SHARE:
            continue
        brighter = Image.fromarray(np.minimum(np.asarray(image), 253) + np.uint8(2))
        other, words = _caption(n_pairs + number), caption.split()
        variants = (
            (COPIES[0], "jpg", image, f"{caption}."),
            (COPIES[1], "png", brighter, caption.capitalize()),
            (OTHERS[0], "png", image, other),
            (OTHERS[1], "png", _image(n_pairs + number), caption),
            (OTHERS[2], "png", image, " ".join([*words[:-1], str(int(words[-1]) + 1)])),
        )
        for kind, (what, ending, drawn, said) in enumerate(variants):
            name = f"{number:06d}_{kind}.{ending}"
            planted[name] = what
            _add(folder, rows, name, drawn, said)
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return planted


def _add(folder: Path, rows: list[dict[str, str]], name: str, image: Image.Image, caption: str) -> None:
    image.save(folder / name, **({"quality": 90} if name.endswith("jpg") else {}))
    rows.append({"file": name, "text": caption})


def timed(folder: Path, modality: str) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Seconds of each step of the rows as a corpus of a modality, and its verdicts with the name of the image."""
    columns = {} if modality == "text" else {"path_column": "file"}
    source = {"kind": "jsonl", "path": str(folder), "pattern": "*.jsonl", **columns}
    described = {"name": modality, "modality": modality, "source": source, "subset": {"target_size": 10}}
    encoder = find_modality(modality).without_weights
    corpus = Corpus.model_validate({**described, "encoder": encoder})
    runtime, seconds = CorpusRuntime(corpus, folder / modality), {}
    for step in STEPS:
        start = time.perf_counter()
        execute(runtime, step, "top", run_id="timed")
        seconds[step] = time.perf_counter() - start
    raw = runtime.store().read("raw_index", columns=["uri", "metadata", "text"])
    verdicts = runtime.store().read("first_pass", columns=["uri", "verdict", "reason"])
    file_of = {row["uri"]: json.loads(row["metadata"])["file"] for row in raw.to_pylist()}
    return seconds, [{**row, "file": file_of[row["uri"]]} for row in verdicts.to_pylist()]


def measured(folder: Path, n_pairs: int) -> Iterator[str]:
    """The lines of the section."""
    planted = write_pairs(folder, n_pairs)
    n_rows = n_pairs + len(planted)
    # What is compiled or imported at its first use counts for none of them.
    (folder / "warm").mkdir()
    write_pairs(folder / "warm", 20)
    for modality in ("text", "image", "image_text"):
        timed(folder / "warm", modality)
    found = {modality: timed(folder, modality) for modality in ("text", "image", "image_text")}
    dropped = Counter(planted.get(row["file"], "a pair of its own") for row in found["image_text"][1] if _is_near(row))
    n_planted = Counter(planted.values())
    yield f"{n_rows:,} pairs, of which {len(planted):,} are planted; encoders without weights.\n"
    yield "| step | pairs per second | seconds against those of its images and its texts together |"
    yield "|---|---|---|"
    for step in STEPS:
        alone = found["text"][0][step] + found["image"][0][step]
        seconds = found["image_text"][0][step]
        yield f"| {step} | {n_rows / seconds:,.0f} | {seconds / alone:.2f} |"
    yield "\n| planted pair | how many | dropped as near-duplicate |"
    yield "|---|---|---|"
    for what in (*COPIES, *OTHERS):
        yield f"| {what} | {n_planted[what]:,} | {dropped[what]:,} |"
    yield f"| none: a pair of its own | {n_pairs:,} | {dropped['a pair of its own']:,} |"


def _is_near(row: dict[str, Any]) -> bool:
    return bool(row["reason"] in ("near_duplicate", "exact_duplicate"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the tables into benchmarks/RESULTS.md")
    parser.add_argument("--pairs", type=int, default=1000, help="pairs before those that are planted")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = list(measured(Path(folder), arguments.pairs))
    print("\n".join(lines))
    if arguments.write:
        from results import append_results

        append_results("Pairs of images and captions", "\n".join(lines))


if __name__ == "__main__":
    main()
