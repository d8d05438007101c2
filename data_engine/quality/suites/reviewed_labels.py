"""Checks of reviewed_labels: the answers of one review batch.

The labels that follow from the answers are checked in `labels.py`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import blocking, warning
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.label_truths import LABEL_IS_A_CLASS, class_or_empty, every_label_is_a_class
from data_engine.quality.profiles import one_row

if TYPE_CHECKING:
    from data_engine.labeling.answers.annotator_drift import AnnotatorDrift
    from data_engine.labeling.answers.kind import AnswerKind

TABLES = ("reviewed_labels",)

CHECKS = (
    blocking("every_task_is_decided", "No task of the review batch waits for an answer."),
    blocking(
        "trap_catch_rate_is_high_enough",
        "The known-wrong proposals that were caught leave it possible that min_trap_catch_rate of all such are.",
    ),
    LABEL_IS_A_CLASS,
    blocking("simulated_answers_are_marked", "Every simulated answer says so, and claims no seconds of a person."),
    warning("annotators_agree", "Annotators of the batch agree beyond chance at least as far as min_agreement."),
    warning(
        "every_annotator_catches_traps", "Each annotator of at least three traps caught min_trap_catch_rate of them."
    ),
    warning(
        "nobody_does_worse_than_before",
        "No annotator catches significantly fewer traps, or agrees less with the others, than in earlier batches.",
    ),
    warning("nobody_answers_in_a_hurry", "Nobody takes less than a quarter of the seconds that others take."),
)


_WHO = "the screen People of the review page says who they are"


def suite(
    tables: Mapping[str, pa.Table],
    corpus: Corpus,
    n_undecided: int = 0,
    earlier: pa.Table | None = None,
) -> list[Truth]:
    """The truths about answers.

    Args:
        tables: reviewed_labels, of one review batch.
        corpus: gives the classes and the least catch rate.
        n_undecided: tasks of the batch that wait for an answer.
        earlier: reviewed_labels of earlier review batches; None where there are none.
    """
    gx = load_expectations()
    answers = tables["reviewed_labels"]
    is_simulated = answers["is_simulated"]
    says_simulated = pc.equal(answers["provenance"], "simulated")
    is_named = pc.starts_with(answers["annotator"], "simulated:")
    all_or_none = pc.and_(pc.equal(is_simulated, says_simulated), pc.equal(is_simulated, is_named))
    is_marked = pc.and_(all_or_none, pc.or_(pc.invert(is_simulated), pc.is_null(answers["active_s"])))
    columns = {"annotation_id": answers["annotation_id"], "label": class_or_empty(answers), "is_marked": is_marked}
    rows = Profile(pa.table(columns), "annotation_id")
    return [
        Truth(
            "every_task_is_decided",
            one_row(n_undecided=float(n_undecided)),
            gx.ExpectColumnValuesToBeBetween(column="n_undecided", min_value=0, max_value=0),
            lambda _: f"tasks without a decision: {n_undecided:,}",
            "every task of a closed review batch needs one",
            "answer them with data-engine review",
            n_culprits=n_undecided,
        ),
        _traps_are_caught(answers, corpus.review.min_trap_catch_rate, corpus.labels.confidence),
        every_label_is_a_class(rows, corpus),
        of_rows(
            "simulated_answers_are_marked",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="is_marked", value_set=[True]),
            what="answers whose marks of simulation contradict each other",
            rule="is_simulated, provenance `simulated` and annotator `simulated:...` go together, "
            "and simulated answers have no active_s",
            remedy="correct the rows in the queue; the server computes these marks",
        ),
        *_about_annotators(answers, earlier, corpus),
    ]


def _about_annotators(answers: pa.Table, earlier: pa.Table | None, corpus: Corpus) -> list[Truth]:
    """How people and programs answer each other and traps, and how fast; what reviewers decided is no answer."""
    from data_engine.labeling.answers.annotator_drift import drifted_annotators
    from data_engine.labeling.answers.annotator_figures import hurried
    from data_engine.labeling.answers.registry import kind_of
    from data_engine.labeling.answers.shown_annotators import shown_annotator
    from data_engine.labeling.answers.trap_records import trap_records

    gx = load_expectations()
    given = answers.filter(pc.not_equal(answers["provenance"], "adjudicated"))
    rows, before = given.to_pylist(), [] if earlier is None else earlier.to_pylist()
    kind = kind_of(row["kind"] for row in rows)
    records = trap_records(given, kind)
    rates = {shown_annotator(name): n / (n + missed) for name, (n, missed) in records.items() if n + missed >= 3}
    return [
        _they_agree(rows, kind, corpus.review.min_agreement),
        of_rows(
            "every_annotator_catches_traps",
            Profile(
                pa.table({"annotator": pa.array(rates, pa.string()), "rate": pa.array(rates.values(), pa.float64())}),
                "annotator",
            ),
            gx.ExpectColumnValuesToBeBetween(column="rate", min_value=corpus.review.min_trap_catch_rate),
            what="annotators who miss traps",
            rule=f"each must catch {corpus.review.min_trap_catch_rate:.1%}; until then their answers weigh less",
            remedy=f"talk to the annotators named; {_WHO}",
        ),
        _nobody_does_worse(
            drifted_annotators(rows, [row for row in before if row["provenance"] != "adjudicated"], kind)
        ),
        _nobody_hurries(hurried(rows)),
    ]


def _they_agree(rows: list[dict[str, Any]], kind: "AnswerKind", least: float) -> Truth:
    """Agreement beyond chance; of a few samples one answer more or less turns it from 1 to 0."""
    from data_engine.labeling.answers.annotator_figures import LEAST_SHARED, agreement, shared_answers

    gx, n_shared = load_expectations(), len(shared_answers(rows))
    alpha = agreement(rows, kind) if n_shared >= LEAST_SHARED else None
    return Truth(
        "annotators_agree",
        one_row(alpha=alpha),
        gx.ExpectColumnValuesToBeBetween(column="alpha", min_value=least),
        lambda _: (
            f"samples with two answers: {n_shared}; agreement is judged from {LEAST_SHARED} on"
            if alpha is None
            else f"agreement beyond chance: {alpha:.2f}"
        ),
        f"it must reach {least:.2f}",
        "say in review.definitions what each class means, and decide what is disputed on the review page",
        n_culprits=1,
    )


def _nobody_does_worse(drifted: "Sequence[AnnotatorDrift]") -> Truth:
    """Of annotators who do worse than in earlier batches: at what, now and before."""
    from data_engine.labeling.answers.shown_annotators import shown_annotator

    names = {"traps": "catches {0:.0%} of {1} traps, earlier {2:.0%} of {3}"}
    names["agreement"] = "agrees with the others in {0:.0%} of {1} answers, earlier in {2:.0%} of {3}"
    said = [
        f"{shown_annotator(each.annotator)} "
        + names[each.what].format(each.share, each.n, each.share_before, each.n_before)
        for each in drifted
    ]
    return Truth(
        "nobody_does_worse_than_before",
        one_row(n_drifted=float(len(drifted))),
        load_expectations().ExpectColumnValuesToBeBetween(column="n_drifted", max_value=0),
        lambda _: "; ".join(said) or "nobody does significantly worse than before",
        "nobody should do worse than chance explains",
        f"talk to the annotators named, and look at their latest answers; {_WHO}",
        culprits=tuple(dict.fromkeys(shown_annotator(each.annotator) for each in drifted)),
    )


def _nobody_hurries(fast: Mapping[str, tuple[float, float]]) -> Truth:
    """Of the people who are much faster than others: their seconds, and the others'."""
    from data_engine.labeling.answers.shown_annotators import shown_annotator

    return Truth(
        "nobody_answers_in_a_hurry",
        one_row(n_hurried=float(len(fast))),
        load_expectations().ExpectColumnValuesToBeBetween(column="n_hurried", max_value=0),
        lambda _: (
            "; ".join(
                f"{shown_annotator(name)} takes {own:.1f} s, others {theirs:.1f} s"
                for name, (own, theirs) in fast.items()
            )
            or "nobody is much faster than others"
        ),
        "an answer should take a quarter of the others' seconds at least",
        f"look at some answers of the annotators named; {_WHO}",
        culprits=tuple(map(shown_annotator, fast)),
    )


