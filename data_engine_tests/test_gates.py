"""Whatever is done to a corpus in whatever order: what its checks refused is in no table behind them."""

import json
from random import Random

import pytest
from disturbed_corpus import DisturbedCorpus
from small_project import SmallProject, make_notes


@pytest.mark.parametrize("seed", range(3))
def test_no_row_that_a_check_refused_is_in_a_table_behind_it(
    finished: SmallProject, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = DisturbedCorpus(finished, Random(seed), monkeypatch)
    for _ in range(10):
        corpus.disturb()
        assert corpus.wrong() == [], corpus.done
    if corpus.settle():
        assert corpus.unsettled() == [], corpus.done
    assert corpus.wrong() == [], corpus.done


def _labelled(corpus: DisturbedCorpus) -> dict[str, set[str]]:
    store = corpus.runtime().store()
    return {t: set(store.read(t, columns=["sample_id"])["sample_id"].to_pylist()) for t in ("labels", "release")}


def test_what_was_accepted_of_a_batch_is_released_on_when_its_next_delivery_is_held_back(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = DisturbedCorpus(finished, Random(1), monkeypatch, changes={})
    before, store = _labelled(corpus), corpus.runtime().store()
    may, june = (finished.folder / "source" / f"{name}.jsonl" for name in ("may", "june"))
    rows = [json.loads(line) for line in may.read_text("utf-8").splitlines()]
    spoilt = [{**row, "text": f"poison {row['text']}"} if n % 3 == 0 else row for n, row in enumerate(rows)]
    may.write_text("".join(json.dumps(row) + "\n" for row in [*spoilt, spoilt[0]]), "utf-8")
    with june.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in make_notes(12, 77))
    assert not corpus.settle()
    assert corpus.wrong() == []
    subset = set(store.read("balanced_subset", columns=["sample_id"])["sample_id"].to_pylist())
    after = _labelled(corpus)
    # What the new subset no longer chooses is gone; nothing else is, whatever batch it is of.
    assert before["labels"] & subset <= after["labels"]
    assert after["release"] == after["labels"]
    decided = store.read("ledger", partition={"step": "release"}, columns=["reason"])["reason"].to_pylist()
    assert "out of scope" not in decided


def test_a_batch_that_is_held_back_gives_no_uri_and_no_label_to_the_release(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = DisturbedCorpus(finished, Random(1), monkeypatch, changes={})
    may, june = (finished.folder / "source" / f"{name}.jsonl" for name in ("may", "june"))
    rows = [json.loads(line) for line in may.read_text("utf-8").splitlines()]
    held = [{**row, "id": "dup", "topic": "trains", "leak": "leak"} for row in rows]
    (may.parent / "aaa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held), "utf-8")
    with june.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in make_notes(12, 78))
    assert not corpus.settle()
    released = corpus.runtime().store().read("release").to_pylist()
    assert released
    assert [row for row in released if row["uri"].startswith("aaa.jsonl") or "leak" in row["metadata"]] == []
    assert {row["uri"].partition("#")[0] for row in released} <= {"may.jsonl", "june.jsonl", "july.jsonl"}
