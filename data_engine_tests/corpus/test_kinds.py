from pathlib import Path

import pytest
from object_project import scenes_corpus
from pydantic import ValidationError

from data_engine.corpus import Corpus
from data_engine.corpus.kinds import check_alone, check_kind


def test_a_question_of_objects_has_no_settings_of_classes() -> None:
    check_kind("objects", {"classes", "rounds"})
    check_kind("class", {"other"})
    with pytest.raises(ValueError, match=r"kind is objects and out_of_scope and other are about the class of a whole"):
        check_kind("objects", {"other", "out_of_scope"})


def test_a_corpus_of_objects_is_read_again_as_it_was_written_out() -> None:
    corpus = Corpus.model_validate(scenes_corpus(Path("x")))
    assert corpus.asks_for_objects
    assert Corpus.model_validate(corpus.model_dump()) == corpus


def test_objects_are_asked_for_in_images_and_alone() -> None:
    values = scenes_corpus(Path("x"), modality="text", review={}, known_label_column=None)
    with pytest.raises(ValidationError, match=r"labels.kind is objects, but modality is text; set modality: image"):
        Corpus.model_validate(values)
    with pytest.raises(ValueError, match="a release has no room for objects beside other questions"):
        check_alone("objects")
