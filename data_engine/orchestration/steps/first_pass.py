"""first_pass: what is worth keeping - a verdict and a reason for every raw sample."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from data_engine.orchestration.accepted import accepted_like, accepted_pictures, kept_before, texts_of
from data_engine.orchestration.bench import Bench
from data_engine.orchestration.examples import Learnt, learnt_from_examples
from data_engine.orchestration.montages import montages_of_verdicts
from data_engine.orchestration.pictures import read_looks
from data_engine.orchestration.tables_io import Work, decisions


def first_pass(bench: Bench) -> dg.AssetsDefinition:
    """The first pass of a corpus, one partition per ingestion batch."""
    limits = bench.corpus.first_pass

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
        near_duplicate_picture_similarity: float | None = Field(
            default=limits.near_duplicate_picture_similarity, gt=0, le=1, description="Of like pictures; null: none."
        )
        rules: dict[str, float] = Field(
            default={}, description="Limits of named rules for this run, over those of the corpus: {stop_words: 2}."
        )

    @dg.asset(
        **bench.asset(
            "first_pass",
            description="One verdict per raw sample, with the reason: unreadable, empty, duplicates (exact and near; "
            "never of an accepted sample), named rules, junk.",
            deps=["raw_index"],
            kinds=("python",),
            # One batch at a time decides what is accepted, or two batches could both keep the same content.
            pool=bench.name("accepted"),
        )
    )
    def first_pass(context: dg.AssetExecutionContext, config: FirstPassConfig) -> dg.MaterializeResult:
        from data_engine import filtering, reporting

        work = Work.begin(bench, context, "first_pass")
        own = {**config.model_dump(), "rules": {**limits.rules, **config.rules}}
        rules = limits.model_validate({**limits.model_dump(), **own})
        learnt, raw = learnt_from_examples(bench, work, rules), work.read("raw_index")
        accepted = accepted_like(work, raw, config.near_duplicate_similarity)
        table = filtering.first_pass(
            raw,
            rules,
            batch=work.batch,
            accepted=accepted,
            text_of=texts_of(work, accepted),
            junk=learnt.junk,
            kept_before=kept_before(work),
            model=learnt.model,
            modality=bench.corpus.modality,
            read=read_looks(bench, work.progress("looking at", raw.num_rows)) if bench.corpus.is_of_pictures else None,
            accepted_near=accepted_pictures(work) if bench.corpus.is_of_pictures else None,
        )
        counts = pc.value_counts(table["reason"]).to_pylist()
        return work.finish(
            table,
            ledger=_ledger(table, learnt),
            metadata={row["values"]: row["counts"] for row in counts},
            plots={
                "verdicts": reporting.funnel_plot({row["values"]: row["counts"] for row in counts}),
                **montages_of_verdicts(bench, raw, table),
            },
        )

    return first_pass


def _ledger(table: pa.Table, learnt: Learnt) -> pa.Table:
    """The verdict on every sample, with the kept twin of a duplicate."""
    is_duplicate = pc.is_valid(table["duplicate_of"])
    twin = pc.binary_join_element_wise(table["reason"], table["duplicate_of"], " of ")
    return decisions(
        table["sample_id"],
        verdict=table["verdict"],
        reason=pc.if_else(is_duplicate, twin, table["reason"]),
        score=table["score"],
        threshold=table["threshold"],
        model_version=[learnt.versions.get(reason) for reason in table["reason"].to_pylist()],
    )
