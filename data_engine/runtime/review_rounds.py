"""Review rounds: when the next review batch opens, and what goes into it.

Whom to ask is decided by `labeling.rounds`; the queue is in `data_engine.review`, and answers of simulated annotators
in `simulation.simulated_answers`.
"""

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from data_engine.errors import ChecksFailed
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.amendments.batch_size import fitted, query_size
from data_engine.runtime.amendments.taken_batches import not_taken_over, taken_batches
from data_engine.runtime.check_gate import CheckGate, accepted_tables
from data_engine.runtime.classifier_in_service import draws_in_service, proposed_classes
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.deciders.tree import planned_checks
from data_engine.runtime.embeddings import subset_embeddings
from data_engine.runtime.examples.class_name_examples import first_guess
from data_engine.runtime.examples.image_children import synthesised_tasks
from data_engine.runtime.made_from.doubtful_labels import doubted_samples
from data_engine.runtime.made_from.encoders import encoder_used, refuse_another
from data_engine.runtime.made_from.given_labels import given_classes, given_hold_out, given_labels_text
from data_engine.runtime.made_from.label_history import classes_without_help
from data_engine.runtime.models.borrowed import borrowed_model
from data_engine.runtime.objects.tasks import images_to_ask, planned_objects

if TYPE_CHECKING:
    from data_engine.corpus import Labels
    from data_engine.labeling import PlannedTask
    from data_engine.review import NewTask, ReviewQueue

SNIPPET_CHARS = 2000

FOR_PEOPLE = "asked for by a person"
"""The cause of a review batch that simulated annotators leave alone."""


def why_open(runtime: CorpusRuntime) -> tuple[str, str | None]:
    """Reason to create the next review batch and the version of its evidence; (reason to wait, None) otherwise."""
    if not runtime.corpus.has_labels:
        return "the corpus has no block labels, so there is nothing to ask", None
    review, gate = runtime.corpus.review, CheckGate(runtime, runtime.store(), "plan")
    subset, proposals = gate.latest("balanced_subset", ""), gate.latest("proposals", "")
    if subset is None:
        return "there is no balanced subset yet; curate the corpus first", None
    lacking = "" if gate.refusal(subset) else lacking_hold_out(runtime)
    refusals = [gate.refusal(version) for version in (subset, None if lacking else proposals) if version is not None]
    if any(refusals):
        return "; ".join(filter(None, refusals)), None
    with runtime.queue() as queue:
        waiting = [batch.batch_id for batch in queue.batches(runtime.corpus.name) if not batch.is_ready]
        n_open = queue.open_tasks(runtime.corpus.name)
        n_batches = len(known_batches(runtime, queue))
    if n_open >= review.max_open_tasks:
        return f"{n_open} tasks are open, the limit is {review.max_open_tasks}; answer some first", None
    if waiting:
        return f"review batch {waiting[0]} is not answered yet", None
    if n_batches == 0:
        return "nobody has answered anything yet", f"first:{subset.data_version}"
    if lacking:
        if coming := not_taken_over(runtime):
            return f"the answers of {', '.join(coming)} are taken over first", None
        return lacking, f"hold-out:{subset.data_version}:{n_batches}"
    if proposals is None and runtime.corpus.asks_for_objects:
        return images_to_ask(gate, subset, n_batches)
    if proposals is None:
        return "there are no proposals yet; train the classifier on the answers first", None
    made, now = encoder_used(gate.store, proposals), gate.encoder_in_use()
    if made.version not in ("", now.version):
        return f"the proposals are of vectors of {made.shown}, and the embeddings of {now.shown}; train first", None
    tables = AcceptedTables(gate.store, gate)
    uncertainty = tables.read("proposals", columns=["uncertainty"])["uncertainty"].to_numpy()
    mean, share = float(uncertainty.mean()), float((uncertainty >= review.uncertain_above).mean())
    measured = f"mean uncertainty {mean:.2f} (limit {review.open_at_mean_uncertainty}), {share:.0%} of the proposals "
    measured += f"are at least {review.uncertain_above} uncertain (limit {review.open_at_uncertain_share:.0%})"
    if mean < review.open_at_mean_uncertainty and share < review.open_at_uncertain_share:
        return f"the proposals are certain enough: {measured}", None
    return measured, proposals.data_version


