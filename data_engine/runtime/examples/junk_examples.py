"""The filters that the first pass learns from the examples of a corpus, and the files of good texts and of junk.

The examples of web pages are read in `page_examples.py`.
"""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from data_engine.corpus import FirstPass, JunkExamples
from data_engine.errors import InvalidInput
from data_engine.indexing.source import Batches, Source
from data_engine.places.place import scratch
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.examples.page_examples import fit_lines, page_example_files
from data_engine.runtime.source_listing import batch_files
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.versions import fingerprint

if TYPE_CHECKING:
    from data_engine.filtering import CharacterModel, JunkClassifier, LearnedFilters, LineClassifier
    from data_engine.indexing import SourceFile

logger = logging.getLogger(__name__)

Learned = TypeVar("Learned", "JunkClassifier", "LineClassifier")


def learnt_from_examples(step_run: StepRun, rules: FirstPass) -> "LearnedFilters":
    """Learn the filters from the files of the examples, so that batches run in any order.

    Raises: InvalidInput when the rule perplexity or content_share is on without examples.
    """
    from data_engine.filtering import LearnedFilters

    step_run.inputs |= example_inputs(step_run.runtime)
    has_model = rules.rules.get("perplexity") not in (None, False)
    if rules.junk is None and has_model:
        raise InvalidInput("rule perplexity is on but first_pass.junk names no examples; give them, or switch it off")
    junk, model = (None, None) if rules.junk is None else _from_junk(step_run, rules.junk, has_model=has_model)
    return LearnedFilters(junk, model, _from_pages(step_run, rules))


def example_inputs(runtime: CorpusRuntime) -> dict[str, str]:
    """Fingerprints of the files that the examples are in, as inputs of the first pass; empty without examples."""
    from data_engine import indexing

    files = {"junk examples": junk_example_files(runtime), "page examples": page_example_files(runtime)}
    return {name: indexing.fingerprint(found) for name, found in files.items() if found}


def _from_junk(
    step_run: StepRun, junk: JunkExamples, *, has_model: bool
) -> "tuple[JunkClassifier, CharacterModel | None]":
    from data_engine.filtering import JunkClassifier

    runtime = step_run.runtime
    files = junk_example_files(runtime)
    described = [runtime.code_version("first_pass"), step_run.inputs["junk examples"], str(runtime.source_folder)]
    key = fingerprint([*described, junk.model_dump_json(), runtime.corpus.seed])
    if key not in _FITTED:
        _FITTED[key] = _kept(
            step_run, f"junk-{key}.npz", JunkClassifier.from_bytes, lambda: fit_junk(runtime, junk, files)
        )
    if has_model and key not in _MODELS:
        _MODELS[key] = fit_model(runtime, junk, files)
    return _FITTED[key], _MODELS[key] if has_model else None


#: One classifier, and one model of good text, per source, examples, settings and code: the batches of one process
#: share them.
_FITTED: "dict[str, JunkClassifier]" = {}
_MODELS: "dict[str, CharacterModel]" = {}


def _from_pages(step_run: StepRun, rules: FirstPass) -> "LineClassifier | None":
    """The classifier of lines, where the rule content_share is on."""
    from data_engine.filtering import LineClassifier

    setting = rules.rules.get("content_share", rules.rule_defaults.get("content_share"))
    if setting is None or setting is False:
        return None
    if rules.page_content is None:
        raise InvalidInput(
            "rule content_share is on but first_pass.page_content names no examples; give them, or switch it off"
        )
    runtime = step_run.runtime
    described = [runtime.code_version("first_pass"), step_run.inputs["page examples"]]
    key = fingerprint([*described, rules.page_content.model_dump_json(), runtime.corpus.seed])
    return _kept(step_run, f"lines-{key}.npz", LineClassifier.from_bytes, lambda: fit_lines(runtime))


