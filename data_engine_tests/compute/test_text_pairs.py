"""Near-duplicates are the same whoever compares the pairs, as one process decides what follows."""

from contextlib import nullcontext

import numpy as np
import pytest

from data_engine.compute import text_pairs
from data_engine.compute.choice import Chosen, Compute
from data_engine.compute.engines import LocalEngine
from data_engine.compute.spreading import over_threads, over_workers
from data_engine.compute.text_pairs import pair_minutes, spread_pairs
from data_engine.duplicates.texts.minhash import Sketches
from data_engine.duplicates.texts.search import find_twins

RNG = np.random.default_rng(0)
WORDS = [f"word{n}" for n in range(400)]
FIRST = [" ".join(RNG.choice(WORDS, 60)) for _ in range(40)]
TEXTS = [*FIRST, *(text.replace("word1", "wort1", 1) for text in FIRST), *[FIRST[0] + f" {n}" for n in range(80)]]


@pytest.mark.parametrize("n_workers", [1, 2, 5])
def test_twins_are_those_of_one_process(n_workers: int) -> None:
    plain = Sketches.of(TEXTS)
    with over_workers(LocalEngine(n_workers)) as spread:
        sketches = Sketches.in_pieces(len(TEXTS), [(np.arange(len(TEXTS)), TEXTS)], spread=spread)
        assert np.array_equal(sketches.as_bytes(), plain.as_bytes())
        known = {"threshold": 0.7, "accepted": plain.of(FIRST[:5]), "accepted_texts": lambda at: [FIRST[i] for i in at]}
        found = find_twins(TEXTS, sketches, spread=spread, **known)
    assert found == find_twins(TEXTS, plain, **known)
    assert sum(twin is not None for twin in found) > 40


def test_minutes_are_those_of_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 4)
    assert pair_minutes(61_000 * 4 * 60) == pytest.approx(1)


def test_few_texts_stay_here_and_many_go_to_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    with spread_pairs(Compute(engine="ray"), 10) as (spread, said):
        assert spread is over_threads
        assert said.startswith("local: comparing 10 texts takes about 0.0 minutes here, less than the 5")
    monkeypatch.setattr(text_pairs, "chosen_engine", lambda *_: nullcontext(Chosen(LocalEngine(2), "two nodes")))
    with spread_pairs(Compute(engine="ray"), 10) as (spread, said):
        assert (list(spread(str, [1])), said) == (["1"], "two nodes")
