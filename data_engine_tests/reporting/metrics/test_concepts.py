"""The top level beside the number of concepts wanted."""

import pyarrow as pa
import pytest

from data_engine.corpus import Corpus
from data_engine.reporting.metrics.concepts import concept_metrics, top_level_warning, why_levels
from data_engine.reporting.metrics.metric import Metric
from data_engine.schemas import TREE_EXPLANATION


def known(n_top: int, wanted: int | None, source: str = "known labels") -> dict[tuple[str, str], Metric]:
    metrics = [
        Metric("clusters", "level 1", 40, "clusters", "neutral", ""),
        Metric("clusters", "level 2", n_top, "clusters", "neutral", ""),
    ]
    if wanted is not None:
        metrics.append(Metric("concepts_wanted", source, wanted, "concepts", "neutral", ""))
    return {(m.metric, m.scope): m for m in metrics}


def test_a_top_level_that_is_too_small_is_told_with_the_remedy() -> None:
    assert top_level_warning(known(10, 12), "hierarchical") == (
        "The coarsest level of the tree has 10 clusters, fewer than the 12 concepts that known labels name: concepts "
        "that share a cluster share its part of the subset. Set tree to {levels: auto, n_concepts: 12}, or give its "
        "last level at least 12 clusters; if fewer concepts will do, say so with tree.n_concepts."
    )


@pytest.mark.parametrize(("n_top", "wanted"), [(12, 12), (13, 12), (10, None)])
def test_nothing_is_claimed_of_a_level_that_is_large_enough_or_where_nothing_is_known(
    n_top: int, wanted: int | None
) -> None:
    assert top_level_warning(known(n_top, wanted), "hierarchical") == ""


def test_the_description_goes_before_the_known_labels(corpus: Corpus, tables: dict[str, pa.Table]) -> None:
    assert [(m.scope, m.value) for m in concept_metrics(corpus, tables)] == [("known labels", 6)]
    described = corpus.model_copy(update={"tree": corpus.tree.model_copy(update={"n_concepts": 9})})
    assert [(m.scope, m.value) for m in concept_metrics(described, tables)] == [("the corpus' description", 9)]
    unlabelled = corpus.model_copy(update={"known_label_column": None})
    assert concept_metrics(unlabelled, tables) == []


def test_nothing_is_claimed_of_a_method_that_looks_at_no_tree() -> None:
    assert top_level_warning(known(10, 12), "balanced") == ""


def test_a_tree_that_was_built_for_another_target_or_other_samples_says_for_which() -> None:
    row = {"line": 1, "sentence": "About 5 of the 103 samples each.", "n_built": 300, "tree_version": "t"}
    explained = pa.Table.from_pylist([{**row, "target_size": 103}], schema=TREE_EXPLANATION)
    assert why_levels(explained, 103, 300) == "About 5 of the 103 samples each."
    assert why_levels(explained, 60, 310) == (
        "About 5 of the 103 samples each. So the tree was built when subset.target_size was 103, and it is 60 now; on "
        "300 samples, and holds 310 now; it is kept while it fits."
    )
    of_fixed_levels = pa.Table.from_pylist([row], schema=TREE_EXPLANATION)
    assert why_levels(of_fixed_levels, 60, 300) == "About 5 of the 103 samples each."
    assert why_levels(explained.slice(0, 0), 60, 300) == ""
