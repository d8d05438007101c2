"""Staleness: whether a step has to run, by its code, its configuration and what it reads."""

from data_engine import indexing
from data_engine.orchestration import gates
from data_engine.orchestration.bench import Bench, fingerprint
from data_engine.orchestration.jobs import JOBS
from data_engine.orchestration.listing import batches_of
from data_engine.orchestration.tables_io import StepVersion, step_versions

#: What each step reads: the steps whose data versions are its input version. `*` stands for all open batches.
READS: dict[str, tuple[str, ...]] = {
    "first_pass": ("raw_index",),
    "embeddings": ("first_pass",),
    "drift_report": ("embeddings",),
    "cluster_tree": ("embeddings*",),
    "balanced_subset": ("cluster_tree",),
    "classifier": ("reviewed_labels*",),
    "proposals": ("classifier", "balanced_subset"),
    "labels": ("reviewed_labels*", "proposals", "balanced_subset"),
    "quality_report": ("labels", "balanced_subset", "drift_report*"),
    "release": ("labels", "balanced_subset"),
}


def sql_models_are_stale(bench: Bench) -> bool:
    """Whether a step has written something since the SQL models ran, they never did, or one of their tests failed."""
    versions = step_versions(bench.store())
    last = versions.pop(("sql_models", ""), None)
    tests = versions.pop(("sql_tests", ""), None)
    if tests is not None and tests.data_version:
        return True
    return last is None or any(version.written_at > last.written_at for version in versions.values())


def stale_steps(bench: Bench) -> list[str]:
    """The unpartitioned steps that are missing or stale, in order."""
    versions = step_versions(bench.store())
    return [step for step in JOBS["refresh"] if is_stale(bench, step, "", versions=versions)]


def is_stale(bench: Bench, step: str, batch: str, *, versions: dict[tuple[str, str], StepVersion]) -> bool:
    """Whether a step has to run: it never did, its code or configuration changed, or what it reads changed."""
    last = versions.get((step, batch))
    if last is None or last.code_version != bench.code_version(step):
        return True
    if step == "raw_index":
        batches = batches_of(bench)
        return last.input_version != fingerprint({"files": indexing.fingerprint(batches.get(batch, ()))})
    if last.input_version != fingerprint(_inputs(bench, versions, step, batch)):
        return True
    # A result that its own checks hold back is made again: the configuration of a single run may have been the cause.
    return not batch and bool(gates.open_batches(bench, bench.store(), step, run_id="plan")[1])


def _inputs(bench: Bench, versions: dict[tuple[str, str], StepVersion], step: str, batch: str) -> dict[str, str]:
    inputs: dict[str, str] = {}
    for upstream in READS[step]:
        if upstream.endswith("*"):
            opened, _ = gates.open_batches(bench, bench.store(), upstream[:-1], run_id="plan")
            inputs |= {f"{upstream[:-1]}/{b}": version.data_version for b, version in opened.items()}
            continue
        of = batch if bench.partitions_of(upstream) is not None else ""
        version = versions.get((upstream, of))
        inputs[f"{upstream}/{of}"] = version.data_version if version else "missing"
    if step == "first_pass" and bench.corpus.first_pass.junk is not None:
        from data_engine.orchestration.examples import junk_example_files

        inputs["junk examples"] = indexing.fingerprint(junk_example_files(bench))
    if step == "drift_report":
        inputs["tree"] = str(bench.store().exists("cluster_tree"))
    return inputs
