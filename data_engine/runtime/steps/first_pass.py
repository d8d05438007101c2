"""first_pass: a verdict and its reason for every raw sample, by duplicates, rules and classifiers."""

from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import filtering
from data_engine.filtering import LearnedFilters
from data_engine.runtime.accepted_samples import accepted_by_others, kept_before
from data_engine.runtime.examples.junk_examples import learnt_from_examples
from data_engine.runtime.media import read_looks
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.storage.ledger import ledger_rows
from data_engine.storage.scratch import ScratchTexts


def first_pass(step_run: StepRun) -> StepResult:
    """Judge every raw sample of a batch."""
    rules, samples = step_run.corpus.first_pass, step_run.corpus.samples
    learnt, raw = learnt_from_examples(step_run, rules), _raw_rows(step_run)
    accepted = accepted_by_others(step_run, raw.index["sample_id"], rules.near_duplicate_similarity)
    advance = step_run.progress("looking at", len(raw)) if samples.is_read_again else None
    judged = filtering.judge(
        raw,
        filtering.limits_of(samples.name, rules.rules, rule_sets=rules.rule_sets, defaults=rules.rule_defaults),
        batch=step_run.batch,
        accepted=accepted,
        near_duplicate_similarity=rules.similarity_of(samples.name),
        second_similarity=getattr(rules, samples.second_similarity) if samples.second_similarity else None,
        learned=learnt,
        kept_before=kept_before(step_run),
        modality=samples.name,
        read=None if advance is None else read_looks(step_run.runtime, advance, learnt.scores),
    )
    counts = judged.verdicts.counts()
    return step_run.finish(
        judged, ledger=partial(_ledger, learnt=learnt), metadata=counts, details={"verdicts": counts}
    )


def _raw_rows(step_run: StepRun) -> filtering.RawRows:
    """The raw index of the batch; texts are read from it once, and then from a scratch file."""
    columns = ["sample_id", "uri", "is_readable", *(["metadata"] if step_run.corpus.samples.is_read_again else [])]
    return filtering.RawRows(
        step_run.read("raw_index", columns=columns),
        lambda: (pa.Table.from_batches([piece]) for piece in step_run.read_batches("raw_index", ["sample_id", "text"])),
        ScratchTexts(step_run.scratch_folder),
    )


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
