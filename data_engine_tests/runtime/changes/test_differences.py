from dataclasses import replace
from pathlib import Path

from written_steps import keep_version, notes_runtime

from data_engine.corpus import Corpus
from data_engine.runtime.changes.differences import Difference, OtherRows, changed_inputs, code_and_settings
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.settings import settings_used
from data_engine.runtime.plan import spec_of
from data_engine.runtime.versions import StepVersion


def _version(runtime: CorpusRuntime, step: str, used: Corpus | None = None, **made_from: object) -> StepVersion:
    made_with = settings_used(used or runtime.corpus, spec_of(step).settings)
    made_from = {"code": runtime.code_of(step), "inputs": {}, **made_from}
    said = {"code_version": runtime.code_version(step), "made_with": made_with, "made_from": made_from}
    return keep_version(runtime.store(), step, **said)


def test_a_changed_field_of_the_yaml_is_named_with_its_old_and_new_value(tmp_path: Path) -> None:
    version = _version(notes_runtime(tmp_path), "balanced_subset")
    assert list(code_and_settings(notes_runtime(tmp_path), version)) == []
    changed = notes_runtime(tmp_path, subset={"target_size": 90}, known_label_pattern="(.*)")
    assert list(code_and_settings(changed, version)) == [
        Difference("setting", "known_label_pattern", "not set", "(.*)"),
        Difference("setting", "subset.target_size", "180", "90"),
    ]
    assert list(code_and_settings(notes_runtime(tmp_path, drift={"min_samples": 9}), version)) == []


def test_a_block_that_is_given_as_a_whole_is_one_difference(tmp_path: Path) -> None:
    asking = notes_runtime(tmp_path)
    silent = notes_runtime(tmp_path, labels=None, review={})
    version = _version(silent, "quality_report")
    assert list(code_and_settings(asking, version)) == [Difference("setting", "labels", "not set", "set")]


def test_a_block_in_the_place_of_nothing_is_told_by_its_fields(tmp_path: Path) -> None:
    plain = notes_runtime(tmp_path)
    version = _version(plain, "labels")
    labels = plain.corpus.labels.model_dump(exclude={"given", "renamed"})
    given = notes_runtime(tmp_path, labels={**labels, "given": {"column": "tag"}, "renamed": {"bread": "baking"}})
    found = {difference.name: difference.after for difference in code_and_settings(given, version)}
    assert found == {
        "labels.given.column": "tag",
        "labels.given.in_hold_out": "false",
        "labels.renamed.bread": "baking",
    }


def test_changed_code_is_named_by_its_step_and_not_taken_for_a_setting(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    version = replace(_version(runtime, "embeddings", code="earlier"), code_version="earlier")
    assert list(code_and_settings(runtime, version)) == [Difference("code", "embeddings", "", "changed")]


def test_a_version_of_an_earlier_engine_says_that_it_did_not_keep_what_it_was_made_from(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    version = keep_version(runtime.store(), "embeddings")
    (found,) = code_and_settings(runtime, version)
    assert (found.kind, found.name) == ("code", "embeddings")
    assert "an earlier engine did not keep which" in found.after


def test_a_secret_that_changed_is_said_to_have_changed_and_never_shown(tmp_path: Path) -> None:
    def runtime(password: str) -> CorpusRuntime:
        source = {"kind": "jsonl", "path": f"https://me:{password}@host/notes", "storage_options": {"key": password}}
        return notes_runtime(tmp_path, source=source)

    version = _version(runtime("hunter-first"), "raw_index")
    found = list(code_and_settings(runtime("hunter-second"), version))
    assert found == [Difference("setting", "source", "", "a value that is secret, or a $VARIABLE, changed")]
    assert "hunter" not in str(vars(version))


def test_inputs_are_compared_by_name() -> None:
    before, now = {"a/": "1", "b/": "2"}, {"b/": "3", "c/": "4"}
    assert list(changed_inputs(before, now)) == [("a/", "1", ""), ("b/", "2", "3"), ("c/", "", "4")]


def test_what_a_version_was_made_from_is_read_back(tmp_path: Path) -> None:
    from data_engine.runtime.versions import step_versions

    runtime = notes_runtime(tmp_path)
    version = _version(runtime, "cluster_tree")
    kept = step_versions(runtime.store())["cluster_tree", ""]
    assert kept == version
    assert (kept.made_with["seed"], kept.made_from["code"]) == (3, runtime.code_of("cluster_tree"))


def test_a_field_is_compared_with_what_the_run_used_and_with_nothing_that_is_no_setting(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    in_one_run = notes_runtime(tmp_path, subset={"target_size": 70}).corpus
    version = _version(runtime, "balanced_subset", in_one_run)
    version = replace(version, made_with={**version.made_with, "encoder_version": "of the vectors"})
    assert list(code_and_settings(notes_runtime(tmp_path, subset={"target_size": 90}), version)) == [
        Difference("setting", "subset.target_size", "70", "90")
    ]


def test_classes_of_a_file_are_compared_by_name_and_so_is_the_file(tmp_path: Path) -> None:
    def runtime(name: str, *classes: str) -> CorpusRuntime:
        (tmp_path / name).write_text("\n".join(classes), "utf-8")
        found = notes_runtime(tmp_path, labels={"question": "?", "classes": name})
        return replace(found, corpus=found.corpus.model_copy(update={"folder": str(tmp_path)}))

    version = _version(runtime("a.txt", "mit", "bsd"), "labels")
    assert list(code_and_settings(runtime("a.txt", "mit", "isc"), version)) == [
        Difference("setting", "labels.classes", '["mit", "bsd"]', '["mit", "isc"]')
    ]
    assert list(code_and_settings(runtime("b.txt", "mit", "bsd"), version)) == [
        Difference("setting", "classes_file", "a.txt", "b.txt")
    ]


def test_rows_that_are_other_ones_are_said_once_for_all_that_read_them(tmp_path: Path) -> None:
    runtime, rows = notes_runtime(tmp_path), OtherRows()
    tree, labels = (keep_version(runtime.store(), step) for step in ("cluster_tree", "labels"))
    rows.add(tree, [("embeddings/may", "d1", "d2"), ("embeddings/june", "d1", "d2"), ("embeddings/july", "d1", "")])
    rows.add(labels, [("given labels/may", "d1", "d2"), ("cluster_tree/", "", "d2")])
    rows.add(labels, [("embeddings/may", "d1", "d2")])
    assert list(rows.differences()) == [
        Difference("rows", "embeddings of may, june", "", "made anew since cluster_tree, labels ran"),
        Difference("rows", "embeddings of july", "", "gone, or held back, since cluster_tree ran"),
        Difference("rows", "given labels of may", "", "made anew since labels ran"),
        Difference("rows", "cluster_tree", "", "new since labels ran"),
    ]
