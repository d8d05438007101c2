from pathlib import Path

import numpy as np
import pytest
from written_steps import notes_runtime, pass_checks, write_step

from data_engine.errors import ChecksFailed, InvalidInput
from data_engine.labeling import fit_model
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.encoders import EncoderUsed
from data_engine.runtime.models.borrowed import borrowed_inputs, borrowed_model

VECTORS = EncoderUsed("e", "e-1")


def _runtime(folder: Path, name: str = "memos", **labels: object) -> CorpusRuntime:
    plain = {"question": "?", "classes": ["a", "b"], "propose_with": {"corpus": "letters"}}
    return notes_runtime(folder, name=name, labels=plain | labels, review={}, known_label_column=None)


def _teach(folder: Path, *, names: tuple[str, ...] = ("a", "b"), encoder: str = "e-1", passed: bool = True) -> str:
    """A corpus `letters` with two versions, the first of them in service; returns that one."""
    there = _runtime(folder, "letters", propose_with=None)
    models = [
        fit_model(kind, np.eye(2), np.arange(2), seed=0, n_classes=2, class_names=names)
        for kind in ("softmax", "neighbours")
    ]
    rows = [
        {
            "classifier_version": model.version,
            "is_in_service": number == 0,
            "encoder_version": encoder,
            "artefact": model.to_bytes(),
        }
        for number, model in enumerate(models)
    ]
    pass_checks(there, write_step(there.store(), "classifier", rows), passed=passed)
    return models[0].version


def test_the_version_in_service_there_is_borrowed_or_the_one_that_is_named(tmp_path: Path) -> None:
    version = _teach(tmp_path)
    found = borrowed_model(_runtime(tmp_path), VECTORS)
    assert found is not None
    assert (found.corpus, found.row["classifier_version"], found.model.version) == ("letters", version, version)
    assert borrowed_inputs(_runtime(tmp_path)) == {"letters/classifier": version}
    named = _runtime(tmp_path, propose_with={"corpus": "letters", "model": version[:6]})
    assert borrowed_inputs(named) == {"letters/classifier": version}
    none = _runtime(tmp_path, propose_with=None)
    assert (borrowed_model(none, VECTORS), borrowed_inputs(none)) == (None, {})


def test_a_model_of_one_of_several_questions_is_borrowed_by_the_name_of_the_question(tmp_path: Path) -> None:
    block = {"name": "tone", "question": "?", "classes": ["a", "b"]}
    asking = notes_runtime(tmp_path, name="letters", labels=[block], review={}, known_label_column=None)
    model = fit_model("softmax", np.eye(2), np.arange(2), seed=0, n_classes=2, class_names=("a", "b"))
    row = {"classifier_version": model.version, "is_in_service": True, "encoder_version": "e-1"}
    question = asking.of_question("tone")
    version = write_step(question.store(), "classifier", [{**row, "artefact": model.to_bytes()}])
    pass_checks(question, version)
    found = borrowed_model(_runtime(tmp_path, propose_with={"corpus": "letters.tone"}), VECTORS)
    assert found is not None
    assert (found.corpus, found.model.version) == ("letters.tone", model.version)
    with pytest.raises(InvalidInput, match="names the corpus letters, which has no classifier"):
        borrowed_model(_runtime(tmp_path), VECTORS)
    itself = {**block, "propose_with": {"corpus": "letters.tone"}}
    again = notes_runtime(tmp_path, name="letters", labels=[itself], review={}, known_label_column=None)
    with pytest.raises(InvalidInput, match=r"propose_with of letters\.tone names itself"):
        borrowed_model(again.of_question("tone"), VECTORS)


def test_another_encoder_and_other_classes_are_refused_by_name(tmp_path: Path) -> None:
    _teach(tmp_path, encoder="e-2")
    with pytest.raises(
        ChecksFailed, match=r"learnt from vectors of e-2, and the embeddings here are of e \(version e-1"
    ):
        borrowed_model(_runtime(tmp_path), VECTORS)
    _teach(tmp_path, names=("b", "a"))
    with pytest.raises(InvalidInput, match=r"knows the classes 'b', 'a', and labels.classes are 'a', 'b'; give both"):
        borrowed_model(_runtime(tmp_path), VECTORS)


def test_what_is_missing_or_held_back_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInput, match="names the corpus letters, which has no classifier; data-engine run letters"
    ):
        borrowed_model(_runtime(tmp_path), VECTORS)
    assert borrowed_inputs(_runtime(tmp_path)) == {"letters/classifier": "missing"}
    version = _teach(tmp_path, passed=False)
    with pytest.raises(ChecksFailed, match=r"letters .* is held back by its checks"):
        borrowed_model(_runtime(tmp_path), VECTORS)
    _teach(tmp_path)
    with pytest.raises(
        InvalidInput, match=f"model is 0000, which begins 0 versions of the corpus letters; .*{version}"
    ):
        borrowed_model(_runtime(tmp_path, propose_with={"corpus": "letters", "model": "0000"}), VECTORS)
