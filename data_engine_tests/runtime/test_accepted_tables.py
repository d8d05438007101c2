"""Which version of a table each reader gets, and that nothing reads a table by another way."""

import ast
from pathlib import Path

import pytest
from schema_tables import table
from written_steps import notes_runtime, pass_checks, take_in, write_step

import data_engine
from data_engine.errors import ChecksFailed
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.check_gate import CheckGate, accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime

PACKAGE = Path(data_engine.__file__).parent

#: Who reads tables as they are now, and why that is right.
READS_AS_IT_IS = {
    "storage": "how tables lie on disk",
    "runtime/accepted_tables.py": "the one way to read them",
    "runtime/check_gate.py": "verdicts",
    "runtime/versions.py": "what steps wrote last",
    "runtime/step_inputs.py": "accepted versions that it has asked for, and the step's own ledger",
    "runtime/step_run.py": "the rows that it has just written",
    "runtime/accepted_samples.py": "duplicates of all batches, also of held ones, at the versions that were written",
    "runtime/integrity": "whatever is on disk, to be compared with what was written",
    "runtime/steps/reviewed_labels.py": "its own verdict, where the queue knows the batch no more",
    "runtime/made_from/encoders.py": "the encoder of rows of an earlier engine, at the version that is asked about",
    "runtime/staleness.py": "the release that has to be there",
    "runtime/alarms/alarm_table.py": "what the sensors keep of alarms, which no step writes",
    "runtime/models/promotions.py": "decisions of people, which no step writes",
    "runtime/models/mask_networks.py": "the networks of earlier commands, which no step writes",
    "runtime/models/borrowed.py": "the classifier that another corpus accepted last",
    "orchestration/launch/failures.py": "verdicts of the run that failed",
    "orchestration/launch/job_runs.py": "verdicts, for their seconds",
    "runtime/amendments/forgetting.py": "what batches past their checks keep, at the versions that were accepted",
    "runtime/amendments/kept_batches.py": "which batches hold a sample to be forgotten, accepted or not",
    "runtime/amendments/forgotten_samples.py": "everything that holds a sample to be forgotten, accepted or not",
    "runtime/releases/current.py": "the release that the table holds",
    "runtime/releases/release_life.py": "what the ledger says by now of samples that came or left",
    "runtime/amendments/rechecking.py": "the verdicts that failed",
    "runtime/changes/run_outcome.py": "what a run has changed, accepted or not, at the versions before and after it",
    "runtime/changes/source_files.py": "the files that the last version was read from, accepted or not",
    "terminal/why.py": "shows what happened to a sample, also in batches that are held back",
    "terminal/image_viewer.py": "the image of one content, whichever batch holds it",
    "terminal/thumbnails.py": "the image of one content, whichever batch holds it",
    "warehouse": "all tables, for SQL",
}


def _tables(runtime: CorpusRuntime, reader: str, batch: str = "") -> AcceptedTables:
    return AcceptedTables(runtime.store(), CheckGate(runtime, runtime.store(), "run"), reader, batch)


def _reads(path: Path) -> bool:
    """Whether a file calls `read` or `dataset` of a table store."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    return any(
        isinstance(call, ast.Attribute)
        and call.attr in ("read", "dataset")
        and ast.unparse(call.value).removesuffix("()").endswith("store")
        for call in calls
    )


def test_every_read_of_a_table_goes_through_the_verdicts_or_is_known_not_to() -> None:
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if _reads(path)}
    known = {name for name in found for where in READS_AS_IT_IS if name == where or name.startswith(f"{where}/")}
    assert found == known, "read it with StepRun, or with check_gate.accepted_tables"


def test_a_step_reads_its_own_partition_at_the_versions_that_its_input_was_made_from(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    take_in(runtime, "may", [{"sample_id": "a", "text": "old"}])
    newer = write_step(runtime.store(), "raw_index", [{"sample_id": "b", "uri": "b", "metadata": "{}"}], "may")
    pass_checks(runtime, newer)
    tables = _tables(runtime, "embeddings", "may")
    assert tables.read("first_pass", batch="may")["sample_id"].to_pylist() == ["a"]
    # The first pass has not judged the newer rows yet.
    assert tables.read("raw_index", batch="may")["sample_id"].to_pylist() == ["a"]
    assert tables.stands_on == {"raw_index": 1, "first_pass": 1}
    assert _tables(runtime, "first_pass", "may").read("raw_index", batch="may")["sample_id"].to_pylist() == ["b"]


def test_a_batch_is_read_by_what_follows_only_when_all_steps_of_a_batch_accepted_it(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    take_in(runtime, "may", [{"sample_id": "a"}])
    pass_checks(runtime, write_step(runtime.store(), "raw_index", [{"sample_id": "b", "uri": "b"}], "june"))
    assert _tables(runtime, "release").partitions("raw_index") == {"may": 1}
    assert accepted_tables(runtime, run_id="run").partitions("raw_index") == {"may": 1}
    # The first pass of another batch may read it: it has passed the checks of its own step.
    assert _tables(runtime, "first_pass", "july").partitions("raw_index") == {"june": 2, "may": 1}
    assert _tables(runtime, "first_pass", "july").partitions("raw_index", behind="first_pass") == {"may": 1}


def test_a_step_reads_its_own_table_as_it_wrote_it_last_and_others_only_past_their_checks(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    version = write_step(runtime.store(), "cluster_tree", [{"level": 1}])
    pass_checks(runtime, version, passed=False)
    assert _tables(runtime, "cluster_tree").version("cluster_tree") == version.table_version
    with pytest.raises(ChecksFailed, match="notes/cluster_tree is held back by its checks"):
        _tables(runtime, "balanced_subset").read("cluster_tree")


def test_a_table_that_was_never_written_is_empty(tmp_path: Path) -> None:
    tables = accepted_tables(notes_runtime(tmp_path), run_id="run")
    assert tables.read("labels").num_rows == tables.read("raw_index").num_rows == 0
    assert tables.scan("raw_index").count_rows() == 0
    assert (tables.version("labels"), tables.partitions("raw_index")) == (None, {})


def test_a_further_table_is_read_at_the_version_that_was_written_with_the_step(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    rows = [table("tree_assignments", [{"sample_id": name}]) for name in ("with the tree", "of a killed run")]
    with_tree = store.write("tree_assignments", rows[0], run_id="run", code_version="c1")
    made = {"tree_assignments": with_tree.version}
    pass_checks(runtime, write_step(store, "cluster_tree", [{"level": 1}], table_versions=made))
    store.write("tree_assignments", rows[1], run_id="killed", code_version="c1")
    for reader in ("cluster_tree", "balanced_subset"):
        read = _tables(runtime, reader).read("tree_assignments", columns=["sample_id"])
        assert read.to_pylist() == [{"sample_id": "with the tree"}]
