import pyarrow as pa

from data_engine.runtime.objects.reviewed_images import reviewed_images, version_of
from data_engine.schemas import REVIEWED_LABELS, answer_text


def row(sample: str, purpose: str, n: int = 1) -> dict[str, object]:
    ring = [[0, 0], [9, 0], [9, 9], [0, 9]]
    answer = answer_text({"size": [20, 20], "objects": [{"class": "coin", "polygons": [ring]}] * n})
    told = {
        "task_id": f"{sample}-{purpose}",
        "review_batch": "b",
        "arm": "manual",
        "annotator": "ann",
        "kind": "objects",
    }
    said = {"annotation_id": f"{sample}-{purpose}", "sample_id": sample, "purpose": purpose, "answer": answer}
    return {**told, **said, "provenance": "human", "is_simulated": False, "revision": 1}


def test_the_hold_out_teaches_nothing_and_traps_count_nowhere() -> None:
    rows = [row("a", "hold_out"), row("b", "query"), row("c", "audit"), row("a", "doubtful"), row("d", "trap")]
    found = reviewed_images(pa.Table.from_pylist(rows, schema=REVIEWED_LABELS), ("coin",))
    assert (sorted(found.training), sorted(found.hold_out), sorted(found.audits)) == (["b", "c"], ["a"], ["c"])
    assert sorted(found.all) == ["a", "b", "c"] and found.n_rounds == 1


def test_the_fingerprint_follows_the_answers_and_not_their_order() -> None:
    assert version_of({"a": "1", "b": "2"}) == version_of({"b": "2", "a": "1"}) != version_of({"a": "1", "b": "3"})
