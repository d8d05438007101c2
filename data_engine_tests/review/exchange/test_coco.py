"""COCO files."""

import json

import pytest
from exchanged_batches import foreign

from data_engine.errors import InvalidInput
from data_engine.review.exchange import coco
from data_engine.review.exchange.exchanged import Exchange, ExchangedAnswer, ExchangedTask


def _document(**changes):
    document = {
        "images": [{"id": 5, "file_name": "a.png", "width": 4, "height": 3}],
        "categories": [{"id": 2, "name": "mit"}],
        "annotations": [{"id": 9, "image_id": 5, "category_id": 2}],
    }
    return document | changes


def _read(tmp_path, document):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document), "utf-8")
    return coco.read(path)


def test_an_annotation_of_a_whole_image_is_its_class(tmp_path):
    (task,) = _read(tmp_path, _document()).tasks
    assert (task.uri, task.sample_id, task.answers[0].answer) == ("a.png", None, '{"label":"mit"}')
    assert task.answers[0].annotator == "coco"


def test_classes_are_categories_and_answers_annotations_without_boxes(exported, tmp_path):
    path = tmp_path / "a.json"
    coco.write(exported, path)
    document = json.loads(path.read_text("utf-8"))
    assert [entry["name"] for entry in document["categories"]] == ["mit", "apache-2.0", "gpl-2.0"]
    assert (len(document["images"]), len(document["annotations"])) == (6, 9)
    assert not [entry for entry in document["annotations"] if "bbox" in entry]


def test_a_box_is_carried_where_an_answer_holds_one(tmp_path):
    box = '{"bbox":[1,2,3,4],"label":"mit","segmentation":[[1,2,3,4,5,6]]}'
    given = Exchange((ExchangedTask("s0", uri="a.png", answers=(ExchangedAnswer("ada", box),)),))
    path = tmp_path / "a.json"
    coco.write(given, path)
    assert json.loads(path.read_text("utf-8"))["annotations"][0]["bbox"] == [1, 2, 3, 4]
    assert coco.read(path) == given


def test_a_class_that_the_batch_has_no_more_is_a_category_all_the_same(tmp_path):
    path = tmp_path / "a.json"
    coco.write(foreign(("s0", "ada", "gone")), path)
    assert [entry["name"] for entry in json.loads(path.read_text("utf-8"))["categories"]] == ["gone"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": None}, "annotations are of the images \\[5\\]"),
        ({"images": [{"file_name": "a"}]}, "image 1 of the list: id is None"),
        ({"images": [{"id": 1}, {"id": 1}]}, "image 2 of the list: id is 1, which is missing or there twice"),
        ({"images": [{"id": 5}]}, "image 5: sample_id and uri are missing"),
        ({"categories": [{"id": 2}]}, "category 2: name is missing"),
        ({"annotations": [{"id": 9, "image_id": 5, "category_id": 3}]}, "annotation 9: image_id is 5, category_id 3"),
        ({"annotations": [{"id": 9, "image_id": 5, "category_id": 2.5}]}, "category_id is 2.5; it must be a whole"),
        ({"annotations": {}}, "annotations is an object of 0; it must be a list"),
        ({"annotations": [{"id": 10**400}]}, "id is a number of more than 18 digits"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, changes, said):
    with pytest.raises(InvalidInput, match=said):
        _read(tmp_path, _document(**changes))


def test_a_file_without_annotations_is_no_coco_file(tmp_path):
    with pytest.raises(InvalidInput, match="annotations is missing; a COCO file has"):
        _read(tmp_path, {"images": [], "categories": []})
