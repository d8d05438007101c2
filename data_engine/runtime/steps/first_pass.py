"""first_pass: what is worth keeping - a verdict and a reason for every raw sample."""

from typing import TYPE_CHECKING

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from data_engine.orchestration.ui.montages import montages_of_verdicts
from data_engine.runtime.accepted_samples import accepted_images, duplicate_candidates, kept_before, texts_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.junk_examples import learnt_from_examples
from data_engine.runtime.media import read_looks
from data_engine.runtime.step_run import StepRun
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from data_engine.filtering import LearnedFilters


def first_pass(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The first pass of a corpus, one partition per ingestion batch."""
    limits = runtime.corpus.first_pass

    class FirstPassConfig(dg.Config):
        min_chars: int = Field(default=limits.min_chars, ge=0, description="Shortest text, in characters.")
        max_chars: int = Field(default=limits.max_chars, ge=1, description="Longest text, in characters.")
        min_letter_share: float = Field(
            default=limits.min_letter_share,
            ge=0,
            le=1,
            description="Least share of letters among non-space characters.",
        )
        near_duplicate_similarity: float | None = Field(
            default=limits.near_duplicate_similarity, gt=0, le=1, description="Of near-duplicates; null: none."
        )
        near_duplicate_image_similarity: float | None = Field(
            default=limits.near_duplicate_image_similarity, gt=0, le=1, description="Of like images; null: none."
        )
        rules: dict[str, float] = Field(
            default={}, description="Limits of named rules for this run, over those of the corpus: {stop_words: 2}."
        )

    @dg.asset(
        **runtime.asset(
            "first_pass",
            description="One verdict per raw sample, with the reason: unreadable, empty, duplicates (exact and near; "
            "never of an accepted sample), named rules, junk.",
            deps=["raw_index"],
            kinds=("python",),
            # One batch at a time decides what is accepted, or two batches could both keep the same content.
            pool=runtime.name("accepted"),
        )
    )
    def first_pass(context: dg.AssetExecutionContext, config: FirstPassConfig) -> dg.MaterializeResult:
        from data_engine import filtering, reporting

        step_run, modality = StepRun.begin(runtime, context, "first_pass"), runtime.corpus.modality
        own = {**config.model_dump(), "rules": {**limits.rules, **config.rules}}
        rules = limits.model_validate({**limits.model_dump(), **own})
        learnt, raw = learnt_from_examples(runtime, step_run, rules), step_run.read("raw_index")
        accepted = duplicate_candidates(step_run, raw, config.near_duplicate_similarity)
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
            read=read_looks(runtime, step_run.progress("looking at", raw.num_rows))
            if runtime.corpus.is_of_images
            else None,
            accepted_near=accepted_images(step_run) if runtime.corpus.is_of_images else None,
        )
        counts = pc.value_counts(table["reason"]).to_pylist()
        return step_run.finish(
            table,
            ledger=_ledger(table, learnt),
            metadata={row["values"]: row["counts"] for row in counts},
            plots={
                "verdicts": reporting.funnel_plot({row["values"]: row["counts"] for row in counts}),
                **montages_of_verdicts(runtime, raw, table),
            },
        )

    return first_pass


def _ledger(table: pa.Table, learnt: "LearnedFilters") -> pa.Table:
    """The verdict on every sample, with the kept twin of a duplicate."""
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
