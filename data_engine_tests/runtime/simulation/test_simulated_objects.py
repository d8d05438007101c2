"""A corpus that asks for objects, from its images to its release, with a simulated clicker in the place of people."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from object_project import colours, scenes_corpus, write_scenes
from small_project import SmallProject

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.object_answers import similarity
from data_engine.releasing.exporting import export_release
from data_engine.segmentation.registry import SEGMENTERS, SegmenterEntry
from data_engine.storage import TableStore


def test_a_corpus_of_objects_runs_to_its_release(
    project: SmallProject, engine_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SEGMENTERS, "ellipse", SegmenterEntry("colours in the place of ellipses", colours))
    write_scenes(project.folder / "source", 48)
    corpus = scenes_corpus(project.folder / "source", subset={"target_size": 44})
    corpus["labels"] |= {"rounds": 2, "object_proposals": {"points_per_side": 6, "sizes": [0.4]}}  # type: ignore[operator]
    project.add(corpus)
    said = project.run("scenes")
    assert "all by simulated annotators" in said and "release" in said
    store = TableStore(engine_folder / "data", "scenes")
    raw = {row["sample_id"]: json.loads(row["metadata"])["objects"] for row in store.read("raw_index").to_pylist()}
    labels = store.read("labels").to_pylist()
    assert {(row["kind"], row["label"]) for row in labels} == {("objects", None)}
    all_three_stages_have_their_counts(store, labels)
    alike = [similarity(row["answer"], json.dumps(raw[row["sample_id"]])) for row in labels]
    assert sum(alike) / len(alike) > 0.75
    released = store.read("release").to_pylist()
    assert {row["sample_id"] for row in released} == {row["sample_id"] for row in labels}
    objects = [one for row in released for one in json.loads(row["objects"])["objects"]]
    assert all({"polygons", "mask", "provenance"} <= set(one) for one in objects)
    (folder,) = (engine_folder / "data" / "scenes" / "releases").iterdir()
    counts = Counter(one["class"] for one in objects)
    assert f"with {len(objects):,} objects of 2 classes" in (folder / "README.md").read_text("utf-8")
    coco = json.loads(
        (export_release(folder, "coco", tmp_path / "coco") / "annotations" / "instances_train.json").read_text()
    )
    names = {each["id"]: each["name"] for each in coco["categories"]}
    assert Counter(names[each["category_id"]] for each in coco["annotations"]) == counts
    refuse_an_answer_about_another_image(project)
    batches_of_alarms_have_the_size_of_the_image(project, labels)


def all_three_stages_have_their_counts(store: TableStore, labels: list[dict[str, object]]) -> None:
    """Hand-made, with proposals that somebody looks at, and what the certified gate takes without a person."""
    proposals = store.read("proposals").to_pylist()
    (service,) = [row for row in store.read("classifier").to_pylist() if row["is_in_service"]]
    assert service["model"] == "masks" and service["n_hold_out"] == 14 and service["gate_lower_bound"] >= 0.6
    taken = {row["sample_id"] for row in proposals if row["route"] == "classifier"}
    assert taken and all(
        row["probability"] >= service["gate_threshold"] for row in proposals if row["sample_id"] in taken
    )
    automatic = {row["sample_id"] for row in labels if row["provenance"] == "model_auto"}
    answered = {row["sample_id"] for row in store.read("reviewed_labels").to_pylist()}
    assert automatic == taken - answered and automatic
    assert {row["provenance"] for row in labels} == {"simulated", "model_auto"}
    stages = {row["stage_number"]: row for row in store.read("annotation_stages").to_pylist()}
    assert sorted(stages) == [1, 2, 3] and all(row["is_simulated"] for row in stages.values())
    assert stages[3]["n_samples"] == len(taken) and stages[3]["as_stage_one"] >= 0.6
    arms = {row["arm"] for row in store.read("reviewed_labels").to_pylist()}
    assert {"manual", "proposed", "trap"} & arms


def refuse_an_answer_about_another_image(project: SmallProject) -> None:
    """Tasks have the size of their image, and the queue takes no answer of another one."""
    from data_engine.runtime.amendments.asked_by_people import ask_people

    runtime, now = project.load().runtime("scenes"), datetime.now(UTC)
    batch = ask_people(runtime, 4)
    with runtime.queue() as queue:
        lease = queue.next("ann", now=now, batch=batch)
        assert lease is not None and lease.task.payload["size"] == [64, 64]
        with pytest.raises(InvalidInput, match="is about an image of 9 x 8 px, but the image of the task has 64 x 64"):
            queue.submit(lease.lease_id, "one", answer={"size": [8, 9], "objects": []}, now=now)
        queue.submit(lease.lease_id, "one", answer={"size": [64, 64], "objects": []}, now=now)


def batches_of_alarms_have_the_size_of_the_image(project: SmallProject, labels: list[dict[str, object]]) -> None:
    from data_engine.runtime.alarms.shut_routes import open_withdrawn_review
    from data_engine.runtime.amendments.verification import open_verification

    runtime, now = project.load().runtime("scenes"), datetime.now(UTC)
    automatic = [str(row["sample_id"]) for row in labels if row["provenance"] == "model_auto"]
    verified = open_verification(runtime, now=now)
    withdrawn, n = open_withdrawn_review(runtime, automatic, cause="a test")
    assert n and verified and withdrawn
    with runtime.queue() as queue:
        for batch in (verified, withdrawn):
            lease = queue.next("bob", now=now, batch=batch)
            assert lease is not None and lease.task.payload["size"] == [64, 64]