def expire_old_batches(runtime: CorpusRuntime) -> list[str]:
    """Let what waited longer than `review.expires_after_days` keep nobody waiting; the batches that expire by this."""
    days = runtime.corpus.review.expires_after_days
    if days is None:
        return []
    with runtime.queue() as queue:
        now = queue.clock()
        return queue.expire_batches(runtime.corpus.name, opened_before=now - timedelta(days=days), now=now)


def lacking_hold_out(runtime: CorpusRuntime) -> str:
    """Why the next round has to enlarge the hold-out before anything is learnt; empty where nothing is lacking.

    What a corpus has learnt from is enough for it, so that a larger subset does not stop it.
    """
    from data_engine.labeling import least_hold_out

    gate = CheckGate(runtime, runtime.store(), "plan")
    classifier = gate.latest("classifier", "")
    if classifier is not None and not gate.refusal(classifier) and not learnt_from_other_given_labels(runtime):
        return ""
    tables = AcceptedTables(gate.store, gate)
    reviewed = tables.read("reviewed_labels", columns=["sample_id", "purpose"]).to_pylist()
    n = len(_held_out(runtime, tables, reviewed))
    needed = least_hold_out(runtime.corpus.subset.target_size, runtime.corpus.labels.hold_out_size)
    is_anything_there = reviewed or runtime.corpus.labels.given is not None
    return _said_of_hold_out(runtime, n, needed) if is_anything_there and n < needed else ""


def _said_of_hold_out(runtime: CorpusRuntime, n_taken: int, needed: int) -> str:
    """How many answers of the hold-out are there, those of unfinished rounds among them, and how many are to go."""
    with runtime.queue() as queue:
        waiting = [batch.batch_id for batch in queue.batches(runtime.corpus.name) if not batch.is_answered]
        answers = [row for batch_id in waiting for row in queue.answers(batch_id).to_pylist()]
    n_coming = len({row["sample_id"] for row in answers if row["purpose"] == "hold_out" and row["answer"]})
    n = n_taken + n_coming
    said = f"of {needed:,} samples that the hold-out needs {n:,} {'is' if n == 1 else 'are'} answered, "
    said += f"{max(needed - n, 0):,} to go"
    return said + (f"; answers count once all of {', '.join(waiting)} is answered" if n_coming else "")


def learnt_from_other_given_labels(runtime: CorpusRuntime) -> bool:
    """Whether the newest classifier learnt from labels that the YAML no longer gives, or not in this way."""
    gate = CheckGate(runtime, runtime.store(), "plan")
    version = gate.latest("classifier", "")
    if version is None or gate.refusal(version):
        return False
    rows = AcceptedTables(gate.store, gate).read("classifier", columns=["given_labels"])["given_labels"].to_pylist()
    return bool(rows) and rows[-1] != given_labels_text(runtime.corpus)


def _held_out(runtime: CorpusRuntime, tables: AcceptedTables, reviewed: list[dict[str, Any]]) -> set[str]:
    """The answered samples of the hold-out that still have an embedding, and those whose given label is held out."""
    from data_engine.schemas import REVIEWED_LABELS

    held = {row["sample_id"] for row in reviewed if row["purpose"] == "hold_out"}
    columns = [REVIEWED_LABELS.field(name) for name in ("sample_id", "purpose")]
    answers = pa.Table.from_pylist(reviewed, schema=pa.schema(columns))
    asked = pa.array(sorted(held | given_hold_out(runtime.corpus, tables.read, answers)), pa.string())
    there = tables.read("embeddings", columns=["sample_id"], among={"sample_id": asked})
    return set(there["sample_id"].to_pylist())


def create_review_batch(runtime: CorpusRuntime, *, cause: str, n_tasks: int | None = None) -> str | None:
    """Put the next round of questions into the queue.

    Args:
        runtime: The corpus.
        cause: Why, as people read it.
        n_tasks: How many it has beside its hold-out, at most; by the YAML where None.

    Returns: the id of the review batch; None when nothing is left to ask.
    Raises: ChecksFailed when the subset or the proposals are held back by their checks.
    """
    from data_engine.review import NewTask

    tables = accepted_tables(runtime, run_id="review")
    with runtime.queue() as queue:
        round_number = next_round(runtime, queue)
        planned = _plan(runtime, tables, round_number, n_tasks)
        if n_tasks is None:
            planned += planned_checks(runtime.corpus, tables, besides=planned, round_number=round_number)
        if not planned:
            return None
        texts = payloads_of(tables, [task.sample_id for task in planned], with_sizes=runtime.corpus.asks_for_objects)
        tasks = [NewTask(**vars(task), payload=texts[task.sample_id]) for task in planned]
        if n_tasks is None:
            tasks += synthesised_tasks(runtime, tables, planned, round_number=round_number)
        return open_questions(runtime, queue, round_id(runtime, round_number), tasks, cause=cause)


