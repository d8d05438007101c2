"""Images: near-duplicates beside plain decoding and imagehash, embedding beside torch's default, a whole folder.

    IMAGES=FOLDER python benchmarks/images.py [--write] [--images 1000] [--rounds 3]

FOLDER (or the first argument) holds JPEGs in any folders below it; without one, the images are crops of the three
photos that scikit-learn and matplotlib carry.

Near-duplicates: of one in five images, copies are planted: stored again at quality 40, at half the size, without
2 % and without 5 % of each border. A planted copy counts as found when it is dropped and its original is the twin that
is named; any other pair that is named counts against the precision, although some are true duplicates of the folder.
imagehash (BSD-2-Clause; it needs the extra `runtime`) compares all pairs of its hashes; its distances are the largest
ones that its users commonly take for the same image.

The first pass is all that happens to an image there: decoding, sketch, every rule, search for duplicates. Plain
decoding is Pillow alone, on as many threads, of the same bytes to RGB. Both are measured on the images as they are,
and enlarged to the sizes of web pages and of phones.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from data_engine.corpus import FirstPass
from data_engine.duplicates.images.search import find_image_twins
from data_engine.embedding.efficientnet import central_pixels, feature_network, load_efficientnet, weights_file
from data_engine.filtering import first_pass, limits_of
from data_engine.filtering.rules.media.image_look import LOOK_PX, look_at
from data_engine.images import decode_each, shrunk
from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches, Source

DECODING_GOAL, EMBEDDING_GOAL, N_EMBEDDED = 0.8, 12.0, 192
#: Longer sides of images on web pages, and as phones store them.
ENLARGED_PX, N_ENLARGED = (640, 1920), 120
#: Hamming distances of 64-bit hashes that count as the same image.
PEERS: dict[str, tuple[Callable[[Image.Image], Any], int]] = {
    "imagehash dhash, distance <= 7": (imagehash.dhash, 7),
    "imagehash phash, distance <= 8": (imagehash.phash, 8),
}
Lines = Iterator[str]
Twins = list[int | None]


@dataclass(frozen=True)
class Planted:
    """Images, the first of which are originals; then copies, each with the row of its original and its kind."""

    contents: list[bytes]
    n_originals: int
    original_of: list[int]
    kind_of: list[str]


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Lines:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    yield from ("| " + " | ".join(map(str, row)) + " |" for row in rows)
    yield ""


def jpeg(image: Image.Image, quality: int = 85) -> bytes:
    written = BytesIO()
    image.save(written, "JPEG", quality=quality)
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content)).convert("RGB")


def enlarged(content: bytes, longer_px: int) -> bytes:
    image = opened(content)
    factor = longer_px / max(image.size)
    return jpeg(image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC))


def contents_of(folder: Path | None, n: int, rng: np.random.Generator) -> list[bytes]:
    """Up to n JPEGs of the folder, drawn at random; crops of photos where there is no folder."""
    if folder is None:
        return crops(n, rng)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    chosen = sorted(rng.choice(len(files), min(n, len(files)), replace=False).tolist())
    return [files[number].read_bytes() for number in chosen]


def crops(n: int, rng: np.random.Generator) -> list[bytes]:
    import matplotlib
    from sklearn.datasets import load_sample_images

    photos = [Image.fromarray(pixels) for pixels in load_sample_images().images]
    photos.append(Image.open(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB"))
    found = []
    for _ in range(n):
        photo = photos[int(rng.integers(len(photos)))]
        side = int(rng.integers(60, 160))
        left, top = int(rng.integers(photo.width - side)), int(rng.integers(photo.height - side))
        found.append(jpeg(photo.crop((left, top, left + side, top + side)).resize((240, 240))))
    return found


def without_border(image: Image.Image, share: float) -> Image.Image:
    across, down = round(image.width * share), round(image.height * share)
    return image.crop((across, down, image.width - across, image.height - down))


COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "quality 40": lambda image: jpeg(image, 40),
    "half the size": lambda image: jpeg(image.resize((image.width // 2, image.height // 2))),
    "cropped by 2 %": lambda image: jpeg(without_border(image, 0.02)),
    "cropped by 5 %": lambda image: jpeg(without_border(image, 0.05)),
}


def planted(originals: list[bytes], rng: np.random.Generator) -> Planted:
    sources = rng.choice(len(originals), len(originals) // 5, replace=False).tolist()
    pairs = [(source, kind) for kind in COPIES for source in sources]
    copies = [COPIES[kind](opened(originals[source])) for source, kind in pairs]
    return Planted([*originals, *copies], len(originals), [s for s, _ in pairs], [k for _, k in pairs])


def our_twins(contents: list[bytes], threshold: float) -> Twins:
    looks = decode_each(
        ((None, content) for content in contents), lambda _, found: look_at(found), longer_at_least_px=LOOK_PX
    )
    twins = find_image_twins([look.sketch for look in looks if look is not None], threshold=threshold)
    return [None if twin is None else twin.row for twin in twins]


def peer_twins(contents: list[bytes], hashed: Callable[[Image.Image], Any], most: int) -> Twins:
    """The first kept image within the distance; hashes are compared with all before them."""
    hashes = [np.packbits(hashed(opened(content)).hash).view(np.uint64)[0] for content in contents]
    rows = np.array(hashes, dtype=np.uint64)
    is_kept, twins = np.ones(len(rows), bool), []
    for number in range(len(rows)):
        distance = np.bitwise_count(rows[:number] ^ rows[number]).astype(np.int64)
        distance[~is_kept[:number]] = 65
        best = int(distance.argmin()) if number else 0
        is_twin = bool(number) and distance[best] <= most
        is_kept[number] = not is_twin
        twins.append(best if is_twin else None)
    return twins


def found_shares(data: Planted, twins: Twins) -> tuple[dict[str, float], float, int]:
    """Recall by kind of copy, precision over all pairs that are named, and pairs among the originals themselves."""
    # An original that is itself dropped stands for its own twin.
    stands_for = [twins[row] if twins[row] is not None else row for row in range(data.n_originals)]
    is_found = [twins[data.n_originals + place] == stands_for[source] for place, source in enumerate(data.original_of)]
    n_of, n_found = Counter(data.kind_of), Counter(k for k, yes in zip(data.kind_of, is_found, strict=True) if yes)
    n_named = sum(twin is not None for twin in twins)
    among = sum(twin is not None for twin in twins[: data.n_originals])
    return {kind: n_found[kind] / n_of[kind] for kind in COPIES}, sum(is_found) / max(n_named, 1), among


def duplicates(originals: list[bytes], threshold: float, rng: np.random.Generator) -> Lines:
    data = planted(originals, rng)
    ways: dict[str, Callable[[], Twins]] = {"ours": lambda: our_twins(data.contents, threshold)}
    for name, (hashed, most) in PEERS.items():
        ways[name] = lambda hashed=hashed, most=most: peer_twins(data.contents, hashed, most)
    rows = []
    for name, find in ways.items():
        start = time.perf_counter()
        twins = find()
        seconds = time.perf_counter() - start
        recall, precision, among = found_shares(data, twins)
        shares = [f"{recall[kind]:.3f}" for kind in COPIES]
        rows.append((name, f"{len(data.contents) / seconds:,.0f}", *shares, f"{precision:.3f}", among))
    n_copies = len(data.original_of)
    yield f"{len(originals):,} images and {n_copies:,} planted copies; ours at similarity {threshold:g}.\n"
    header = ("near-duplicates by", "images/s", *(f"recall, {kind}" for kind in COPIES), "precision")
    yield from table((*header, "pairs among the originals"), rows)


def best_seconds(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least seconds of each call; they take turns, so that a slow minute of the machine is everybody's."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: min(some) for name, some in seconds.items()}


def raw_of(contents: list[bytes]) -> pa.Table:
    n = len(contents)
    names = [f"{number:08d}" for number in range(n)]
    columns = {"sample_id": names, "uri": names, "text": pa.nulls(n, pa.string()), "is_readable": [True] * n}
    sides = {"width_px": [LOOK_PX] * n, "height_px": [LOOK_PX] * n}
    return pa.table({**columns, **sides})


def whole_pass(contents: list[bytes], rules: FirstPass) -> pa.Table:
    """The first pass over images at hand, as its step calls it."""

    def read(raw: pa.Table) -> Iterator[Any]:
        items = ((None, contents[int(uri)]) for uri in raw["uri"].to_pylist())
        return decode_each(items, lambda _, found: look_at(found), longer_at_least_px=LOOK_PX)

    nobody = pa.table({name: pa.array([], kind) for name, kind in _ACCEPTED.items()})
    return first_pass(
        raw_of(contents),
        limits_of("image"),
        batch="b",
        accepted=nobody,
        text_of=lambda _: [],
        near_duplicate_similarity=rules.similarity_of("image"),
        modality="image",
        read=read,
    )


_ACCEPTED = {"sample_id": pa.string(), "minhash": pa.binary()}


def plainly(contents: list[bytes]) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for image in pool.map(lambda content: opened(content).size, contents):
            assert image


def decoding(contents: list[bytes], rules: FirstPass, rounds: int) -> Lines:
    sets = {"as they are": contents}
    for longer_px in ENLARGED_PX:
        sets[f"of {longer_px:,} px"] = [enlarged(content, longer_px) for content in contents[:N_ENLARGED]]
    rows, ratios = [], {}
    for name, some in sets.items():
        seconds = best_seconds(
            {"plain": lambda s=some: plainly(s), "pass": lambda s=some: whole_pass(s, rules)}, rounds
        )
        ratios[name] = seconds["plain"] / seconds["pass"]
        sizes = [max(opened(content).size) for content in some[:100]]
        rates = [f"{len(some) / seconds[way]:,.0f}" for way in ("plain", "pass")]
        rows.append((name, f"{len(some):,}", f"{np.median(sizes):,.0f}", *rates, f"{ratios[name]:.2f}"))
    yield from table(("images", "n", "longer side, px", "plain decoding, per s", "first pass, per s", "ratio"), rows)
    for name, ratio in ratios.items():
        said = "held" if ratio >= DECODING_GOAL else "missed"
        yield f"The goal of {DECODING_GOAL} of plain decoding is {said} for images {name}: {ratio:.2f}."
    yield ""


def torch_default(module: Any, images: Sequence[Image.Image], batch_size: int) -> NDArray[np.float32]:
    """The network as its package gives it: eager float32, a batch of planes of red, green and blue, on all cores."""
    import torch

    rows = []
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            pixels = np.stack([central_pixels(image) for image in images[start : start + batch_size]])
            planes = ((torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128).contiguous()
            pooled = module.network.extract_features(planes).mean((2, 3))
            rows.append(torch.nn.functional.normalize(pooled, dim=1).numpy())
    return np.concatenate(rows)


def embedding(contents: list[bytes], rounds: int) -> Lines:
    module = feature_network(weights_file())
    start = time.perf_counter()
    encoder = load_efficientnet()
    encoder.encode([Image.new("RGB", (256, 256))])
    first_use = time.perf_counter() - start
    fallback = load_efficientnet(engine="torch")
    images = [shrunk(opened(content), encoder.max_side_px) for content in contents[:N_EMBEDDED]]
    few = images[:32]
    calls: dict[str, tuple[list[Any], Callable[[list[Any]], NDArray[np.float32]]]] = {
        "torch, as the package gives it, batches of 32": (few, lambda some: torch_default(module, some, 32)),
        "torch, as the package gives it, one by one": (few, lambda some: torch_default(module, some, 1)),
        f"fallback: {fallback.version.split('-', 3)[-1]}": (few, fallback.encode),
        f"ours: {encoder.version.split('-', 3)[-1]}": (images, encoder.encode),
    }
    reference = torch_default(module, images, 1)
    found: dict[str, NDArray[np.float32]] = {}

    def embed(name: str) -> None:
        some, call = calls[name]
        found[name] = call(some)

    seconds = best_seconds({name: lambda name=name: embed(name) for name in calls}, rounds)
    cosines = {name: (rows * reference[: len(rows)]).sum(axis=1) for name, rows in found.items()}
    rates = {name: len(calls[name][0]) / seconds[name] for name in calls}
    base = next(iter(rates.values()))
    rows = [
        (name, f"{rate:,.0f}", f"{rate / base:.1f}", f"{cosines[name].mean():.5f}", f"{cosines[name].min():.5f}")
        for name, rate in rates.items()
    ]
    yield "EfficientNet-Lite0, pixels to unit rows, cropping and scaling included; x is to torch in batches of 32,"
    yield "the size that encoders take by default; cosine to float32.\n"
    yield from table(("engine", "images/s", "x", "cosine, mean", "cosine, least"), rows)
    times = list(rates.values())[-1] / base
    said = "held" if times >= EMBEDDING_GOAL else "missed"
    yield f"The goal of {EMBEDDING_GOAL:g} times torch's default is {said}: {times:.1f}."
    yield f"From loading to the first embedding: {first_use:.1f} s.\n"


def whole_folder(folder: Path, rules: FirstPass) -> Lines:
    """Raw index, first pass and embeddings of all images of a folder, as the steps call them."""
    source = Source(kind="folder", path=str(folder), pattern="**/*.jpg")
    start = time.perf_counter()
    batches = list_batches(source, Batches(by="hash", count=1), Path())
    raw = pa.concat_tables(read_batch(source, files, batch=b, modality="image") for b, files in batches.items())
    indexed = time.perf_counter()
    paths = {uri: folder / uri for uri in raw["uri"].to_pylist()}

    def read(rows: pa.Table) -> Iterator[Any]:
        items = ((None, paths[uri].read_bytes()) for uri in rows["uri"].to_pylist())
        return decode_each(items, lambda _, found: look_at(found), longer_at_least_px=LOOK_PX)

    nobody = pa.table({name: pa.array([], kind) for name, kind in _ACCEPTED.items()})
    judged = first_pass(
        raw,
        limits_of("image"),
        batch="b",
        accepted=nobody,
        text_of=lambda _: [],
        near_duplicate_similarity=rules.similarity_of("image"),
        modality="image",
        read=read,
    )
    passed = time.perf_counter()
    kept = [row["uri"] for row in judged.select(["uri", "verdict"]).to_pylist() if row["verdict"] == "kept"]
    encoder = load_efficientnet()
    for begin in range(0, len(kept), 512):
        some = ((None, paths[uri].read_bytes()) for uri in kept[begin : begin + 512])
        pixels = decode_each(
            some, lambda _, found: shrunk(found.image, encoder.max_side_px), at_least_px=encoder.max_side_px
        )
        encoder.encode(list(pixels))
    seconds = {"raw index": indexed - start, "first pass": passed - indexed, "embeddings": time.perf_counter() - passed}
    n_of = {"raw index": raw.num_rows, "first pass": raw.num_rows, "embeddings": len(kept)}
    yield f"All {raw.num_rows:,} images of the folder, from their files.\n"
    rows = [(name, f"{n_of[name]:,}", f"{s:.1f}", f"{n_of[name] / s:,.0f}") for name, s in seconds.items()]
    yield from table(("step", "images", "seconds", "images/s"), rows)
    reasons = Counter(judged["reason"].to_pylist())
    said = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in reasons.most_common())
    yield f"Verdicts: {said}.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given = os.environ.get("IMAGES")
    parser.add_argument("folder", type=Path, nargs="?", default=given, metavar="FOLDER")
    parser.add_argument("--images", type=int, default=1000, help="images among which copies are planted")
    parser.add_argument("--rounds", type=int, default=3, help="times that everything timed runs")
    parser.add_argument("--write", action="store_true", help="write the tables to benchmarks/RESULTS.md")
    arguments = parser.parse_args()

    rng, rules = np.random.default_rng(0), FirstPass()
    folder = Path(arguments.folder) if arguments.folder else None
    contents = contents_of(folder, arguments.images, rng)
    sections = {
        "Embedding of images": lambda: embedding(contents, arguments.rounds),
        "Near-duplicate images": lambda: duplicates(contents, rules.near_duplicate_image_similarity, rng),
        "First pass of images": lambda: decoding(contents, rules, arguments.rounds),
    }
    if folder is not None:
        sections["A folder of images"] = lambda: whole_folder(folder, rules)
    for title, measured in sections.items():
        text = "\n".join(measured())
        print(f"## {title}\n\n{text}", flush=True)
        if arguments.write:
            from results import append_results

            append_results(title, text)


if __name__ == "__main__":
    main()
