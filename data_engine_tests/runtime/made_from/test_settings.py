from pathlib import Path
from typing import Any

import pytest
from small_project import notes_corpus
from written_steps import keep_version, notes_runtime, pass_checks, write_step

from data_engine.corpus import Corpus
from data_engine.errors import ChecksFailed
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.made_from.settings import (
    configuration_used,
    corpus_used,
    refuse_other_rows,
    settings_used,
    used_by_steps,
    values_used,
)


def _corpus(**changes: Any) -> Corpus:
    return Corpus.model_validate({**notes_corpus(Path("source")), **changes})


def test_settings_are_kept_by_block_without_secrets_and_with_the_classes_themselves(tmp_path: Path) -> None:
    (tmp_path / "topics.txt").write_text("mit\nbsd\n", "utf-8")
    labels = {"question": "?", "classes": "topics.txt"}
    source = {"kind": "jsonl", "path": "s3://me:secret@bucket/a", "storage_options": {"key": "secret"}}
    corpus = _corpus(labels=labels, source=source).model_copy(update={"folder": str(tmp_path)})
    used = settings_used(corpus, ("source", "labels", "seed", "tree.n_resamples"))
    assert list(used) == ["source", "labels", "seed", "tree.n_resamples", "classes_file"]
    assert used["labels"]["classes"] == ["mit", "bsd"]
    assert (used["tree.n_resamples"], used["classes_file"]) == (corpus.tree.n_resamples, "topics.txt")
    assert "secret" not in str(used)


def test_the_configuration_is_that_of_the_tables_and_of_batches_that_differ_each_has_its_own() -> None:
    labels = {"classes": ["a", "b"], "confidence": 0.8, "target_precision": 0.7, "deciders": []}
    used = {
        "raw_index": {"may": {"source": {"path": "old"}}, "june": {"source": {"path": "new"}}},
        "drift_report": {"may": {"drift": {"alarm_p": 0.01}}, "june": {"drift": {"alarm_p": 0.01}}},
        "cluster_tree": {"": {"encoder": "old", "encoder_version": "old-1", "seed": 5}},
        "labels": {"": {"labels": labels}},
        "classifier": {"": {"labels": {**labels, "confidence": 0.95, "classes": ["c"]}}},
    }
    found = configuration_used(used, _corpus())
    assert found["source"] == {"by_batch": {"june": {"path": "new"}, "may": {"path": "old"}}}
    assert found["drift"] == {"alarm_p": 0.01}
    assert (found["encoder"], found["encoder_version"], found["seed"]) == ("old", "old-1", 5)
    assert found["labels"] == {**labels, "confidence": 0.95}
    assert "tree" not in found and "review" not in found
    assert values_used(used, "drift_report", "drift")[0] == ("june", {"alarm_p": 0.01})


def test_a_corpus_takes_the_blocks_of_its_tables_and_keeps_what_they_do_not_say() -> None:
    now = _corpus(seed=9)
    assert now.named_class("Baking") == "baking"
    classes = ["moon", "sun"]
    recorded = {"seed": 5, "encoder": "old", "labels": {"question": "?", "classes": classes}, "source": {"path": "x"}}
    used = corpus_used({**recorded, "first_pass": {"by_batch": {}}, "drift": {"unknown field": 1}}, now)
    assert (used.seed, used.encoder, used.class_names) == (5, "old", ("moon", "sun"))
    assert (used.named_class("Moon"), used.named_class("baking")) == ("moon", None)
    assert (used.source, used.first_pass, used.drift) == (now.source, now.first_pass, now.drift)


def test_a_reader_is_told_of_the_versions_that_another_step_read(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()

    def write(step: str, seed: int, **read: int) -> int:
        version = write_step(store, step, [], made_with={"seed": seed}, table_versions=read, data_version=f"d{seed}")
        pass_checks(runtime, version)
        return version.table_version

    first = write("labels", 1)
    write("quality_report", 1, labels=first)
    gate = CheckGate(runtime, store, "run")
    assert used_by_steps(gate, "quality_report")["labels"] == {"": {"seed": 1}}
    refuse_other_rows(gate, "quality_report", ["labels"], before="release")
    gate.keep_accepted("labels", "")
    write("labels", 2)
    gate = CheckGate(runtime, store, "run")
    assert used_by_steps(gate, "")["labels"] == {"": {"seed": 2}}
    assert used_by_steps(gate, "quality_report")["labels"] == {"": {"seed": 1}}
    with pytest.raises(ChecksFailed, match="other rows of labels than there are now; materialize quality_report first"):
        refuse_other_rows(gate, "quality_report", ["labels"], before="release")
    keep_version(store, "raw_index", "may")
