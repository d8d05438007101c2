import pytest
from sound_tables import CORPUS, Broken, but, outcome_of, raw_rows, tables_of

from data_engine.quality import CHECKS, evaluate

BROKEN = [
    Broken(
        "has_samples",
        "raw samples: 0, but a batch needs at least 1; check source.path and source.pattern, or remove the empty batch",
        rows={"raw_index": []},
    ),
    Broken(
        "unreadable_share_within_limit",
        "unreadable samples: 2 of 4 (50.0%), first `u0: empty file`, `u3: not UTF-8`, but at most 30.0% may be; "
        "repair or remove the files named, or raise first_pass.max_unreadable_share",
        ("u0: empty file", "u3: not UTF-8"),
        {"raw_index": but(raw_rows(), 0, is_readable=False, error="empty file")},
    ),
    Broken(
        "no_file_breaks_off",
        "files that break off, or in which nothing can be read: 1, first `u3: breaks off after row 7 (end of file)`, "
        "but at most 0 may, because nobody knows how many samples are missing; repair or remove the files named, fetch "
        "them again, or raise first_pass.max_broken_files to go without them",
        ("u3: breaks off after row 7 (end of file)",),
        {"raw_index": but(raw_rows(), 3, error="breaks off after row 7 (end of file)")},
    ),
    Broken(
        "every_source_id_is_unique",
        "raw samples that share their source's id with another: 2 of 4, but every id of the source must be unique; "
        "correct the source, or point source.id_column at a column that is unique",
        ("u0", "u1"),
        {"raw_index": but(raw_rows(), 1, source_id="id0")},
    ),
    Broken(
        "every_uri_is_unique",
        "raw samples that share their uri with another: 2 of 4, but every place is read once; "
        "make source.pattern match each file once",
        ("u0",),
        {"raw_index": but(raw_rows(), 1, uri="u0")},
        n_offending=2,
    ),
    Broken(
        "every_metadata_is_an_object",
        "raw samples whose metadata is not a JSON object: 1 of 4, but every metadata must be one; "
        "index the batch again from its source",
        ("u2",),
        {"raw_index": but(raw_rows(), 2, metadata="[1]")},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["raw_index"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("raw_index", case) == case.outcome


def test_at_most_ten_offending_ids_are_named_and_all_are_counted() -> None:
    rows = [{"sample_id": f"s{i}", "uri": f"u{i}", "metadata": "no"} for i in range(25)]
    result = evaluate("raw_index", tables_of("raw_index", {"raw_index": rows}), CORPUS)[-1]
    assert result.offending == tuple(f"u{i}" for i in range(10))
    assert result.n_offending == 25


def test_the_sentence_names_three_rows_at_most_and_each_in_short() -> None:
    rows = [{"sample_id": f"s{i}", "uri": f"u{i}", "is_readable": False, "error": "x" * 400} for i in range(5)]
    found = {
        result.name: result for result in evaluate("raw_index", tables_of("raw_index", {"raw_index": rows}), CORPUS)
    }
    detail = found["unreadable_share_within_limit"].detail
    named = [f"`u{i}: {'x' * 296}...`" for i in range(3)]
    assert detail.startswith(f"unreadable samples: 5 of 5 (100.0%), first {', '.join(named)}, but at most ")


def test_a_file_in_which_nothing_can_be_read_counts_as_one_that_breaks_off() -> None:
    rows = but(raw_rows(), 3, error="gives nothing: the file holds no rows")
    found = {
        result.name: result for result in evaluate("raw_index", tables_of("raw_index", {"raw_index": rows}), CORPUS)
    }
    assert not found["no_file_breaks_off"].passed
    assert found["no_file_breaks_off"].offending == ("u3: gives nothing: the file holds no rows",)
