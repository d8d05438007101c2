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


def _pairs(**changes: object) -> Corpus:
    source = {"kind": "jsonl", "path": "x", "path_column": "file"}
    values = {"name": "pairs", "modality": "image_text", "source": source, "subset": {"target_size": 2}, **changes}
    return Corpus.model_validate(values)


def test_the_mix_of_pairs_is_a_part_of_the_name_of_their_encoder_and_no_setting_of_its_own() -> None:
    assert _pairs().encoder == "pairs/0.5/efficientnet-lite0|all-MiniLM-L6-v2"
    assert (
        _pairs(encoder="models/clip", embedding={"mix": {"image": 0.3, "text": 0.7}}).encoder == "pairs/0.3/models/clip"
    )
    assert _pairs(encoder="pairs/0.2/a|b").encoder == "pairs/0.2/a|b"
    assert "embedding" not in _pairs().model_dump()
    assert _pairs().source.max_sample_bytes == 20_000_000


def test_shares_that_are_not_whole_and_a_mix_of_one_part_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"mix has image 0.3 and text 0.5, together 0.8; shares add up to 1"):
        _pairs(embedding={"mix": {"image": 0.3}})
    with pytest.raises(ValidationError, match=r"embedding.mix weighs the two parts of pairs, but modality is image"):
        _pairs(modality="image", embedding={})


def test_agreement_needs_a_model_of_both_and_other_corpora_have_no_such_setting() -> None:
    with pytest.raises(ValidationError, match=r"rule agreement is 0.2 but agreement_encoder names no model"):
        _pairs(first_pass={"rules": {"agreement": 0.2}})
    assert "agreement_encoder" not in _pairs().model_dump()["first_pass"]
    named = _pairs(first_pass={"rules": {"agreement": 0.2}, "agreement_encoder": "models/clip"})
    assert named.model_dump(mode="json")["first_pass"]["agreement_encoder"] == "models/clip"