def next_round(runtime: CorpusRuntime, queue: "ReviewQueue") -> int:
    """The number of the next round."""
    known = known_batches(runtime, queue)
    return next(number for number in count(len(known)) if round_id(runtime, number) not in known)


def open_questions(
    runtime: CorpusRuntime, queue: "ReviewQueue", batch_id: str, tasks: "list[NewTask]", *, cause: str
) -> str:
    """Open a review batch with the question of the corpus; its id."""
    corpus = runtime.corpus
    queue.open_batch(
        batch_id,
        corpus=corpus.name,
        question=corpus.labels.question,
        classes=corpus.class_names,
        kind=corpus.labels.kind,
        tasks=tasks,
        cause=cause,
        answers_per_task=corpus.review.answers_per_task,
        now=queue.clock(),
    )
    return batch_id


def known_batches(runtime: CorpusRuntime, queue: "ReviewQueue") -> set[str]:
    """The rounds of the corpus: those of the queue, and those whose answers are in the tables.

    A queue that was lost or replaced does not know the latter; they count as rounds all the same.
    """
    from data_engine.review.queue_records import is_round

    found = {batch.batch_id for batch in queue.batches(runtime.corpus.name)} | taken_batches(runtime)
    return {batch_id for batch_id in found if is_round(batch_id, runtime.corpus.name)}


def what_is_left(runtime: CorpusRuntime) -> str:
    """What of the subset has no label, and what to do about it, in a sentence; for the end of a run or a review."""
    name, rounds = runtime.corpus.name, runtime.corpus.labels.rounds
    with runtime.queue() as queue:
        n_open = queue.open_tasks(name)
        waiting = [batch for batch in queue.batches(name) if not batch.is_answered]
        n_rounds = len(known_batches(runtime, queue))
    if waiting:
        n_done = sum(batch.n_done for batch in waiting)
        answered = f"{n_done:,} {'is' if n_done == 1 else 'are'} answered, " if n_done else ""
        named = ", ".join(batch.batch_id for batch in waiting)
        are = "task waits" if n_open == 1 else "tasks wait"
        return f"{answered}{n_open:,} {are} for an answer in {named}: data-engine review --corpus {name}"
    gate = CheckGate(runtime, runtime.store(), "plan")
    steps = (gate.latest("balanced_subset", ""), gate.latest("labels", ""))
    if any(version is None or gate.refusal(version) for version in steps):
        return f"no review batch is open: data-engine run {name}"
    labels = AcceptedTables(gate.store, gate).read("labels", columns=["in_subset"])["in_subset"].to_pylist()
    n_subset, n_labelled = (0 if steps[0] is None else steps[0].n_rows), sum(each is not False for each in labels)
    if n_labelled >= n_subset:
        return f"all {n_subset:,} samples of the subset have a label"
    n_left = n_subset - n_labelled
    left = f"{n_left:,} of the {n_subset:,} samples of the subset {'has' if n_left == 1 else 'have'} no label"
    if n_rounds <= rounds:
        return f"{left}: data-engine run {name} takes the answers over and opens the next round"
    return (
        f"{left}, and all rounds are asked (labels.rounds is {rounds}): raise labels.rounds in the YAML and give "
        f"data-engine run {name} to ask on, or leave them without"
    )


def round_id(runtime: CorpusRuntime, round_number: int) -> str:
    """The id of the review batch of a round."""
    return f"{runtime.corpus.name}-round-{round_number:03d}"


def _plan(
    runtime: CorpusRuntime, tables: AcceptedTables, round_number: int, n_tasks: int | None
) -> "tuple[PlannedTask, ...]":
    _refuse_other_vectors(runtime)
    ids, x = subset_embeddings(tables)
    sizes = {} if n_tasks is None else {"query_batch_size": query_size(n_tasks)}
    settings = runtime.corpus.labels.model_copy(update=sizes)
    plan = _planned_objects if runtime.corpus.asks_for_objects else _planned_classes
    planned = plan(runtime, tables, ids, x, settings, round_number)
    return planned if n_tasks is None else fitted(planned, n_tasks)


