from pathlib import Path

import numpy as np
import onnx
import pytest
from written_steps import NOON, notes_runtime, pass_checks, take_in, write_step

from data_engine.errors import InvalidInput
from data_engine.labeling import fit_model
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.models import model_versions
from data_engine.runtime.models.promotions import hand_promotions, in_force

SAID = {"by": "ada", "why": "the other confuses a and b", "now": NOON}


@pytest.fixture
def taught(tmp_path: Path) -> tuple[CorpusRuntime, list[str]]:
    """A corpus with three versions, the newest of them in service, and one of another encoder."""
    runtime = notes_runtime(tmp_path, labels={"question": "?", "classes": ["a", "b"]}, review={})
    take_in(runtime, "may", [{"sample_id": "s1"}])
    encoder = model_versions.CheckGate(runtime, runtime.store(), "test").encoder_in_use().version
    rows = []
    for number, kind in enumerate(("softmax", "neighbours", "mlp", "softmax")):
        names = ("a", "b") if number < 3 else ("b", "a")
        model = fit_model(kind, np.eye(2), np.arange(2), seed=number, n_classes=2, class_names=names)
        rows.append(
            {
                "classifier_version": model.version,
                "is_in_service": number == 2,
                "took_over": number != 1,
                "encoder_version": encoder,
                "artefact": model.to_bytes(),
            }
        )
    foreign = {**rows[0], "classifier_version": "f" * 16, "encoder_version": "another-1", "took_over": False}
    pass_checks(runtime, write_step(runtime.store(), "classifier", [*rows, foreign]))
    return runtime, [str(row["classifier_version"]) for row in [*rows, foreign]]


def _in_force(runtime: CorpusRuntime) -> str | None:
    held = in_force(hand_promotions(runtime.store()))
    return None if held is None else held.classifier_version


def test_a_version_is_promoted_and_a_rollback_undoes_that(taught: tuple[CorpusRuntime, list[str]]) -> None:
    runtime, (first, second, third, *_) = taught
    assert model_versions.version_in_service(runtime) == third
    made = model_versions.promote(runtime, second[:6], **SAID)
    assert (made.number, made.classifier_version, made.replaced, made.decided_by) == (1, second, third, "ada")
    model_versions.promote(runtime, first, **SAID)
    assert _in_force(runtime) == first
    with pytest.raises(InvalidInput, match=f"version {first} is in service by hand already"):
        model_versions.promote(runtime, first, **SAID)
    assert model_versions.rollback(runtime, **SAID).classifier_version == second
    assert model_versions.rollback(runtime, **SAID).classifier_version is None
    assert _in_force(runtime) is None
    assert [each.action for each in hand_promotions(runtime.store())] == ["promote", "promote", "rollback", "rollback"]


def test_without_a_promotion_a_rollback_puts_the_version_before_back(taught: tuple[CorpusRuntime, list[str]]) -> None:
    runtime, (first, _, third, *_) = taught
    # The second never took over, and the fourth knows the classes in another order.
    assert model_versions.rollback(runtime, **SAID).classifier_version == first
    assert _in_force(runtime) == first
    assert model_versions.rollback(runtime, **SAID).classifier_version is None
    assert model_versions.version_in_service(runtime) == third


def test_what_cannot_be_in_service_is_refused_with_the_reason(taught: tuple[CorpusRuntime, list[str]]) -> None:
    runtime, (first, _, _, fourth, foreign) = taught
    with pytest.raises(
        InvalidInput, match="cannot be promoted: it learnt from vectors of another-1, and the embeddings"
    ):
        model_versions.promote(runtime, foreign, **SAID)
    with pytest.raises(InvalidInput, match="it knows other classes than"):
        model_versions.promote(runtime, fourth, **SAID)
    with pytest.raises(InvalidInput, match=f"no version begins with 'zz'; the corpus notes has {first}, "):
        model_versions.promote(runtime, "zz", **SAID)
    with pytest.raises(InvalidInput, match="5 versions begin with ''"):
        model_versions.find_version(runtime, "")
    with pytest.raises(InvalidInput, match="--why is empty"):
        model_versions.promote(runtime, first, **{**SAID, "why": " "})
    assert hand_promotions(runtime.store()) == []


def test_before_the_first_round_it_is_said_how_to_get_a_version(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    for asked in (lambda: model_versions.rollback(runtime, **SAID), lambda: model_versions.find_version(runtime, "3f")):
        with pytest.raises(InvalidInput, match="notes has no version yet; data-engine run notes trains one"):
            asked()


def test_a_version_is_written_as_a_file(taught: tuple[CorpusRuntime, list[str]], tmp_path: Path) -> None:
    runtime, (first, *_) = taught
    row = model_versions.export(runtime, first[:8], tmp_path / "model.onnx")
    read = onnx.load(tmp_path / "model.onnx")
    told = {each.key: each.value for each in read.metadata_props}
    assert (told["version"], told["corpus"], told["encoder_version"]) == (first, "notes", row["encoder_version"])
