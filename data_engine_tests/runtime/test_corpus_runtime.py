from pathlib import Path

from small_project import notes_corpus

from data_engine.corpus import Corpus
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import MADE_STEPS


def _changed(one: dict[str, object], other: dict[str, object]) -> set[str]:
    """The steps whose versions differ between two descriptions."""
    first, second = (
        CorpusRuntime(Corpus.model_validate(notes_corpus(Path("s"), **said)), Path()) for said in (one, other)
    )
    return {step for step in MADE_STEPS if first.code_version(step) != second.code_version(step)}


def test_another_seed_is_another_version_of_what_is_learnt_or_drawn_by_it_and_of_nothing_else() -> None:
    drawn = {"first_pass", "cluster_tree", "balanced_subset", "classifier", "proposals", "labels"}
    assert _changed({"seed": 1}, {"seed": 2}) == drawn


def test_another_encoder_is_another_version_of_all_that_learns_from_vectors() -> None:
    assert _changed({"encoder": "one"}, {"encoder": "other"}) == {"embeddings", "cluster_tree", "classifier"}
