"""Near-duplicates of texts: speed and recall by similarity, beside datasketch and rensa in the same process.

    python benchmarks/duplicates.py [--write] [--texts 20000] [--runs 3]

The goal: 100,000 texts a second from text to verified pairs, and 0.99 of the pairs at a similarity of 0.9 and above.

The texts are passages of licences and their notices from the package licensedcode-data. One in five is a copy of
another one in which words were replaced, dropped or put in, so that all similarities from 0.5 to 1 occur. Every
planted pair's similarity is known exactly; a pair counts as found when the search names the original as its twin, or
as met when the peer's index gives it as a candidate. Texts per second are of the whole way from text to answer. What
is compared is words and pairs of words, cut by the same rule for everybody; the peers do not verify what they
propose, ours does, and by characters too. Compiled code is loaded beforehand, as for any corpus of more than
20,000,000 characters; the seconds of that are told.
"""

import argparse
import importlib.util
import time
import timeit
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rensa
from datasketch import MinHash, MinHashLSH

from data_engine.duplicates.texts.bands import band_keys, bands_and_rows, colliding
from data_engine.duplicates.texts.minhash import Sketches
from data_engine.duplicates.texts.search import find_twins
from data_engine.duplicates.texts.shingles import Shingles, jaccard, similarity
from data_engine.duplicates.texts.tokens import Words

THRESHOLDS = (0.9, 0.8)
GOAL_TEXTS_PER_S, GOAL_RECALL, GOAL_SIMILARITY = 100_000, 0.99, 0.9
N_VALUES = 128
EDGES = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.96, 0.98, 1.0])
Lines = Iterator[str]
Pairs = set[tuple[int, int]]


@dataclass(frozen=True)
class Planted:
    """Texts, and pairs (original, copy) among them with their similarity."""

    texts: list[str]
    pairs: list[tuple[int, int]]
    similarity: np.ndarray
    by_words: np.ndarray


