"""How often drift is seen: power of each detector and of all together, at 5 % false alarms.

python benchmarks/drift.py --clinc FOLDER --clothing FOLDER --kept FOLDER --write

CLINC150 (Larson et al. 2019): FOLDER with data_full.json and domains.json. Clothing: FOLDER with a folder of images per
class, at any depth. Embeddings are made with the engine's default encoders and kept in --kept.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from results import Kept, append_results, environment

from data_engine.drift import Reference, fit_reference
from data_engine.embedding import load_encoder

Rows = NDArray[np.int64]
ALPHA = 0.05
SHARES = (0.05, 0.1)
#: Power that all together are to have on CLINC150; elsewhere nothing is asked for.
GOALS = {f"{name}, {share}": 1.0 for name in ("new topic", "new intent", "out of scope") for share in ("5%", "10%")} | {
    "more of a known topic, 5%": 0.4,
    "more of a known topic, 10%": 0.96,
}


def kept(folder: Path, name: str, make: Callable[[], dict[str, NDArray]]) -> dict[str, NDArray]:
    """Arrays that are made once."""
    path = folder / f"drift_{name}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, **make())
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}


def clinc(folder: Path) -> dict[str, NDArray]:
    """Embeddings, intent and domain of every utterance; utterances that are out of scope have the intent "oos"."""
    data, domains = (json.loads((folder / name).read_text("utf-8")) for name in ("data_full.json", "domains.json"))
    domain_of = {intent: domain for domain, intents in domains.items() for intent in intents} | {"oos": "oos"}
    rows = [row for part in data.values() for row in part]
    x = load_encoder("all-MiniLM-L6-v2").encode([text for text, _ in rows])
    intents = [intent for _, intent in rows]
    return {"x": x, "intent": np.array(intents), "domain": np.array([domain_of[intent] for intent in intents])}


def clothing(folder: Path) -> dict[str, NDArray]:
    """Embeddings of every picture as it is, blurred and darker, and its class."""
    from PIL import Image, ImageEnhance, ImageFilter

    encoder = load_encoder("efficientnet-lite0")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    found: dict[str, list[NDArray]] = {"x": [], "blurred": [], "darker": []}
    for start in range(0, len(paths), 64):
        pictures = [Image.open(path).convert("RGB") for path in paths[start : start + 64]]
        found["x"].append(encoder.encode(pictures))
        found["blurred"].append(encoder.encode([p.filter(ImageFilter.GaussianBlur(p.width / 100)) for p in pictures]))
        found["darker"].append(encoder.encode([ImageEnhance.Brightness(p).enhance(0.5) for p in pictures]))
    return {name: np.concatenate(x) for name, x in found.items()} | {"label": np.array([p.parent.name for p in paths])}


def psi_alarm(reference: Reference, window: NDArray[np.float32]) -> bool:
    """The common rule: a population stability index above 0.2 over the clusters."""
    nearest = (window @ reference.centroids.T - 0.5 * (reference.centroids**2).sum(axis=1)).argmax(axis=1)
    now = np.bincount(nearest, minlength=len(reference.counts))
    before, now = (np.maximum(counts / counts.sum(), 1e-4) for counts in (reference.counts, now))
    return bool(((now - before) * np.log(now / before)).sum() > 0.2)


#: Name of a case, what is other in it, and the window.
Trial = Iterator[tuple[str, str, NDArray[np.float32]]]


def _mixed(rng: np.random.Generator, known: NDArray, other: NDArray, n: int, share: float) -> NDArray[np.float32]:
    n_other = round(share * n)
    return np.concatenate([known[: n - n_other], other[rng.choice(len(other), n_other, replace=len(other) < n_other)]])


def clinc_trial(data: dict[str, NDArray], seed: int) -> tuple[Reference, Trial]:
    """A reference of 8,000 without one domain and one further intent, and windows of 1,000."""
    rng = np.random.default_rng(seed)
    x, intent, domain = data["x"], data["intent"], data["domain"]
    topics = np.setdiff1d(np.unique(domain), ["oos"])
    new_topic, more_of = rng.permutation(topics)[:2]
    new_intent = rng.choice(np.unique(intent[(domain != new_topic) & (domain != "oos") & (domain != more_of)]))
    known = rng.permutation(np.flatnonzero((domain != new_topic) & (intent != new_intent) & (domain != "oos")))
    reference = fit_reference(x[known[:8000]], seed=seed)
    fresh, rest = x[known[8000:9000]], known[9000:]

    def windows() -> Trial:
        yield "no drift", "", fresh
        cases = {
            ("new topic", new_topic): x[domain == new_topic],
            ("new intent", new_intent): x[intent == new_intent],
            ("out of scope", ""): x[domain == "oos"],
            ("more of a known topic", more_of): x[rest[domain[rest] == more_of]],
        }
        for (name, what), other in cases.items():
            for share in SHARES:
                yield f"{name}, {share:.0%}", what, _mixed(rng, fresh, other, 1000, share)

    return reference, windows()


def clothing_trial(data: dict[str, NDArray], seed: int) -> tuple[Reference, Trial]:
    """A reference of 2,500 without one class, and windows of 600."""
    rng = np.random.default_rng(seed)
    x, label = data["x"], data["label"]
    sizes = {name: int((label == name).sum()) for name in np.unique(label)}
    new = rng.choice([name for name, size in sizes.items() if 60 <= size <= 600])
    known = rng.permutation(np.flatnonzero(label != new))
    reference = fit_reference(x[known[:2500]], seed=seed)
    fresh = known[2500:3100]

    def windows() -> Trial:
        yield "no drift", "", x[fresh]
        for share in SHARES:
            yield f"new class, {share:.0%}", new, _mixed(rng, x[fresh], x[label == new], 600, share)
        for name in ("blurred", "darker"):
            for share in (*SHARES, 1.0):
                n = round(share * 600)
                yield f"{name}, {share:.0%}", "", np.concatenate([x[fresh[n:]], data[name][fresh[:n]]])

    return reference, windows()


def outcomes(
    data: dict[str, NDArray], trial: Callable[..., tuple[Reference, Trial]], seed: int
) -> list[tuple[str, str, list[bool]]]:
    """Of each window of a trial its case, what is other in it, and who saw it: all, novelty, mass, centre, index."""
    reference, windows = trial(data, seed)
    found = []
    for name, what, window in windows:
        drift = reference.test(window)
        p_values = (drift.p_value, drift.novelty_p, drift.mass_p, drift.centre_p)
        found.append((name, str(what), [*(p < ALPHA for p in p_values), psi_alarm(reference, window)]))
    return found


def power(
    data: dict[str, NDArray], trial: Callable[..., tuple[Reference, Trial]], n_trials: int, done: Kept | None = None
) -> list[str]:
    """One row per case: how often each detector saw it; below them, what they did not see together."""
    seen: dict[str, list[list[bool]]] = {}
    missed: dict[str, Counter[str]] = {}
    done = Kept(None) if done is None else done
    for seed in range(n_trials):
        key = [trial.__name__, seed]
        if key not in done:
            if done.is_time_up:
                raise SystemExit(f"{seed} of {n_trials} trials are done; run the same command again to go on")
            done.add(key, outcomes(data, trial, seed))
            print(f"trial {seed + 1} of {n_trials}", flush=True)
        for name, what, hits in done.get(key):
            seen.setdefault(name, []).append(hits)
            missed.setdefault(name, Counter()).update([what] * (not hits[0] and bool(what)))
    rows = []
    for name, hits in seen.items():
        shares = " | ".join(f"{value:.2f}" for value in np.mean(hits, axis=0))
        rows.append(f"| {name} | {GOALS.get(name, '') if trial is clinc_trial else ''} | {shares} |")
    unseen = [
        f"{name}: {', '.join(f'{what} ({n})' for what, n in found.most_common())}"
        for name, found in missed.items()
        if 0 < found.total() <= n_trials / 4
    ]
    return [*rows, "", f"Not seen, with the number of trials: {'; '.join(unseen)}."] if unseen else rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clinc", type=Path, help="folder of CLINC150")
    parser.add_argument("--clothing", type=Path, help="folder of pictures by class")
    parser.add_argument("--kept", type=Path, required=True, help="folder where embeddings are kept")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--done", type=Path, help="file where trials are kept, to go on after --minutes")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after the trial that ends then")
    parser.add_argument("--write", action="store_true", help="write the sections of RESULTS.md")
    args = parser.parse_args()
    wanted = (
        ("CLINC150, windows of 1,000 against 8,000", args.clinc, clinc, clinc_trial),
        ("clothing, windows of 600 against 2,500", args.clothing, clothing, clothing_trial),
    )
    for title, folder, make, trial in wanted:
        if folder is None:
            continue
        data = kept(args.kept, make.__name__, lambda make=make, folder=folder: make(folder))
        head = [
            f"Share of {args.trials} windows that raised the alarm at 5 %: all detectors together, each alone, and the "
            "rule of thumb that a population stability index above 0.2 is drift. In the first row alarms are false; "
            "elsewhere the share of the window that is other is given.",
            "",
            "| window | goal | together | novelty alone | mass alone | centre alone | index > 0.2 |",
            "|---|---|---|---|---|---|---|",
        ]
        lines = power(data, trial, args.trials, Kept(args.done, args.minutes))
        print("\n".join(lines), flush=True)
        if args.write:
            append_results(f"Drift: {title}", "\n".join([*head, *lines]))
    print(environment())


if __name__ == "__main__":
    main()
