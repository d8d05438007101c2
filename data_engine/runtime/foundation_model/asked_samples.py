"""Asks the foundation model of a corpus about what no decider before it is sure of, and certifies its answers.

First the hard part of the hold-out; the pool only when that certifies a gate, so that nothing is paid for in vain.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from logging import getLogger
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.corpus.foundation_model import FoundationModel
from data_engine.errors import InvalidInput
from data_engine.foundation_model.answers import FAILURES_OF_ANSWERS
from data_engine.foundation_model.asking import FAILURES_OF_CALLS, OVER_BUDGET, Asked, Asker, SampleToAsk
from data_engine.foundation_model.batch_files import BatchFiles
from data_engine.foundation_model.call_book import CallBook, InAll, OverBudget
from data_engine.foundation_model.client import CallFailed, ChatClient
from data_engine.foundation_model.injections import injections
from data_engine.foundation_model.prompt import AskedQuestion, Content
from data_engine.foundation_model.simulated_server import simulated_foundation_model
from data_engine.labeling.answers.counted import counted_answers
from data_engine.labeling.deciders.audits import shut_by_audits
from data_engine.labeling.deciders.cascade import Opinion, not_taken
from data_engine.labeling.deciders.hold_out import hold_out_classes
from data_engine.labeling.deciders.model_answers import AnsweredSample, certified_answers, model_opinion
from data_engine.labeling.deciders.registry import FOUNDATION_MODEL
from data_engine.places.kinds import is_local
from data_engine.reporting.metrics.known_labels import known_classes
from data_engine.runtime.corpus_runtime import whole_corpus
from data_engine.runtime.deciders.distillation import Needing, answers_to_learn_from, is_taught
from data_engine.runtime.foundation_model.contents import COLUMNS, contents_of, nearest_examples, reviewed_examples
from data_engine.runtime.step_run import StepRun
from data_engine.schemas import DISTILLED_ANSWERS, FOUNDATION_ANSWERS

logger = getLogger(__name__)

#: What the opinions of the deciders before it are, for any samples.
OpinionsOf = Callable[[list[str]], Sequence[Opinion]]
#: The input of the step that says whether samples are to be asked again.
INPUT, ALL_ASKED = "foundation_model", "all asked"


@dataclass(frozen=True, eq=False)
class AskedModel:
    """The opinion of the model, a row per sample that it was asked about, and whether some are to be asked again.

    `needing` says how many samples no decider before is sure of, `spent` what all runs cost, `accepted` has the
    answers to learn from.
    """

    opinion: Opinion
    rows: pa.Table
    state: str
    needing: Needing = field(default_factory=Needing)
    spent: InAll = field(default_factory=InAll)
    accepted: pa.Table = field(default_factory=DISTILLED_ANSWERS.empty_table)


@dataclass(frozen=True)
class _Job:
    """Everything that asking needs."""

    step_run: StepRun
    asker: Asker
    contents: Callable[[str], Content | None]
    vectors: Mapping[str, NDArray[np.float32]]
    labels: Mapping[str, str]
    known: Mapping[str, NDArray[np.float32]]

    def samples(self, ids: Sequence[str], texts: Mapping[str, str] | None = None) -> list[SampleToAsk]:
        """The samples with their examples; of some the text may be another one."""
        return [self._sample(sample_id, (texts or {}).get(sample_id)) for sample_id in ids]

    def _sample(self, sample_id: str, text: str | None) -> SampleToAsk:
        nearest = nearest_examples(self.vectors[sample_id], self.known, self.asker.model.n_examples, besides=sample_id)
        examples = reviewed_examples(nearest, self.labels, self.contents)
        read = (lambda: self.contents(sample_id)) if text is None else (lambda: Content(text))
        return SampleToAsk(sample_id, read, examples)


def ask_foundation_model(step_run: StepRun, ids: list[str], reviewed: pa.Table, opinions_of: OpinionsOf) -> AskedModel:
    """Ask about the samples that nobody before is sure of and that no person answered.

    Args:
        step_run: reads contents and embeddings.
        ids: the samples of the subset.
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        opinions_of: gives the opinions of the deciders before the model, on any samples that have an embedding.

    Raises: InvalidInput when the corpus has no foundation model, or the variable of its key is not set.
    """
    model = step_run.corpus.foundation_model
    if model is None:
        raise InvalidInput("the corpus has no block foundation_model; give it one, or take it out of labels.deciders")
    truths = hold_out_classes(reviewed, step_run.corpus.class_names)
    audited = hold_out_classes(reviewed, step_run.corpus.class_names, purpose="audit")
    labels = _labels_of_examples(reviewed, truths, step_run.corpus.class_names)
    vectors = step_run.embeddings_of(pa.array(sorted({*ids, *truths, *audited, *labels}), pa.string()))
    everyone = [*ids, *sorted({*truths, *audited} - set(ids))]
    there = [name for name in everyone if name in vectors]
    hard = not_taken(there, opinions_of(there))
    answered = set(reviewed.filter(pc.not_equal(reviewed["purpose"], "trap"))["sample_id"].to_pylist())
    pool = [name for name in ids if name in hard and name not in answered]
    with _book(step_run, model) as book, _client(step_run, model, [*hard, *labels]) as client:
        asker = Asker(model, _question(step_run), client, book)
        examples = book.examples(_question_key(asker), labels)
        known = {name: vectors[name] for name in sorted(examples & labels.keys()) if name in vectors}
        wanted = {"sample_id": pa.array(sorted({*hard, *known}), pa.string())}
        raw = step_run.look_up("raw_index", columns=COLUMNS, among=wanted)
        contents = contents_of(step_run.runtime, raw)
        job = _Job(step_run, asker, contents, vectors, labels, known)
        asked = _answered(job, ids, [name for name in sorted(truths) if name in hard], pool, truths)
        said = _said_of_audited(job, [name for name in sorted(audited) if name in hard])
        asked = replace(asked, opinion=shut_by_audits(asked.opinion, said, audited), spent=book.in_all())
    held = [name for name in truths if name in vectors]
    needing = Needing(len(ids), len(hard & set(ids)), len(held), len(hard & set(held)))
    return replace(asked, needing=needing, accepted=_to_learn_from(step_run, asked, ids, answered))


def _to_learn_from(step_run: StepRun, asked: AskedModel, ids: list[str], answered: Collection[str]) -> pa.Table:
    model = step_run.corpus.foundation_model
    if model is None or not is_taught(step_run.corpus):
        return DISTILLED_ANSWERS.empty_table()
    of_pool = asked.rows.filter(pc.and_(pc.equal(asked.rows["purpose"], "pool"), pc.is_valid(asked.rows["confidence"])))
    return answers_to_learn_from(
        step_run.look_up("distilled_answers"),
        asked.opinion,
        {row["sample_id"]: (row["label"], row["confidence"]) for row in of_pool.to_pylist()},
        model=f"{model.name}: {model.model}",
        is_simulated=model.simulated is not None,
        among=ids,
        answered=answered,
    )


@contextmanager
def _client(step_run: StepRun, model: FoundationModel, ids: Sequence[str]) -> Iterator[ChatClient]:
    """The server; where the corpus says so a simulated one, which knows the texts of these samples."""
    if model.simulated is None:
        with ChatClient(model) as client:
            yield client
        return
    wanted = {"sample_id": pa.array(sorted(set(ids)), pa.string())}
    raw = step_run.look_up("raw_index", columns=COLUMNS, among=wanted)
    known = known_classes(step_run.corpus, raw)
    contents = contents_of(step_run.runtime, raw)
    shown = ((name, contents(name)) for name in sorted(known.keys() & set(raw["sample_id"].to_pylist())))
    truths = {content.mark: known[name] for name, content in shown if content is not None}
    seed = step_run.corpus.seed_for("simulated", "foundation_model")
    rate = model.simulated.error_rate
    with (
        simulated_foundation_model(truths, step_run.corpus.class_names, error_rate=rate, seed=seed) as url,
        ChatClient(model.model_copy(update={"url": url, "key_from": None})) as client,
    ):
        yield client


def _answered(job: _Job, ids: list[str], held_out: list[str], pool: list[str], truths: Mapping[str, str]) -> AskedModel:
    settings, model = job.step_run.corpus.labels, job.asker.model
    asked: dict[str, dict[str, Asked]] = {"hold_out": _ask(job, "hold-out", job.samples(held_out))}
    gate = certified_answers(
        {name: _answer(each, model) for name, each in asked["hold_out"].items()},
        truths,
        target_precision=settings.target_of(FOUNDATION_MODEL),
        confidence=settings.confidence,
    )
    expected = {"hold_out": dict(truths), "pool": {}}
    not_asked = "not asked: a person answered it, or a decider before is sure"
    if gate.threshold is None:
        not_asked = f"not asked: no gate on the {len(held_out)} hold-out samples that reach it"
    else:
        expected["injection"], asked["injection"] = _injections(job, asked["hold_out"], truths)
        asked["pool"] = _ask(job, "pool", job.samples(pool))
    answers = {name: _answer(each, model) for name, each in asked.get("pool", {}).items()}
    opinion = model_opinion(model.name, ids, answers, gate, not_asked=not_asked)
    rows = [
        _row(name, purpose, model, each, expected[purpose].get(name))
        for purpose, found in asked.items()
        for name, each in sorted(found.items())
    ]
    return AskedModel(opinion, pa.Table.from_pylist(rows, schema=FOUNDATION_ANSWERS), _state(asked))


def _said_of_audited(job: _Job, audited: list[str]) -> dict[str, tuple[str, float]]:
    """What the model said of audited samples before people answered them; nothing is asked anew."""
    found = job.asker.ask(job.samples(audited), only_paid=True)
    return {
        name: (each.answer.label, each.answer.confidence)
        for name, each in zip(audited, found, strict=True)
        if each.answer.label is not None and each.answer.confidence is not None
    }


def _injections(
    job: _Job, held_out: Mapping[str, Asked], truths: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Asked]]:
    """Texts that try to steer the model, made of those that it answered rightly without."""
    right = [name for name, each in sorted(held_out.items()) if each.answer.label == truths[name]]
    cannot_obey = job.step_run.corpus.samples.is_read_again or job.asker.model.simulated is not None
    chosen = [] if cannot_obey else right[: job.asker.model.injection_tests]
    contents = [job.contents(name) for name in chosen]
    texts = [content.text or "" for content in contents if content is not None]
    made = injections(texts, [truths[name] for name in chosen], job.step_run.corpus.class_names)
    samples = job.samples(chosen, {name: each.text for name, each in zip(chosen, made, strict=True)})
    return {name: each.asked_for for name, each in zip(chosen, made, strict=True)}, _ask(job, "injections", samples)


def _ask(job: _Job, what: str, samples: Sequence[SampleToAsk]) -> dict[str, Asked]:
    only_paid = _by_files(job, samples)
    progress = job.step_run.progress(f"asking {job.asker.model.name} about the {what}", len(samples))
    found = job.asker.ask(samples, progress, only_paid=only_paid)
    return {sample.sample_id: each for sample, each in zip(samples, found, strict=True)}


def _by_files(job: _Job, samples: Sequence[SampleToAsk]) -> bool:
    """Send a large job as files; whether some of it is still under way."""
    asker, least = job.asker, job.asker.model.batch_from
    if least is None:
        return False
    files = BatchFiles(asker.model, asker.question.classes, asker.client, asker.book)
    n_waiting = 0
    try:
        # A second file where the first gave no log-probabilities, so that further answers are compared.
        for _ in range(2):
            bodies = [body for sample in samples for body in asker.bodies(sample)]
            n_new = sum(not asker.is_paid(body) for body in bodies)
            if n_new >= least or (n_new and asker.book.open_files()):
                n_waiting = files.answer(bodies)
    except OverBudget as error:
        asker.stop(OVER_BUDGET, str(error))
    except CallFailed as error:
        asker.stop(error.failure, str(error))
    return bool(n_waiting)


def _labels_of_examples(reviewed: pa.Table, truths: Mapping[str, str], classes: Sequence[str]) -> dict[str, str]:
    """Samples that people answered with one class, the hold-out aside."""
    found: dict[str, set[str]] = {}
    for row in counted_answers(reviewed):
        if row["sample_id"] not in truths and row["purpose"] != "hold_out" and row["label"] in classes:
            found.setdefault(row["sample_id"], set()).add(row["label"])
    return {name: next(iter(labels)) for name, labels in sorted(found.items()) if len(labels) == 1}


def _book(step_run: StepRun, model: FoundationModel) -> CallBook:
    whole, question = whole_corpus(step_run.runtime)
    if not is_local(whole.corpus_folder):
        raise InvalidInput(
            f"corpus {whole.corpus.name} asks a foundation model, and the book of its calls and costs is a file of one "
            f"host, but the data folder is {whole.data_folder}; take foundation_model out of the YAML, or set "
            f"DATA_ENGINE_DATA to a folder of this host"
        )
    return CallBook(
        whole.corpus_folder / "foundation_model" / "calls.db",
        run_id=step_run.run_id,
        question=question,
        max_per_run=model.max_cost_per_run,
        max_per_month=model.max_cost_per_month,
    )


def _question(step_run: StepRun) -> AskedQuestion:
    corpus = step_run.corpus
    return AskedQuestion(
        corpus.labels.question, corpus.class_names, dict(corpus.review.definitions), corpus.review.instructions
    )


def _question_key(asker: Asker) -> str:
    parts: list[Any] = [asker.model.name, asker.model.model, asker.question.text, asker.question.classes]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _answer(asked: Asked, model: FoundationModel) -> AnsweredSample:
    if asked.answer.label is None:
        why = FAILURES_OF_ANSWERS.get(asked.answer.failure) or FAILURES_OF_CALLS.get(asked.answer.failure, "")
        return AnsweredSample(None, None, f"{model.name} gave no answer: {asked.answer.failure}, {why}")
    cost = f"cost {asked.cost:.6g}" + (" (simulated foundation model)" if model.simulated else "")
    return AnsweredSample(asked.answer.label, asked.answer.confidence, cost)


def _row(sample_id: str, purpose: str, model: FoundationModel, asked: Asked, expected: str | None) -> dict[str, Any]:
    answer = asked.answer
    return {
        "sample_id": sample_id,
        "purpose": purpose,
        "model": f"{model.name}: {model.model}",
        "label": answer.label,
        "confidence": answer.confidence,
        "failure": answer.failure or None,
        "expected": expected,
        "n_calls": asked.n_calls,
        "tokens_in": answer.tokens_in or 0,
        "tokens_out": answer.tokens_out or 0,
        "cost": asked.cost,
        "seconds": asked.seconds,
    }


def _state(asked: Mapping[str, Mapping[str, Asked]]) -> str:
    """Whether all have an answer that stays; the others are asked again at the next run."""
    failed = sum(each.answer.failure in FAILURES_OF_CALLS for found in asked.values() for each in found.values())
    if failed:
        logger.warning("%d samples got no answer of the foundation model; the next run asks about them again", failed)
    return f"{failed} not answered" if failed else ALL_ASKED
