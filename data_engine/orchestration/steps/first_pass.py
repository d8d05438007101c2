"""first_pass: what is worth keeping - a verdict and a reason for every raw sample."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from data_engine.corpus import JunkExamples
from data_engine.errors import InvalidInput
from data_engine.orchestration.accepted import accepted_like, texts_of
from data_engine.orchestration.bench import Bench, fingerprint
from data_engine.orchestration.listing import batch_files
from data_engine.orchestration.montages import montages_of_verdicts
from data_engine.orchestration.pictures import read_looks
from data_engine.orchestration.tables_io import Work, decisions
from data_engine.source import Batches, Source

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from data_engine.filtering import JunkClassifier
    from data_engine.indexing import SourceFile


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
        near_duplicate_similarity: float = Field(
            default=limits.near_duplicate_similarity, gt=0, le=1, description="Jaccard similarity of a near-duplicate."
        )
        near_duplicate_picture_similarity: float = Field(
            default=limits.near_duplicate_picture_similarity, gt=0, le=1, description="Similarity of like pictures."
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
        junk, raw = _junk_classifier(bench, work), work.read("raw_index")
        table = filtering.first_pass(
            raw,
            limits.model_validate(
                {**limits.model_dump(), **config.model_dump(), "rules": {**limits.rules, **config.rules}}
            ),
            batch=work.batch,
            accepted=accepted_like(work, raw, config.near_duplicate_similarity),
            text_of=lambda sample_ids: texts_of(work, sample_ids),
            junk=junk,
            modality=bench.corpus.modality,
            read=read_looks(bench, work.progress("looking at", raw.num_rows)) if bench.corpus.is_of_pictures else None,
        )
        counts = pc.value_counts(table["reason"]).to_pylist()
        return work.finish(
            table,
            ledger=_ledger(table, junk),
            metadata={row["values"]: row["counts"] for row in counts},
            plots={
                "verdicts": reporting.funnel_plot({row["values"]: row["counts"] for row in counts}),
                **montages_of_verdicts(bench, raw, table),
            },
        )

    return first_pass


def _ledger(table: pa.Table, junk: "JunkClassifier | None") -> pa.Table:
    """The verdict on every sample, with the kept twin of a duplicate."""
    is_duplicate = pc.is_valid(table["duplicate_of"])
    twin = pc.binary_join_element_wise(table["reason"], table["duplicate_of"], " of ")
    return decisions(
        table["sample_id"],
        verdict=table["verdict"],
        reason=pc.if_else(is_duplicate, twin, table["reason"]),
        score=table["score"],
        threshold=table["threshold"],
        model_version=pc.if_else(pc.equal(table["reason"], "junk"), junk.version, None) if junk else None,
    )


def junk_example_files(bench: Bench) -> "list[SourceFile]":
    """The files of the examples, in order; empty where the rule is off.

    Raises: SourceMissing when the source does not hold an example batch; SourceError when a place cannot be listed.
    """
    junk = bench.corpus.first_pass.junk
    if junk is None:
        return []
    if junk.batches:
        return [file for batch in junk.batches for file in batch_files(bench, batch)]
    return [file for source in _places(bench, junk) for file in _files(bench, source)]


def _places(bench: Bench, junk: JunkExamples) -> tuple[Source, Source]:
    """Where the good examples and the junk are, as sources of their own."""
    good, bad = (
        Source(
            kind=_KINDS.get(Path(path).suffix.lower(), "folder"),
            path=path,
            text_column=bench.corpus.source.text_column,
            max_sample_bytes=bench.corpus.source.max_sample_bytes,
        )
        for path in (junk.good or "", junk.junk or "")
    )
    return good, bad


_KINDS: dict[str, Literal["jsonl", "csv", "parquet"]] = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}


def _files(bench: Bench, source: Source) -> "list[SourceFile]":
    from data_engine import indexing

    batches = indexing.list_batches(source, Batches(), bench.project_folder)
    return [file for batch in sorted(batches) for file in batches[batch]]


def _junk_classifier(bench: Bench, work: Work) -> "JunkClassifier | None":
    """The small classifier of junk, learnt from the example batches' own files so that batches run in any order."""
    from data_engine import indexing

    junk = bench.corpus.first_pass.junk
    if junk is None:
        return None
    files = junk_example_files(bench)
    work.inputs["junk examples"] = indexing.fingerprint(files)
    described = [bench.code_version("first_pass"), work.inputs["junk examples"], str(bench.source_folder)]
    key = fingerprint([*described, junk.model_dump_json(), bench.corpus.seed])
    if key not in _FITTED:
        _FITTED[key] = _kept_classifier(work, f"junk-{key}.npz", lambda: fit_junk(bench, junk, files))
    return _FITTED[key]


#: One classifier per source, examples, settings and code: the batches of one process share it.
_FITTED: "dict[str, JunkClassifier]" = {}


def _kept_classifier(work: Work, name: str, fit: "Callable[[], JunkClassifier]") -> "JunkClassifier":
    """The classifier as an earlier process fitted it; fitted and kept where none has, or where its file is damaged."""
    from data_engine.filtering import JunkClassifier

    content = work.store.learnt().get(name)
    if content is not None:
        try:
            return JunkClassifier.from_bytes(content)
        except InvalidInput as error:
            logger.warning("%s is damaged and is learnt anew (%s)", name, error)
    fitted = fit()
    work.store.learnt().put(name, fitted.to_bytes())
    return fitted


def fit_junk(bench: Bench, junk: JunkExamples, files: "list[SourceFile]") -> "JunkClassifier":
    """The small classifier of junk, learnt from what the corpus' configuration names as examples."""
    from data_engine import filtering, indexing

    if junk.batches:
        rows = indexing.read_batch(bench.corpus.source, files, batch="examples", modality="text").to_pylist()
        marked = [(row["text"], bool(json.loads(row["metadata"]).get(junk.column))) for row in rows]
    else:
        tables = [
            indexing.read_batch(source, _files(bench, source), batch="examples", modality="text")
            for source in _places(bench, junk)
        ]
        marked = [(text, is_junk == 1) for is_junk, table in enumerate(tables) for text in table["text"].to_pylist()]
    readable = [(text, is_junk) for text, is_junk in marked if text]
    return filtering.fit_junk_classifier(
        [text for text, _ in readable],
        [is_junk for _, is_junk in readable],
        seed=bench.corpus.seed_for("junk"),
        keep_clean_share=junk.keep_clean_share,
    )