def _planned_objects(
    runtime: CorpusRuntime, tables: AcceptedTables, ids: list[str], x: np.ndarray, settings: "Labels", round_number: int
) -> "tuple[PlannedTask, ...]":
    return planned_objects(
        runtime,
        tables,
        ids,
        x,
        hold_out_ids=_held_out(
            runtime, tables, tables.read("reviewed_labels", columns=["sample_id", "purpose"]).to_pylist()
        ),
        settings=settings,
        round_number=round_number,
        with_proposals=not lacking_hold_out(runtime),
    )


def _planned_classes(
    runtime: CorpusRuntime, tables: AcceptedTables, ids: list[str], x: np.ndarray, settings: "Labels", round_number: int
) -> "tuple[PlannedTask, ...]":
    from data_engine.labeling import plan_review_batch

    classes = {name: index for index, name in enumerate(runtime.corpus.class_names)}
    reviewed = tables.read("reviewed_labels", columns=["sample_id", "purpose", "label"]).to_pylist()
    given = given_classes(runtime.corpus, tables.read, among=pa.array(ids, pa.string()))
    probabilities, proposed, accepts = (
        (None,) * 3 if lacking_hold_out(runtime) else proposed_classes(tables, ids, classes)
    )
    vectors = CheckGate(runtime, runtime.store(), "review").encoder_in_use()
    if probabilities is None:
        borrowed = borrowed_model(runtime, vectors)
        probabilities = None if borrowed is None else borrowed.model.predict_proba(x)
    return plan_review_batch(
        round_number=round_number,
        sample_ids=ids,
        embeddings=x,
        probabilities=probabilities,
        proposed=proposed,
        gate_accepts=accepts,
        reviewed={row["sample_id"]: classes[row["label"]] for row in reviewed if row["purpose"] != "trap"},
        hold_out_ids=_held_out(runtime, tables, reviewed),
        control_ids={row["sample_id"] for row in reviewed if row["purpose"] == "control"},
        settings=settings,
        class_names=runtime.corpus.class_names,
        seed=runtime.corpus.seed_for("review", round_number),
        kind=runtime.corpus.labels.kind,
        first_guess=first_guess(runtime.corpus, x, vectors) if probabilities is None else None,
        given={key: classes[given[key]] for key in given.keys() - {row["sample_id"] for row in reviewed}},
        doubted=doubted_samples(runtime, tables),
        draw=None if probabilities is None or proposed is None else draws_in_service(tables),
        without_help=classes_without_help(runtime, tables.read("reviewed_labels")),
    )


def _refuse_other_vectors(runtime: CorpusRuntime) -> None:
    """Subset and proposals are of the encoder of the vectors that they are read with. Raises: ChecksFailed."""
    gate = CheckGate(runtime, runtime.store(), "review")
    for step in ("balanced_subset", "proposals"):
        version = gate.latest(step, "")
        made = "" if version is None else encoder_used(gate.store, version).version
        if made:
            refuse_another(step, made, gate.encoder_in_use())


def payloads_of(
    tables: AcceptedTables, sample_ids: list[str], *, with_sizes: bool = False
) -> dict[str, dict[str, Any]]:
    """The payload of each task: the sample's text, cut, and its uri; with the size (height, width) of images where
    answers are places in them. Never the known label."""
    asked = {"sample_id": pa.array(sorted(set(sample_ids)), pa.string())}
    sides = ["height_px", "width_px"] if with_sizes else []
    wanted = tables.read("raw_index", columns=["sample_id", "uri", "text", *sides], among=asked)
    payloads = {
        row["sample_id"]: {"uri": row["uri"], "text": (row["text"] or "")[:SNIPPET_CHARS]}
        | ({"size": [row[side] for side in sides]} if sides else {})
        for row in wanted.to_pylist()
    }
    missing = sorted(set(sample_ids) - set(payloads))
    if missing:
        raise ChecksFailed(
            f"{len(missing)} samples to ask about, among them {missing[:3]}, are in no accepted batch of the raw index "
            f"any more; materialize cluster_tree and what follows, then open the review batch"
        )
    return payloads
