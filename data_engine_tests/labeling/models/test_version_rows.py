from data_engine.labeling import fit_model
from data_engine.labeling.models.version_rows import borrowed_row, measured


def test_a_model_of_another_corpus_stands_in_the_registry_with_the_hold_out_of_this_one(make_classes) -> None:
    data = make_classes(200, 4)
    names = ("a", "b", "c", "d")
    model = fit_model("softmax", data.x[:80], data.y[:80], seed=0, n_classes=4, class_names=names)
    calibrated = model.calibrate(data.x[100:], data.y[100:])
    told = measured(calibrated, data.x[100:], data.y[100:], target_precision=0.9, confidence=0.9)
    assert (told["n_hold_out"], told["accuracy"], told["gate_n_checked"]) == (100, 1.0, 100)
    there = {"classifier_version": model.version, "n_rounds": 3, "n_training": 80, "accuracy": 0.5, "query_accuracy": 1}
    row = borrowed_row(there, calibrated, corpus="letters", of_hold_out=told)
    assert row["borrowed_from"] == f"letters/{model.version}"
    assert (row["classifier_version"], row["accuracy"], row["n_training"]) == (calibrated.version, 1.0, 80)
    assert (row["n_rounds"], row["query_accuracy"]) == (0, None)
