from datetime import UTC, datetime
from pathlib import Path

import pytest
from object_project import coins_at, scenes_corpus
from written_steps import keep_version, notes_runtime, pass_checks, take_in, write_step

from data_engine.corpus import Corpus
from data_engine.drift.crossing import Threshold
from data_engine.review import NewTask
from data_engine.runtime.alarms.watched import WATCHES, Measured, _ask_about_disputed, _open_round
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.schemas import answer_text


def _values(runtime: CorpusRuntime) -> dict[str, list[tuple[str, float]]]:
    found = {watch.kind: watch.measure(runtime) for watch in WATCHES}
    return {kind: [(m.subject, m.value) for m in some if kind != "stage" or m.value] for kind, some in found.items()}


def test_each_value_is_measured_once_there_is_something_to_measure(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert _values(runtime) == {"uncertainty": [], "agreement": [], "gate": [], "class_stage": [], "stage": []}
    rows = [{"sample_id": f"s{n}", "uncertainty": 0.25 * n, "route": "person" if n else "classifier"} for n in range(4)]
    pass_checks(runtime, write_step(runtime.store(), "proposals", rows))
    for batch in ("one", "notes-imported-001"):
        answers = [
            {
                "sample_id": f"s{n}",
                "annotator": name,
                "label": "ab"[n % 2],
                "task_id": f"{n}",
                "annotation_id": f"{n}{name}",
            }
            for n in range(4)
            for name in ("ada", "bob")
        ]
        if batch != "one":
            answers = [{**row, "label": "ab"[row["annotator"] == "ada"]} for row in answers]
        pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", answers, batch))
    pass_checks(runtime, keep_version(runtime.store(), "cluster_tree"), passed=False)
    assert _values(runtime) == {
        "uncertainty": [("notes", 0.375)],
        "agreement": [("notes", 1.0)],
        "gate": [("notes", 0.25)],
        "class_stage": [],
        "stage": [("cluster_tree", 1.0)],
    }


def test_the_stage_of_a_class_is_watched_where_people_saw_its_proposals(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    shared = {"task_id": "t", "label": "baking", "answer": answer_text({"label": "baking"}), "kind": "class"}
    shared |= {"provenance": "human", "is_simulated": False, "purpose": "query", "revision": 1}
    rows = [
        {**shared, "annotation_id": f"{n}{name}", "sample_id": f"s{n}", "annotator": name, "arm": arm,
         "proposed_answer": shared["answer"] if arm == "proposed" else None}
        for n in range(30)
        for name, arm in (("ada", "manual"), ("bob", "proposed"))
    ]  # fmt: skip
    pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", rows, "one"))
    (measured,) = next(watch for watch in WATCHES if watch.kind == "class_stage").measure(runtime)
    assert (measured.subject, round(measured.value, 3)) == ("notes/baking", 0.905)
    assert (measured.threshold.raise_at, measured.threshold.settle_at) == (pytest.approx(0.85), 0.9)


def test_a_round_whose_answers_are_on_their_way_is_not_followed_by_one_about_the_same_samples(tmp_path: Path) -> None:
    runtime, now = notes_runtime(tmp_path), datetime(2026, 3, 1, tzinfo=UTC)
    with runtime.queue() as queue:
        asked = {"corpus": "notes", "question": "?", "classes": ("baking", "sailing"), "cause": "test", "now": now}
        queue.open_batch("notes-round-000", tasks=[NewTask("a", "query", "manual", {})], **asked)
        queue.end_batch("notes-round-000", reason="over", now=now)
    measured = Measured("proposals", 0.9, Threshold(0.5, 0.1), "v", "said")
    assert _open_round(runtime, measured) == "review batch notes-round-000"


def test_masks_that_agree_are_not_disputed_though_no_two_are_the_same_to_the_pixel(tmp_path: Path) -> None:
    corpus = scenes_corpus(tmp_path, name="notes")
    runtime = CorpusRuntime(Corpus.model_validate(corpus), tmp_path)
    shared = {"kind": "objects", "label": None, "provenance": "human", "purpose": "query", "revision": 1}
    said = {"nearly": {"ada": 5, "bob": 5.2}, "apart": {"ada": 5, "bob": 30}}
    rows = [
        {**shared, "sample_id": key, "annotator": name, "annotation_id": f"{key}{name}", "answer": coins_at(left)}
        for key, given in said.items()
        for name, left in given.items()
    ]
    pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", rows, "one"))
    take_in(runtime, "may", [{"sample_id": key, "height_px": 20, "width_px": 60} for key in said])
    measured = Measured("notes", 0.2, Threshold(0.5, 0.6), "one v", "people disagree")
    opened = _ask_about_disputed(runtime, measured).removeprefix("review batch ")
    with runtime.queue() as queue:
        tasks = queue.tables("notes")["review_task"].to_pylist()
    assert [(row["review_batch"], row["sample_id"]) for row in tasks] == [(opened, "apart")]
