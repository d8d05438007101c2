"""first_pass: a verdict and its reason for every raw sample, by duplicates, rules and classifiers."""

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import filtering
from data_engine.filtering import LearnedFilters
from data_engine.runtime.accepted_samples import accepted_images, duplicate_candidates, kept_before, texts_of
from data_engine.runtime.examples.junk_examples import learnt_from_examples
from data_engine.runtime.media import read_looks
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.storage.ledger import ledger_rows


def first_pass(step_run: StepRun) -> StepResult:
    """Judge every raw sample of a batch."""
    rules, modality = step_run.corpus.first_pass, step_run.corpus.modality
    is_of_images = step_run.corpus.is_of_images
    learnt, raw = learnt_from_examples(step_run, rules), step_run.read("raw_index")
    accepted = duplicate_candidates(step_run, raw, rules.near_duplicate_similarity)
    advance = step_run.progress("looking at", raw.num_rows) if is_of_images else None
    table = filtering.first_pass(
        raw,
        filtering.limits_of(modality, rules.rules, rule_sets=rules.rule_sets, defaults=rules.rule_defaults),
        batch=step_run.batch,
        accepted=accepted,
        text_of=texts_of(step_run, accepted),
        near_duplicate_similarity=rules.similarity_of(modality),
        learned=learnt,
        kept_before=kept_before(step_run),
        modality=modality,
        read=None if advance is None else read_looks(step_run.runtime, advance),
        accepted_near=accepted_images(step_run) if is_of_images else None,
    )
    counts = {row["values"]: row["counts"] for row in pc.value_counts(table["reason"]).to_pylist()}
    return step_run.finish(table, ledger=_ledger(table, learnt), metadata=counts, details={"verdicts": counts})


def _ledger(table: pa.Table, learnt: LearnedFilters) -> pa.Table:
    """The verdict on every sample, with the twin of a duplicate."""
    is_duplicate = pc.is_valid(table["duplicate_of"])
    twin = pc.binary_join_element_wise(table["reason"], table["duplicate_of"], " of ")
    return ledger_rows(
        table["sample_id"],
        verdict=table["verdict"],
        reason=pc.if_else(is_duplicate, twin, table["reason"]),
        score=table["score"],
        threshold=table["threshold"],
        model_version=[learnt.versions.get(reason) for reason in table["reason"].to_pylist()],
    )
