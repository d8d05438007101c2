"""A corpus that asks for objects, from its images to its release, with a simulated clicker in the place of people."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from object_project import scenes_corpus, write_scenes
from small_project import SmallProject

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.object_answers import similarity
from data_engine.releasing.exporting import export_release
from data_engine.storage import TableStore


def test_a_corpus_of_objects_runs_to_its_release(project: SmallProject, engine_folder: Path, tmp_path: Path) -> None:
    write_scenes(project.folder / "source", 48)
    project.add(scenes_corpus(project.folder / "source", subset={"target_size": 36}))
    said = project.run("scenes")
    assert "all by simulated annotators" in said and "release" in said
    store = TableStore(engine_folder / "data", "scenes")
    raw = {row["sample_id"]: json.loads(row["metadata"])["objects"] for row in store.read("raw_index").to_pylist()}
    labels = store.read("labels").to_pylist()
    assert {(row["kind"], row["label"], row["provenance"]) for row in labels} == {("objects", None, "simulated")}
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
