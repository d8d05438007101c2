"""Staleness: whether a step has to run, by its code, its settings and the inputs that the plan declares.

What was last written is in `versions.py`.
"""

import json
from collections.abc import Sequence
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING

from data_engine.runtime import check_gate
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.made_from.answered_samples import waiting_answer_inputs
from data_engine.runtime.made_from.encoders import encoder_in_use, is_of_another
from data_engine.runtime.made_from.given_labels import given_label_inputs, reads_given_labels
from data_engine.runtime.made_from.known_labels import known_label_inputs, reads_known_labels
from data_engine.runtime.made_from.question_labels import question_inputs, reads_questions
from data_engine.runtime.plan import BATCH_STEPS, STEPS, partition_column
from data_engine.runtime.versions import StepVersion, fingerprint, step_versions, versions_read
from data_engine.storage import presence
from data_engine.storage.mart_files import run_of_mart

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime

logger = getLogger(__name__)


def sql_models_are_stale(runtime: "CorpusRuntime") -> bool:
    """Whether they never ran, read other versions than those of now, were not tested or failed, or lack a mart."""
    versions = step_versions(runtime.store())
    last = versions.get(("sql_models", ""))
    if last is None or not _passed(runtime, last, versions.get(("sql_tests", ""))):
        return True
    return last.input_version != versions_read(versions) or bool(_lost_marts(runtime, last))


def _passed(runtime: "CorpusRuntime", models: StepVersion, tests: StepVersion | None) -> bool:
    """Whether the SQL tests, where there are any, held over what the models made last."""
    from data_engine.runtime.sql_models import sql_tests_of

    if tests is None:
        return not sql_tests_of(runtime)
    return not tests.data_version and tests.input_version == models.input_version


def _lost_marts(runtime: "CorpusRuntime", models: StepVersion) -> list[str]:
    """The marts that are missing, or that are not those which the models wrote last."""
    from data_engine.runtime.sql_models import models_of

    store, marts = runtime.store(), (model.name for model in models_of(runtime) if model.layer == "marts")
    lost = sorted(name for name in marts if run_of_mart(store, name) != models.run_id)
    if lost:
        logger.warning("the marts %s are lost, damaged or older; the SQL models run again", ", ".join(lost))
    return lost


def stale_steps(runtime: "CorpusRuntime") -> list[str]:
    """The unpartitioned steps that are missing or stale, in order."""
    versions = step_versions(runtime.store())
    own = [step for step in runtime.steps_of_job("refresh") if is_stale(runtime, step, "", versions=versions)]
    return [*own, *(f"{each.question} {step}" for each in runtime.questions for step in stale_steps(each))]


def is_stale(
    runtime: "CorpusRuntime",
    step: str,
    batch: str,
    *,
    versions: dict[tuple[str, str], StepVersion],
    gate: check_gate.CheckGate | None = None,
) -> bool:
    """Whether a step has to run: it never did, its code or settings changed, or what it reads changed.

    Args:
        runtime: The corpus.
        step: The step.
        batch: Its partition.
        versions: The last version of every step.
        gate: Whom to ask for verdicts; by default one that keeps new ones.
    """
    gate = gate or check_gate.CheckGate(runtime, runtime.store(), "plan")
    last = versions.get((step, batch))
    if last is None or last.code_version != runtime.code_version(step):
        return True
    if last.input_version != fingerprint(inputs_now(runtime, versions, step, batch, gate)):
        return True
    if has_another_encoder(runtime, step, batch, versions=versions):
        return True
    # Who only wants to know hears of it in other ways than the log.
    if is_lost(runtime, last) if gate.keeps_verdicts else why_lost(runtime, last):
        return True
    # A result that its own checks hold back is made again: the settings of a single run may have been the cause.
    return not batch and bool(gate.own_refusal(last))


def first_stale_steps(
    runtime: "CorpusRuntime", batches: Sequence[str], versions: dict[tuple[str, str], StepVersion]
) -> dict[str, str]:
    """The first stale step of every batch that has one, in the order of the batches."""
    stale = {
        batch: [step for step in BATCH_STEPS if is_stale(runtime, step, batch, versions=versions)] for batch in batches
    }
    return {batch: steps[0] for batch, steps in stale.items() if steps}


def has_another_encoder(
    runtime: "CorpusRuntime", step: str, batch: str, *, versions: dict[tuple[str, str], StepVersion]
) -> bool:
    """Whether a batch has vectors of another encoder than the newest ones, such as one of other weights."""
    if step != "embeddings" or (step, batch) not in versions:
        return False
    store = runtime.store()
    return is_of_another(store, versions[step, batch], encoder_in_use(store, versions.values()))


def batches_of_other_encoders(runtime: "CorpusRuntime", versions: dict[tuple[str, str], StepVersion]) -> list[str]:
    """The batches that `has_another_encoder` is true of, sorted."""
    store = runtime.store()
    now = encoder_in_use(store, versions.values())
    return sorted(batch for (_, batch), version in versions.items() if is_of_another(store, version, now))


