from pathlib import Path

from small_project import notes_corpus

from data_engine.corpus import Corpus
from data_engine.runtime import corpus_runtime
from data_engine.runtime.corpus_runtime import CorpusRuntime, in_order


def test_seconds_are_told_in_the_order_of_the_steps_and_what_is_no_step_comes_last() -> None:
    seconds = {"checks": 1.0, "release": 2.0, "raw_index": 3.0, "cluster_tree": 4.0, "review": 5.0}
    assert list(in_order(seconds).items()) == [
        ("raw_index", 3.0),
        ("cluster_tree", 4.0),
        ("release", 2.0),
        ("checks", 1.0),
        ("review", 5.0),
    ]


def _changed(one: dict[str, object], other: dict[str, object]) -> set[str]:
    """The steps whose versions differ between two descriptions."""
    first, second = (
        CorpusRuntime(Corpus.model_validate(notes_corpus(Path("s"), **said)), Path()) for said in (one, other)
    )
    return {step for step in corpus_runtime.DEPENDS_ON if first.code_version(step) != second.code_version(step)}


def test_another_seed_is_another_version_of_what_is_learnt_or_drawn_by_it_and_of_nothing_else() -> None:
    drawn = {"first_pass", "cluster_tree", "balanced_subset", "classifier", "proposals", "labels"}
    assert _changed({"seed": 1}, {"seed": 2}) == drawn


def test_another_encoder_is_another_version_of_all_that_learns_from_vectors() -> None:
    assert _changed({"encoder": "one"}, {"encoder": "other"}) == {"embeddings", "cluster_tree", "classifier"}
