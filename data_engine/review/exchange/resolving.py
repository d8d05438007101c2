"""Exchanged tasks in terms of a corpus: its samples, its classes of now, one answer for each annotator.

Nothing is written here; what is resolved is put into the queue by `taking_in.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.provenance import FOUNDATION_AUTO, MODEL_AUTO, RULE_AUTO, SIMULATED
from data_engine.review.exchange.exchanged import DECISION, Exchange, ExchangedAnswer, ExchangedRemark, ExchangedTask
from data_engine.review.exchange.values import needed
from data_engine.review.queue_records import check_annotator, is_simulated_name

_MOST_NAMED = 10


@dataclass(frozen=True)
class ImportPlace:
    """The corpus that answers are imported into.

    Attributes:
        corpus: Its name.
        question: What is asked where the file does not say.
        classes: The possible answers of now.
        kind: Of the answers.
        renamed: Old names of classes and the new ones.
        payloads: What a task shows, by the samples of the file that the corpus has.
        sample_of: The sample of each uri of the file that the corpus has.
    """

    corpus: str
    question: str
    classes: tuple[str, ...]
    kind: str
    renamed: Mapping[str, str]
    payloads: Mapping[str, Mapping[str, Any]]
    sample_of: Mapping[str, str] = field(default_factory=dict)


def resolved(exchange: Exchange, place: ImportPlace, into: str | None) -> list[ExchangedTask]:
    """The tasks with samples of the corpus, answers in canonical form with the classes of now, one for each annotator.

    Args:
        exchange: The file.
        place: The corpus.
        into: The review batch of tasks that name none.

    Raises: InvalidInput for another corpus or kind, an unknown uri or contradicting answers; UnknownLabel for unknown
        classes; each names the places in the file.
    """
    if exchange.corpus is not None and exchange.corpus != place.corpus:
        raise InvalidInput(f"the file is of corpus {exchange.corpus!r}, not {place.corpus!r}; import it into that one")
    others = [found.batch_id for found in exchange.batches.values() if found.kind != place.kind]
    if others:
        raise InvalidInput(
            f"review batches {others[:_MOST_NAMED]} are of another kind than {place.kind!r}; take them out of the file"
        )
    classes, uris, found = list[str](), list[str](), []
    for each in exchange.tasks:
        sample_id = each.sample_id or place.sample_of.get(each.uri or "")
        if sample_id is None:
            uris.append(f"{each.uri} ({each.where})")
        if each.remarks and not (each.batch_id or into):
            raise InvalidInput(f"{each.remarks[0].where}: a {each.remarks[0].what} is of a review batch; name it")
        answers = tuple(_canonical(answer, place, classes) for answer in each.answers)
        found.append(
            replace(
                each,
                sample_id=sample_id,
                batch_id=each.batch_id or into,
                answers=one_for_each(answers, each.shown),
                remarks=tuple(_canonical_remark(remark, place, classes) for remark in each.remarks),
                proposed_answer=_canonical_proposal(each, place),
            )
        )
    refuse_unknown("uri", uris, place.corpus)
    refuse_unknown("class", classes, place.corpus)
    return found


def one_for_each(answers: Sequence[ExchangedAnswer], sample: str) -> tuple[ExchangedAnswer, ...]:
    """One answer for each annotator: the latest, where the file says when each was given.

    Raises: InvalidInput for two different answers without times.
    """
    found: dict[str, ExchangedAnswer] = {}
    for answer in answers:
        other = found.setdefault(answer.annotator, answer)
        if other.answer != answer.answer and (other.answered_at is None or answer.answered_at is None):
            raise InvalidInput(
                f"{answer.annotator} answers {sample} in two ways, in {other.where} and {answer.where}; leave one"
            )
        if other.answered_at is not None and answer.answered_at is not None and answer.answered_at > other.answered_at:
            found[answer.annotator] = answer
    return tuple(found.values())


_REMEDIES = {
    "class": ("classes", "add them to labels.classes or labels.renamed, or take them out of the file"),
    "sample": ("samples", "take them out of the file, or take their data in first"),
    "uri": ("uris", "give sample_id, or the uri as the raw index has it"),
}


def refuse_unknown(what: str, names: Sequence[str], corpus: str) -> None:
    """Raises: InvalidInput, of classes UnknownLabel, where there are unknown names; each is given with its place."""
    if names:
        many, remedy = _REMEDIES[what]
        shown, called = ", ".join(names[:_MOST_NAMED]), what if len(names) == 1 else many
        raise (UnknownLabel if what == "class" else InvalidInput)(
            f"corpus {corpus} does not know {len(names):,} {called} of the file: {shown}; {remedy}"
        )


def _canonical(answer: ExchangedAnswer, place: ImportPlace, unknown: list[str]) -> ExchangedAnswer:
    """The answer in canonical form; one of an unknown class is noted and left as it is."""
    kind = answer_kind(place.kind)
    try:
        needed(answer.annotator or None, "annotator", answer.where)
        check_annotator(answer.annotator, is_simulated=is_simulated_name(answer.annotator))
        given = kind.validate(_as_now(answer.answer, place), place.classes, of=f"corpus {place.corpus!r}")
    except UnknownLabel:
        unknown.append(f"{kind.label_of(answer.answer)} ({answer.where})")
        return answer
    except InvalidInput as error:
        raise InvalidInput(f"{answer.where}: {error}") from error
    if answer.provenance == SIMULATED and not is_simulated_name(answer.annotator):
        raise InvalidInput(
            f"{answer.where}: provenance is simulated and annotator {answer.annotator!r}; the name of a simulated "
            "annotator starts with 'simulated:'"
        )
    if answer.provenance in (FOUNDATION_AUTO, MODEL_AUTO, RULE_AUTO):
        raise InvalidInput(f"{answer.where}: provenance is {answer.provenance}; what nobody answered is no answer")
    return replace(answer, answer=given)


def _canonical_remark(remark: ExchangedRemark, place: ImportPlace, unknown: list[str]) -> ExchangedRemark:
    """The remark with the class of now; a decision for an unknown class is noted and left as it is."""
    try:
        check_annotator(remark.annotator, is_simulated=is_simulated_name(remark.annotator))
    except InvalidInput as error:
        raise InvalidInput(f"{remark.where}: {error}") from error
    label = remark.content.get("label")
    if label is None or label in place.classes:
        return remark
    if label in place.renamed:
        return replace(remark, content={**remark.content, "label": place.renamed[label]})
    if remark.what == DECISION:
        unknown.append(f"{label} ({remark.where})")
    return remark


def _canonical_proposal(each: ExchangedTask, place: ImportPlace) -> str | None:
    if each.proposed_answer is None:
        return None
    try:
        text = _as_now(each.proposed_answer, place)
        return answer_kind(place.kind).validate(text, place.classes, of=f"corpus {place.corpus!r}")
    except (InvalidInput, UnknownLabel) as error:
        raise type(error)(f"{each.where}, what is proposed: {error}") from error


def _as_now(answer: str, place: ImportPlace) -> str:
    """An answer with the name of now where its class was renamed."""
    kind = answer_kind(place.kind)
    label = kind.label_of(answer)
    is_old = label is not None and label not in place.classes and label in place.renamed
    return kind.from_label(place.renamed[str(label)]) if is_old else answer
