import numpy as np
import pyarrow as pa
import pytest
from sound_tables import CORPUS, Broken, but, embedded_rows, floats, outcome_of, table, tables_of

from data_engine.quality import CHECKS, evaluate

BROKEN = [
    Broken(
        "every_kept_sample_is_embedded",
        "kept samples without an embedding: 1 of 2, but every kept sample needs one, or a reason in the ledger; "
        "embed the batch again; if the same samples fail, look at their content",
        ("s1",),
        {"embeddings": embedded_rows()[:1]},
    ),
    Broken(
        "failed_share_within_limit",
        "kept samples that the encoder failed on: 1 of 2 (50.0%), first `s1: the encoder failed: TypeError`, but at "
        "most 1.0% may be; look at the samples named, "
        "give a rule of the first pass that rejects their like, or raise max_failed_share",
        ("s1: the encoder failed: TypeError",),
        {"embeddings": embedded_rows()[:1]},
        {"failures": {"s1": "the encoder failed: TypeError"}},
    ),
    Broken(
        "one_dimension",
        "embeddings that do not hold 2 values: 1 of 3, but all must have the same dimension; "
        "embed all batches with the same encoder",
        ("s9",),
        {"embeddings": [*embedded_rows(), {"sample_id": "s9", "embedding": floats(1, 0, 0), "dim": 3}]},
    ),
    Broken(
        "all_values_are_finite",
        "embeddings with a NaN or infinite value: 2 of 2, but all values must be finite; "
        "embed the batch again in float32",
        ("s0", "s1"),
        {
            "embeddings": [
                {"sample_id": "s0", "embedding": floats(np.nan, 1), "dim": 2},
                {"sample_id": "s1", "embedding": floats(np.inf, 1), "dim": 2},
            ]
        },
    ),
    Broken(
        "every_norm_is_one",
        "embeddings whose norm is not 1: 1 of 2, but every norm must be within 0.001 of 1; "
        "normalise the rows that the encoder gives",
        ("s1",),
        {"embeddings": but(embedded_rows(), 1, embedding=floats(0.6, 0.81))},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["embeddings"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("embeddings", case) == case.outcome


def test_embeddings_in_several_chunks_and_slices_are_read_in_place() -> None:
    tables = tables_of("embeddings", {})
    first = table("embeddings", [{"sample_id": "other", "embedding": floats(9, 9), "dim": 2}, *embedded_rows()])
    tables["embeddings"] = pa.concat_tables([first.slice(1, 1), first.slice(2, 1)])
    assert [r.name for r in evaluate("embeddings", tables, CORPUS) if not r.passed] == []