def _traps_are_caught(answers: pa.Table, least: float, confidence: float) -> Truth:
    """Judged by the upper bound of the share caught, as one missed trap of one says little of those who answered."""
    from data_engine.labeling.deciders.tree_labels import wilson_bound

    is_trap = pc.or_(pc.equal(answers["purpose"], "trap"), pc.equal(answers["arm"], "trap"))
    traps = answers.filter(is_trap)
    is_missed = pa.array([_says_what_was_proposed(row) for row in traps.to_pylist()], pa.bool_())
    missed, n = tuple(traps.filter(is_missed)["annotation_id"].to_pylist()), traps.num_rows
    bound = 1 - wilson_bound(len(missed), n, confidence) if n else None
    return Truth(
        "trap_catch_rate_is_high_enough",
        one_row(bound=bound),
        load_expectations().ExpectColumnValuesToBeBetween(column="bound", min_value=least),
        lambda _: (
            "no trap was answered, so nothing can be said"
            if bound is None
            else f"share of traps caught: {1 - len(missed) / n:.1%}, {bound:.1%} at most with {confidence:.0%} "
            f"confidence (traps missed: {len(missed):,} of {n:,})"
        ),
        f"that must reach {least:.1%}",
        "look at the answers named and ask their annotators again",
        culprits=missed,
    )


def _says_what_was_proposed(row: Mapping[str, str | None]) -> bool:
    from data_engine.labeling.answers.registry import answer_kind

    proposed = row["proposed_answer"]
    return proposed is not None and answer_kind(str(row["kind"])).is_same(str(row["answer"]), proposed)
