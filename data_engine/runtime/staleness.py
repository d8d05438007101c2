"""Staleness: whether a step has to run, by its code, its settings and the inputs that the plan declares.

What was last written is in `versions.py`.
"""

from typing import TYPE_CHECKING

from data_engine.runtime import check_gate
from data_engine.runtime.plan import JOBS, STEPS, partition_column
from data_engine.runtime.versions import StepVersion, fingerprint, step_versions

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime


def sql_models_are_stale(runtime: "CorpusRuntime") -> bool:
    """Whether a step has written something since the SQL models ran, they never did, or one of their tests failed."""
    versions = step_versions(runtime.store())
    last = versions.pop(("sql_models", ""), None)
    tests = versions.pop(("sql_tests", ""), None)
    if tests is not None and tests.data_version:
        return True
    return last is None or any(version.written_at > last.written_at for version in versions.values())


def stale_steps(runtime: "CorpusRuntime") -> list[str]:
    """The unpartitioned steps that are missing or stale, in order."""
    versions = step_versions(runtime.store())
    return [step for step in JOBS["refresh"] if is_stale(runtime, step, "", versions=versions)]


def is_stale(runtime: "CorpusRuntime", step: str, batch: str, *, versions: dict[tuple[str, str], StepVersion]) -> bool:
    """Whether a step has to run: it never did, its code or settings changed, or what it reads changed."""
    last = versions.get((step, batch))
    if last is None or last.code_version != runtime.code_version(step):
        return True
    if last.input_version != fingerprint(_inputs(runtime, versions, step, batch)):
        return True
    # A result that its own checks hold back is made again: the settings of a single run may have been the cause.
    return not batch and bool(check_gate.CheckGate(runtime, runtime.store(), "plan").own_refusal(last))


def _inputs(
    runtime: "CorpusRuntime", versions: dict[tuple[str, str], StepVersion], step: str, batch: str
) -> dict[str, str]:
    inputs: dict[str, str] = {}
    for upstream in STEPS[step].inputs:
        name = upstream.rstrip("*?")
        if STEPS[name].is_external:
            continue
        if upstream.endswith("*"):
            accepted, _ = check_gate.accepted_batches(runtime, runtime.store(), name, run_id="plan")
            inputs |= {f"{name}/{other}": version.data_version for other, version in accepted.items()}
        elif upstream.endswith("?"):
            inputs[upstream] = str(runtime.store().exists(name))
        else:
            part = batch if partition_column(name) else ""
            version = versions.get((name, part))
            inputs[f"{name}/{part}"] = version.data_version if version else "missing"
    return inputs | _outside_the_plan(runtime, step, batch)


def _outside_the_plan(runtime: "CorpusRuntime", step: str, batch: str) -> dict[str, str]:
    """Inputs that no step writes: the files of a batch, and those that the first pass learns from."""
    if step == "raw_index":
        from data_engine import indexing
        from data_engine.runtime.source_listing import batches_of

        return {"files": indexing.fingerprint(batches_of(runtime).get(batch, ()))}
    if step == "first_pass":
        from data_engine.runtime.examples.junk_examples import example_inputs

        return example_inputs(runtime)
    return {}
