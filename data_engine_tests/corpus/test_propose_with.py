from pathlib import Path

import pytest
from pydantic import ValidationError
from small_project import notes_corpus

from data_engine.corpus import Corpus

LABELS = {"question": "?", "classes": ["a", "b"]}


def _corpus(**labels: object) -> Corpus:
    return Corpus.model_validate(notes_corpus(Path("source"), labels=LABELS | labels))


def test_the_version_in_service_is_meant_unless_one_is_named() -> None:
    named = _corpus(propose_with={"corpus": "letters"}).labels.propose_with
    assert named is not None
    assert (named.corpus, named.model) == ("letters", "in_service")
    with pytest.raises(ValidationError, match="should match pattern"):
        _corpus(propose_with={"corpus": "letters", "model": "newest"})


def test_a_corpus_does_not_propose_with_itself() -> None:
    with pytest.raises(ValidationError, match="propose_with names the corpus notes itself"):
        _corpus(propose_with={"corpus": "notes"})


def test_slices_are_columns_named_once_and_models_are_names_of_the_registry() -> None:
    with pytest.raises(ValidationError, match="slices has 'class', which is no column"):
        _corpus(slices=["batch", "class"])
    with pytest.raises(ValidationError, match=r"slices names \['batch'\] more than once"):
        _corpus(slices=["batch", "batch"])
    assert _corpus(model="mlp").labels.model == "mlp"
    with pytest.raises(ValidationError, match="softmax, mlp, neighbours"):
        _corpus(model="forest")
