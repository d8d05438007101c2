from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_project import TOPICS, SmallProject, notes_corpus
from written_steps import notes_runtime

from data_engine.corpus import Corpus
from data_engine.embedding import load_encoder
from data_engine.errors import ChecksFailed
from data_engine.labeling import row_in_service
from data_engine.runtime.examples.class_name_examples import as_words, class_name_examples
from data_engine.runtime.made_from.encoders import EncoderUsed

LABELS = notes_corpus(Path("source"))["labels"]
VECTORS = EncoderUsed("hashed-ngrams", load_encoder("hashed-ngrams").version)


def test_every_class_but_the_one_for_all_others_gives_its_name(tmp_path: Path) -> None:
    corpus = notes_runtime(tmp_path, labels={**LABELS, "class_names_as_examples": True}).corpus
    examples = class_name_examples(corpus, VECTORS)
    assert examples is not None
    assert examples.classes.tolist() == list(range(len(TOPICS)))
    assert np.allclose(examples.embeddings, load_encoder("hashed-ngrams").encode(list(TOPICS)))


def test_without_the_setting_there_are_none(tmp_path: Path) -> None:
    assert class_name_examples(notes_runtime(tmp_path).corpus, VECTORS) is None


def test_names_do_not_meet_vectors_of_another_encoder(tmp_path: Path) -> None:
    corpus = notes_runtime(tmp_path, labels={**LABELS, "class_names_as_examples": True}).corpus
    with pytest.raises(ChecksFailed, match="the example of a class name was made from vectors of hashed-ngrams"):
        class_name_examples(corpus, EncoderUsed("other", "other-1"))


@pytest.mark.parametrize(("name", "words"), [("credit_card-limit", "credit card limit"), ("MIT", "MIT"), ("--", "--")])
def test_a_name_is_read_as_words(name: str, words: str) -> None:
    assert as_words(name) == words


def test_a_corpus_of_images_has_no_use_for_names() -> None:
    changes = {"modality": "image", "encoder": "pixels", "labels": {**LABELS, "class_names_as_examples": True}}
    with pytest.raises(ValueError, match="which are texts, but modality is image; remove it"):
        Corpus.model_validate({**notes_corpus(Path("source")), **changes})


def test_names_are_learnt_from_when_the_setting_is_given_and_forgotten_when_it_is_taken_out(
    finished: SmallProject,
) -> None:
    before, release = _in_service(finished), finished.release("notes")
    finished.change("notes", labels={"class_names_as_examples": True})
    said = finished.run("notes")
    assert "labels.class_names_as_examples" in said
    with_names = _in_service(finished)
    assert with_names["classifier_version"] != before["classifier_version"]
    assert with_names["n_training"] == before["n_training"]
    finished.change("notes", labels={"class_names_as_examples": None})
    finished.run("notes")
    assert _in_service(finished)["classifier_version"] == before["classifier_version"]
    assert finished.release("notes") == release


def _in_service(project: SmallProject) -> dict[str, Any]:
    row = row_in_service(project.load().runtime("notes").store().read("classifier"))
    assert row is not None
    return row