def passages(n_texts: int, n_words: int, rng: np.random.Generator) -> list[str]:
    """Different passages of about `n_words` words, none of which nearly repeats another."""
    spec = importlib.util.find_spec("licensedcode")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the texts come from the package licensedcode-data; install it with pip")
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    found: list[str] = []
    for path in sorted(folder.glob("*/*.LICENSE")) + sorted(folder.glob("*/*.RULE")):
        words = path.read_text("utf-8").split("\n---", 1)[-1].split()
        sizes = rng.integers(n_words // 2, 3 * n_words // 2, size=len(words) // n_words + 1)
        cuts = np.cumsum(sizes)
        found += [" ".join(part) for part in np.split(np.array(words, object), cuts[cuts < len(words)])]
    texts = [text for text in dict.fromkeys(found) if len(text.split()) >= n_words // 2]
    twins = find_twins(texts, Sketches.of(texts), threshold=0.4, accepted=Sketches.of([]), accepted_texts=lambda _: [])
    kept = [text for text, twin in zip(texts, twins, strict=True) if twin is None]
    if len(kept) < n_texts:
        raise SystemExit(f"the package holds {len(kept):,} passages that do not repeat one another; ask for fewer")
    return [kept[row] for row in rng.choice(len(kept), n_texts, replace=False)]


def planted(n_texts: int, n_words: int, rng: np.random.Generator) -> Planted:
    """A fifth of the texts are changed copies of others, anywhere in the order after them."""
    n_copies = n_texts // 5
    originals = passages(n_texts - n_copies, n_words, rng)
    vocabulary = np.array(sorted({word for text in originals[:2000] for word in text.split()}), object)
    sources = rng.choice(len(originals), n_copies, replace=False)
    copies = [changed(originals[row], vocabulary, rng) for row in sources]
    return Planted(
        [*originals, *copies],
        [(int(row), len(originals) + place) for place, row in enumerate(sources)],
        *similarities(originals, copies, sources),
    )


def changed(text: str, vocabulary: np.ndarray, rng: np.random.Generator) -> str:
    """The text with none to a third of its places changed: a word replaced, dropped or put in."""
    words = text.split()
    for _ in range(int(rng.choice([0, 1, 2, rng.integers(0, max(3, len(words) // 3))]))):
        place = int(rng.integers(len(words)))
        way = rng.integers(3)
        if way != 1:
            words.insert(place, str(rng.choice(vocabulary)))
        if way != 0 and len(words) > 2:
            del words[min(place + 1, len(words) - 1)]
    return " ".join(words)


def similarities(originals: list[str], copies: list[str], sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(Shingles.of(originals[row]), Shingles.of(copy)) for row, copy in zip(sources, copies, strict=True)]
    both = np.array([similarity(*pair) for pair in pairs])
    return both, np.array([jaccard(one.words, other.words) for one, other in pairs])


def ours(texts: list[str], threshold: float) -> Pairs:
    sketches = Sketches.of(texts)
    none = Sketches.of([])
    twins = find_twins(texts, sketches, threshold=threshold, accepted=none, accepted_texts=lambda _: [])
    return {(twin.row, row) for row, twin in enumerate(twins) if twin is not None and twin.row is not None}


def tokens_of(text: str) -> list[str]:
    return list(Shingles.of(text).words)


def by_datasketch(tokens: list[list[str]], threshold: float) -> Pairs:
    index = MinHashLSH(threshold=threshold, num_perm=N_VALUES)
    found: Pairs = set()
    for row, entry in enumerate(tokens):
        sketch = MinHash(num_perm=N_VALUES)
        sketch.update_batch([token.encode() for token in entry])
        found.update((other, row) for other in index.query(sketch))
        index.insert(row, sketch, check_duplication=False)
    return found


def by_rensa_r(tokens: list[list[str]], threshold: float) -> Pairs:
    matrix = rensa.RMinHash.digest_matrix_from_token_sets(tokens, N_VALUES, 1)
    return banded(np.array(matrix.to_rows(), np.uint32), threshold)


def by_rensa_c(tokens: list[list[str]], threshold: float) -> Pairs:
    return banded(np.array(rensa.CMinHash.digests_from_token_sets(tokens, N_VALUES, 1), np.uint32), threshold)


def banded(signatures: np.ndarray, threshold: float) -> Pairs:
    """The pairs that share a band, with bands as ours; rensa's own index takes one sketch at a time."""
    n_bands, n_rows = bands_and_rows(threshold)
    found: Pairs = set()
    for band in range(n_bands):
        rows = np.ascontiguousarray(signatures[:, band * n_rows : (band + 1) * n_rows])
        _, group = np.unique(rows.view(f"V{rows.itemsize * n_rows}").ravel(), return_inverse=True)
        order = np.argsort(group, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
            if 1 < len(members) <= 1000:
                found.update((int(a), int(b)) for at, b in enumerate(members) for a in members[:at])
    return found


def rensa_signatures(tokens: list[list[str]], _: float) -> Pairs:
    rensa.RMinHash.digest_matrix_from_token_sets(tokens, N_VALUES, 1)
    return set()


def measured(call: Callable[[], Pairs], n_runs: int) -> tuple[float, Pairs]:
    """Seconds of the fastest run, and what it found."""
    best, found = np.inf, set()
    for _ in range(n_runs):
        start = time.perf_counter()
        found = call()
        best = min(best, time.perf_counter() - start)
    return float(best), found


def speed_and_recall(data: Planted, threshold: float, n_runs: int) -> Lines:
    """Texts per second from text to pairs, recall of the pairs above the threshold, and right ones among all."""
    tokens_s, tokens = time.perf_counter(), [tokens_of(text) for text in data.texts]
    tokens_s = time.perf_counter() - tokens_s
    # Everybody's own pace: the peers are also timed on tokens that are cut already.
    peers: list[tuple[str, Callable[[list[list[str]], float], Pairs]]] = [
        ("datasketch 2 MinHashLSH", by_datasketch),
        ("rensa RMinHash, its signatures alone", rensa_signatures),
        ("rensa RMinHash, bands of NumPy", by_rensa_r),
        ("rensa CMinHash, bands of NumPy", by_rensa_c),
    ]
    rows: list[tuple[object, ...]] = []
    seconds, found = measured(lambda: ours(data.texts, threshold), n_runs)
    n = len(data.texts)
    own = n / seconds
    rows.append(("data_engine, text to verified pairs", f"{own:,.0f}", "1.00", *shares(data, found, threshold)))
    for name, call in peers:
        peer_s, found = measured(lambda call=call: call(tokens, threshold), 1 if call is by_datasketch else n_runs)
        from_text = n / (peer_s + tokens_s)
        rates = f"{from_text:,.0f}", f"{from_text / own:.2f}", f"{n / peer_s:,.0f}"
        rows.append((name, *rates[:2], *(shares(data, found, threshold) if found else ("-", "-")), rates[2]))
    rows[0] = (*rows[0], "-")
    header = ("threshold " + str(threshold), "texts/s from text", "ratio", "recall", "precision", "texts/s from tokens")
    yield from table(header, rows)


def stages(data: Planted, threshold: float, n_runs: int) -> Lines:
    """Seconds of each stage of the search alone, all included in its texts per second."""
    texts, sketches, nothing = data.texts, Sketches.of(data.texts), Sketches.of([])
    sizes = bands_and_rows(threshold)

    def verified() -> None:
        find_twins(texts, sketches, threshold=threshold, accepted=nothing, accepted_texts=lambda _: [])

    def met() -> None:
        colliding(band_keys(nothing, *sizes), band_keys(sketches, *sizes))

    words_s, sketch_s, bands_s, rest_s = (
        fastest(call, n_runs)
        for call in (lambda: Words.of(texts).shingles(), lambda: Sketches.of(texts), met, verified)
    )
    rows: list[tuple[object, ...]] = [
        ("cut into words, hash them and their pairs, 126 MinHash values (all cores)", f"{sketch_s:.3f}"),
        ("... of which cutting and hashing take, on one core", f"{words_s:.3f}"),
        (f"{sizes[0]} bands of {sizes[1]} values, texts that share one", f"{bands_s:.3f}"),
        ("pairs, their estimates, exact similarity by words and by characters", f"{rest_s - bands_s:.3f}"),
    ]
    yield f"What the texts per second hold at threshold {threshold}; the texts are in memory:\n"
    yield from table(("stage", "seconds"), rows)


def fastest(call: Callable[[], object], n_runs: int) -> float:
    """Seconds of the fastest run."""
    return min(timeit.repeat(call, number=1, repeat=n_runs))


def verdict(data: Planted, n_runs: int) -> str:
    """Whether the goal is held, as a sentence."""
    seconds, found = measured(lambda: ours(data.texts, GOAL_SIMILARITY), n_runs)
    recall = recall_of(data, found, GOAL_SIMILARITY)
    rate = len(data.texts) / seconds
    is_held = rate >= GOAL_TEXTS_PER_S and recall >= GOAL_RECALL
    return (
        f"The goal of {GOAL_TEXTS_PER_S:,} texts/s from text to verified pairs, at a recall of {GOAL_RECALL} for "
        f"similarity {GOAL_SIMILARITY} and above, is {'held' if is_held else 'missed'}: "
        f"{rate:,.0f} texts/s at recall {recall:.4f}.\n"
    )


def recall_of(data: Planted, found: Pairs, threshold: float) -> float:
    """Share of the planted pairs at and above the threshold that were found."""
    expected = [pair for pair, value in zip(data.pairs, data.similarity, strict=True) if value >= threshold]
    return sum(pair in found for pair in expected) / len(expected)


def shares(data: Planted, found: Pairs, threshold: float) -> tuple[str, str]:
    """Recall of the planted pairs at and above the threshold; share of the found pairs that are as similar."""
    sample = sorted(found)[:: max(1, len(found) // 2000)]
    is_right = [similarity(Shingles.of(data.texts[a]), Shingles.of(data.texts[b])) >= threshold for a, b in sample]
    return f"{recall_of(data, found, threshold):.4f}", f"{np.mean(is_right):.3f}"


def operating_curve(data: Planted) -> Lines:
    """Share of the planted pairs found, by their similarity."""
    found = {threshold: ours(data.texts, threshold) for threshold in (0.5, 0.7, *sorted(THRESHOLDS))}
    rows: list[tuple[object, ...]] = []
    for low, high in zip(EDGES, [*EDGES[1:], 1.01], strict=True):
        chosen = [pair for pair, s in zip(data.pairs, data.similarity, strict=True) if low <= s < high]
        if chosen:
            cells = [f"{sum(pair in pairs for pair in chosen) / len(chosen):.4f}" for pairs in found.values()]
            name = "1" if low == 1 else f"{low:.2f} to {high:.2f}"
            rows.append((name, len(chosen), *cells))
    yield from table(("similarity of the pair", "pairs", *(f"found at {threshold}" for threshold in found)), rows)


def table(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> Lines:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    yield from ("| " + " | ".join(map(str, row)) + " |" for row in rows)
    yield ""


def load_kernel() -> None:
    """Import the kernel of texts and call both of its functions, as the first texts that are worth it do."""
    from data_engine.kernels.minhash import jaccards, smallest_products

    hashes, starts = np.arange(4, dtype=np.uint64), np.array([0, 2, 4])
    smallest_products(hashes.astype(np.uint32), starts[:2], np.array([1], np.uint32))
    jaccards(hashes, starts, starts[:1], np.array([1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the tables into benchmarks/RESULTS.md")
    parser.add_argument("--texts", type=int, default=20_000, help="texts, a fifth of them copies")
    parser.add_argument("--words", type=int, default=40, help="words of a text, about")
    parser.add_argument("--runs", type=int, default=3, help="runs, of which the fastest counts")
    arguments = parser.parse_args()
    data = planted(arguments.texts, arguments.words, np.random.default_rng(0))
    n_words = np.mean([len(text.split()) for text in data.texts])
    n_characters = np.mean([len(text) for text in data.texts])
    lines = [f"{len(data.texts):,} texts of {n_words:.0f} words and {n_characters:.0f} characters on average.\n"]
    lines.append(f"Loading compiled code, once per process: {timeit.timeit(load_kernel, number=1):.2f} s.\n")
    lines.append(verdict(data, arguments.runs))
    for threshold in THRESHOLDS:
        lines += speed_and_recall(data, threshold, arguments.runs)
    lines += stages(data, GOAL_SIMILARITY, arguments.runs)
    lines += ["**Operating curve** (verified pairs only; a pair below the threshold is never found)\n"]
    lines += operating_curve(data)
    print("\n".join(lines))
    if arguments.write:
        from results import append_results

        append_results("Near-duplicates of texts", "\n".join(lines))


if __name__ == "__main__":
    main()
