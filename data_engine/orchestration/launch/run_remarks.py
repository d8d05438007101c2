"""Remarks of a run between its jobs: another encoder, the levels of a tree, changed classes, a new review queue.

The summary at its end is in `terminal.run_summary`.
"""

from typing import TYPE_CHECKING

from rich.text import Text

from data_engine.errors import NotEnoughData
from data_engine.reporting.metrics.concepts import why_levels
from data_engine.runtime.amendments.asked_by_people import leave_for_people
from data_engine.runtime.amendments.class_changes import ask_again, follow_classes
from data_engine.runtime.amendments.taken_batches import batches_without_queue
from data_engine.runtime.amendments.third_opinions import ask_third_opinions
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.embeddings import ready_encoder
from data_engine.runtime.made_from.encoders import encoder_in_use
from data_engine.runtime.made_from.given_labels import remarks_on_given_labels
from data_engine.runtime.models.model_versions import why_void
from data_engine.runtime.models.promotions import promotion_in_force
from data_engine.runtime.review_rounds import lacking_hold_out
from data_engine.runtime.versions import step_versions
from data_engine.terminal.plain_text import counted, plain

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.runtime.accepted_tables import AcceptedTables
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.terminal.run_summary import RunOutcome


def say_promotion(runtime: "CorpusRuntime", console: "Console") -> None:
    """Print which classifier a person put into service, who, when and why; nothing where the hold-out decides."""
    held = promotion_in_force(runtime)
    if held is None:
        return
    said = f"classifier {held.classifier_version} is in service by hand: {held.told}"
    if void := why_void(runtime, held):
        said = f"classifier {held.classifier_version}, promoted by hand, is not in service: {void}"
    console.print(plain(f"  {said}; data-engine models rollback undoes it"), soft_wrap=True)


def load_and_say_encoder(runtime: "CorpusRuntime", console: "Console", *, is_told: bool = False) -> bool:
    """Load the encoder before anything is taken in, and say where it is another one than that of the vectors there.

    Args:
        runtime: The corpus.
        console: Where it is said.
        is_told: Whether it was said already that it is another one; then nothing is.

    Returns: whether it is another one.

    Raises: SourceMissing when it cannot be loaded; InvalidInput when it embeds no samples of this kind.
    """
    encoder = ready_encoder(runtime.corpus)
    before = encoder_in_use(runtime.store(), step_versions(runtime.store(), "embeddings").values())
    if before.version in ("", encoder.version):
        return False
    if is_told:
        return True
    console.print(
        plain(
            f"  the encoder is now {encoder.name} (version {encoder.version}), before it was {before.shown}: every "
            "sample is embedded anew, then tree, subset, classifier, proposals and labels are made of the new vectors"
        ),
        soft_wrap=True,
    )
    return True


def say_levels(runtime: "CorpusRuntime", console: "Console") -> None:
    """Print why the automatic levels of the tree are as they are."""
    from rich.padding import Padding

    tables = _last(runtime, "cluster_tree")
    n_samples = len(tables.read("tree_assignments", columns=["sample_id"]))
    said = why_levels(tables.read("tree_explanation"), runtime.corpus.subset.target_size, n_samples)
    console.print(Padding(plain(said), (0, 0, 0, 6)), style="dim", highlight=False)


def say_comparison(runtime: "CorpusRuntime", console: "Console") -> None:
    """Print why the newest version of the classifier was not compared with the one before; nothing where it was."""
    said = _last(runtime, "classifier").read("classifier", columns=["comparison"])["comparison"].to_pylist()
    if said and (said[-1] or "").startswith("not compared"):
        console.print(plain(f"      the classifier was {said[-1]}"), style="dim")


def _last(runtime: "CorpusRuntime", step: str) -> "AcceptedTables":
    """The tables with those of a step as it wrote them last, whatever its checks say."""
    return accepted_tables(runtime, run_id="run", as_step=step)


def say_before_labels(runtime: "CorpusRuntime", console: "Console") -> None:
    """Tell the queue of changed classes, and print what that does; print that a queue lacks batches of the tables."""
    unknown = ", ".join(batches_without_queue(runtime))
    if unknown:
        said = f"  the review queue is new, or an older copy: it does not have {unknown}, whose answers stay in "
        console.print(plain(f"{said}the tables; rounds are numbered on"), soft_wrap=True)
    for said in follow_classes(runtime):
        console.print(plain(f"  {said}"), soft_wrap=True)


def say_given(runtime: "CorpusRuntime", console: "Console") -> None:
    """Print how many samples the data give a label, and which values name no class; nothing where they give none."""
    for remark in remarks_on_given_labels(runtime.corpus, accepted_tables(runtime, run_id="run").read):
        console.print(Text.assemble("  ", ("note", "yellow"), f" {remark}"), soft_wrap=True)


def say_no_classifier(runtime: "CorpusRuntime", console: "Console") -> None:
    """Print what there is before the first classifier."""
    said = "no labels yet: the review batch waits for answers"
    if runtime.corpus.labels.given is not None:
        said = "the labels are those that the data give: there is no classifier before the hold-out is answered"
        lacking = lacking_hold_out(runtime)
        said += f" ({lacking})" if lacking else ""
    elif any(step == "reviewed_labels" for step, _ in step_versions(runtime.store())):
        said = "the labels are those of the answers: there is nothing yet that proposes any"
    console.print(plain(f"  {said}"), soft_wrap=True)


def say_nothing_proposed(runtime: "CorpusRuntime", error: Exception, console: "Console") -> bool:
    """Print why no objects are proposed, where too little was found to learn from; False where it was another error.

    Rounds by hand go on without, and the next run tries again.
    """
    if not (runtime.corpus.asks_for_objects and isinstance(error, NotEnoughData)):
        return False
    said = f" nothing is proposed, objects are asked for by hand: {error}"
    console.print(Text.assemble("  ", ("note", "yellow"), plain(said)), soft_wrap=True)
    return True


def say_asked_again(runtime: "CorpusRuntime", console: "Console") -> None:
    """Open a review batch about samples whose class was removed, where there are such, and print it."""
    opened = ask_again(runtime)
    if opened is not None:
        said = f" opened: {counted(opened[1], 'sample')} of removed classes to be asked about again"
        said += f"; {counted(opened[2], 'other')} outside the subset keep their answers aside" if opened[2] else ""
        console.print(Text.assemble("  ", plain(opened[0], "bold"), said), soft_wrap=True)


def say_third_opinions(runtime: "CorpusRuntime", outcome: "RunOutcome", console: "Console") -> None:
    """Ask one annotator more where answers leave a label in doubt, and print of how many samples."""
    n = ask_third_opinions(runtime)
    if n:
        with runtime.queue() as queue:
            outcome.waiting_for = [each.batch_id for each in queue.batches(runtime.corpus.name) if not each.is_ready]
        console.print(plain(f"  one annotator more is asked about {counted(n, 'sample')} in doubt"), soft_wrap=True)


def say_waiting(outcome: "RunOutcome", console: "Console") -> None:
    """Print that nothing can be learnt, and so nothing is published, before review batches are answered."""
    named = ", ".join(outcome.waiting_for)
    said = f"labels, report and release stay as they are until {named} is answered ({outcome.waits_to_learn})"
    console.print(plain(f"  {said}"), soft_wrap=True)


def open_for_people(runtime: "CorpusRuntime", console: "Console") -> None:
    """Open the review batch that simulated annotators leave to people, where the corpus asks for one, and say so."""
    batch = leave_for_people(runtime)
    if batch is not None:
        console.print(Text.assemble("  ", plain(batch, "bold"), " opened, for people"))