def _kept(step_run: StepRun, name: str, read: Callable[[bytes], Learned], fit: Callable[[], Learned]) -> Learned:
    """The classifier as an earlier process fitted it; fitted and kept where none has, or where its file is damaged."""
    content = step_run.artefacts().get(name)
    if content is not None:
        try:
            return read(content)
        except InvalidInput as error:
            logger.warning("%s is damaged and is learnt again (%s)", name, error)
    fitted = fit()
    step_run.artefacts().put(name, fitted.to_bytes())
    return fitted


def junk_example_files(runtime: CorpusRuntime) -> "list[SourceFile]":
    """The files of the examples, in order; empty where the rule is off.

    Raises: SourceMissing when the source does not hold an example batch; SourceError when a place cannot be listed.
    """
    junk = runtime.corpus.first_pass.junk
    if junk is None:
        return []
    if junk.batches:
        return [file for batch in junk.batches for file in batch_files(runtime, batch)]
    return [file for source in _places(runtime, junk) for file in _files(runtime, source)]


def _places(runtime: CorpusRuntime, junk: JunkExamples) -> tuple[Source, Source]:
    """Where the good examples and the junk are, as sources of their own."""
    good, bad = (
        Source(
            kind=kind_of(path),
            path=path,
            text_column=runtime.corpus.source.text_column,
            max_sample_bytes=runtime.corpus.source.max_sample_bytes,
        )
        for path in (junk.good or "", junk.junk or "")
    )
    return good, bad


_PACKED = (".gz", ".bz2", ".xz")
_KINDS: dict[str, Literal["jsonl", "csv", "parquet"]] = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}


def kind_of(path: str) -> Literal["folder", "jsonl", "csv", "parquet"]:
    """By the ending, without that of packing: `good.jsonl.gz` holds rows."""
    plain = Path(path.lower())
    return _KINDS.get((plain.with_suffix("") if plain.suffix in _PACKED else plain).suffix, "folder")


def _files(runtime: CorpusRuntime, source: Source) -> "list[SourceFile]":
    from data_engine import indexing

    batches = indexing.list_batches(source, Batches(), runtime.project_folder)
    return [file for batch in sorted(batches) for file in batches[batch]]


def fit_junk(runtime: CorpusRuntime, junk: JunkExamples, files: "list[SourceFile]") -> "JunkClassifier":
    """The small classifier of junk, learnt from what the corpus' configuration names as examples."""
    from data_engine import filtering

    marked = _marked(runtime, junk, files)
    return filtering.fit_junk_classifier(
        [text for text, _ in marked],
        [is_junk for _, is_junk in marked],
        seed=runtime.corpus.seed_for("junk"),
        keep_clean_share=junk.keep_clean_share,
    )


def fit_model(runtime: CorpusRuntime, junk: JunkExamples, files: "list[SourceFile]") -> "CharacterModel":
    """The small model of good text, learnt from the same examples; those of junk are left out."""
    from data_engine import filtering

    return filtering.fit_character_model([text for text, is_junk in _marked(runtime, junk, files) if not is_junk])


def _marked(runtime: CorpusRuntime, junk: JunkExamples, files: "list[SourceFile]") -> list[tuple[str, bool]]:
    """The readable examples, and whether each is junk."""
    from data_engine import indexing

    def rows_of(source: Source, files: "list[SourceFile]") -> Iterator[tuple[str | None, str]]:
        """Texts and metadata, sorted by uri."""
        folder = scratch(runtime.corpus_folder)
        read = indexing.read_in_order(source, files, batch="examples", modality="text", scratch=folder)
        for piece in read:
            yield from zip(piece["text"].to_pylist(), piece["metadata"].to_pylist(), strict=True)

    if junk.batches:
        rows = rows_of(runtime.corpus.source, files)
        return [(text, bool(json.loads(metadata).get(junk.column))) for text, metadata in rows if text]
    places = enumerate(_places(runtime, junk))
    return [(text, n == 1) for n, place in places for text, _ in rows_of(place, _files(runtime, place)) if text]