def n_lost_of_batches(runtime: "CorpusRuntime", versions: dict[tuple[str, str], StepVersion]) -> int:
    """How many results of the steps of batches are lost."""
    return sum(bool(why_lost(runtime, version)) for (step, _), version in versions.items() if step in BATCH_STEPS)


def is_lost(runtime: "CorpusRuntime", version: StepVersion) -> bool:
    """Whether something that a step wrote is no longer there, which is logged."""
    why = why_lost(runtime, version)
    if why:
        logger.warning("%s is lost and is made anew: %s", f"{version.step} {version.batch}".strip(), why)
    return bool(why)


def why_lost(runtime: "CorpusRuntime", version: StepVersion) -> str:
    """Why something that a step wrote is no longer there; empty when all of it is. Only logs and names are read.

    Args:
        runtime: The corpus.
        version: What the step last wrote for a partition; one without a table version says nothing of its rows.

    Raises: StorageError when a log cannot be read.
    """
    if version.table_version == 0:
        return ""
    store, step, run_id = runtime.store(), version.step, version.run_id
    piece = {partition_column(step): version.batch} if version.batch else {}
    own = presence.why_rows_are_lost(
        store, step, piece, version=version.table_version, run_id=run_id, n_rows=version.n_rows
    )
    others = (presence.why_table_is_lost(store, name, run_id=run_id) for name in STEPS[step].tables if name != step)
    return own or next((why for why in others if why), "") or _why_files_are_lost(runtime, version)


def _why_files_are_lost(runtime: "CorpusRuntime", version: StepVersion) -> str:
    """Ledger rows, pages and releases, which a step writes beside its tables."""
    store, run_id = runtime.store(), version.run_id
    ledger_version = version.version_of("ledger")
    if ledger_version is not None:
        piece = {"step": version.step, "batch": version.batch}
        why = presence.why_rows_are_lost(store, "ledger", piece, version=ledger_version, run_id=run_id)
        if why:
            return why
    lost = [page for page in STEPS[version.step].pages if not (runtime.corpus_folder / page).is_file()]
    if version.step == "release":
        ids = store.dataset("release").head(1, columns=["release_id"])["release_id"].to_pylist()
        lost += [str(path) for name in ids for path in _missing_of_release(runtime.corpus_folder / "releases" / name)]
    return f"{lost[0]} is gone" if lost else ""


def _missing_of_release(folder: Path) -> list[Path]:
    """Files that the manifest of a release names and that are not there."""
    try:
        names = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return [folder / "manifest.json"]
    return [folder / name for name in names if not (folder / name).is_file()]


def inputs_now(
    runtime: "CorpusRuntime",
    versions: dict[tuple[str, str], StepVersion],
    step: str,
    batch: str,
    gate: check_gate.CheckGate,
) -> dict[str, str]:
    """What a step would read by now, by name, each with its version."""
    inputs: dict[str, str] = {}
    for upstream in STEPS[step].inputs:
        name = upstream.rstrip("*?~")
        if STEPS[name].is_external:
            continue
        if upstream.endswith("*"):
            accepted = gate.accepted(name)
            inputs |= {f"{name}/{other}": version.data_version for other, version in accepted.items()}
        elif upstream.endswith("?"):
            inputs[upstream] = str(runtime.store().exists(name))
        else:
            part = batch if partition_column(name) else ""
            version = versions.get((name, part)) if name in runtime.steps else None
            inputs[f"{name}/{part}"] = version.data_version if version else "missing"
    if reads_known_labels(step):
        inputs |= known_label_inputs(runtime.corpus, gate, AcceptedTables(gate.store, gate, step))
    if reads_given_labels(step):
        inputs |= given_label_inputs(runtime.corpus, gate, AcceptedTables(gate.store, gate, step))
    if reads_questions(step):
        inputs |= question_inputs(runtime)
    if step == "labels":
        inputs |= waiting_answer_inputs(runtime, AcceptedTables(gate.store, gate, step))
    return inputs | _outside_the_plan(runtime, step, batch)


def _outside_the_plan(runtime: "CorpusRuntime", step: str, batch: str) -> dict[str, str]:
    """Inputs that no step of the corpus writes: the files of a batch, and those that the first pass learns from; what
    people promoted by hand, and a model of another corpus."""
    if step == "raw_index":
        from data_engine.runtime.source_listing import files_version

        return {"files": files_version(runtime, batch)}
    if step == "first_pass":
        from data_engine.runtime.examples.junk_examples import example_inputs

        return example_inputs(runtime)
    if step == "proposals" and runtime.corpus.foundation_model is not None:
        # What a run left unanswered is asked again.
        return {"foundation_model": "all asked"}
    if step == "classifier":
        from data_engine.runtime.models.inputs import model_inputs

        return model_inputs(runtime)
    return {}
