from types import SimpleNamespace

from data_engine.reporting.annotation_stages import stages_of
from data_engine.schemas import ANNOTATION_STAGES, REVIEWED_LABELS


def test_without_answers_or_labels_there_are_no_stages() -> None:
    corpus = SimpleNamespace(has_labels=True, labels=SimpleNamespace(target_precision=0.9))
    assert stages_of(corpus, {}).schema == ANNOTATION_STAGES
    assert stages_of(corpus, {"reviewed_labels": REVIEWED_LABELS.empty_table()}).num_rows == 0
