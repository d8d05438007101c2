"""Staleness: whether a step has to run, by its code, its configuration and what it reads."""

from data_engine import indexing
from data_engine.orchestration.automation.jobs import JOBS
from data_engine.runtime import check_gate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.source_listing import batches_of
from data_engine.runtime.versions import StepVersion, fingerprint, step_versions

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


def sql_models_are_stale(runtime: CorpusRuntime) -> bool:
    """Whether a step has written something since the SQL models ran, they never did, or one of their tests failed."""
    versions = step_versions(runtime.store())
    last = versions.pop(("sql_models", ""), None)
    tests = versions.pop(("sql_tests", ""), None)
    if tests is not None and tests.data_version:
        return True
    return last is None or any(version.written_at > last.written_at for version in versions.values())


def stale_steps(runtime: CorpusRuntime) -> list[str]:
    """The unpartitioned steps that are missing or stale, in order."""
    versions = step_versions(runtime.store())
    return [step for step in JOBS["refresh"] if is_stale(runtime, step, "", versions=versions)]


def is_stale(runtime: CorpusRuntime, step: str, batch: str, *, versions: dict[tuple[str, str], StepVersion]) -> bool:
    """Whether a step has to run: it never did, its code or configuration changed, or what it reads changed."""
    last = versions.get((step, batch))
    if last is None or last.code_version != runtime.code_version(step):
        return True
    if step == "raw_index":
        batches = batches_of(runtime)
        return last.input_version != fingerprint({"files": indexing.fingerprint(batches.get(batch, ()))})
    if last.input_version != fingerprint(_inputs(runtime, versions, step, batch)):
        return True
    # A result that its own checks hold back is made again: the configuration of a single run may have been the cause.
    return not batch and bool(check_gate.accepted_batches(runtime, runtime.store(), step, run_id="plan")[1])


def _inputs(
    runtime: CorpusRuntime, versions: dict[tuple[str, str], StepVersion], step: str, batch: str
) -> dict[str, str]:
    inputs: dict[str, str] = {}
    for upstream in READS[step]:
        if upstream.endswith("*"):
            opened, _ = check_gate.accepted_batches(runtime, runtime.store(), upstream[:-1], run_id="plan")
            inputs |= {f"{upstream[:-1]}/{b}": version.data_version for b, version in opened.items()}
            continue
        of = batch if runtime.partitions_of(upstream) is not None else ""
        version = versions.get((upstream, of))
        inputs[f"{upstream}/{of}"] = version.data_version if version else "missing"
    if step == "first_pass":
        from data_engine.runtime.junk_examples import example_inputs

        inputs |= example_inputs(runtime)
    if step == "drift_report":
        inputs["tree"] = str(runtime.store().exists("cluster_tree"))
    return inputs
