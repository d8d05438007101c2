"""The schedules of a corpus: every night all after the embeddings, and labels to verify as often as its YAML says."""

from collections.abc import Sequence

import dagster as dg

from data_engine.orchestration.names import corpus_name, tags_of
from data_engine.runtime.corpus_runtime import CorpusRuntime


def build_schedules(runtime: CorpusRuntime) -> Sequence[dg.ScheduleDefinition]:
    """The daily one, at 02:00 UTC, which skips with a reason while nobody has answered anything; and for each question
    the one of `review.verification`, where that has one."""

    @dg.schedule(
        name=corpus_name(runtime, "daily"),
        job_name=corpus_name(runtime, "refresh"),
        tags=tags_of(runtime),
        cron_schedule="0 2 * * *",
        execution_timezone="UTC",
        description="Every night: tree, subset, classifier, proposals, labels, reports, release.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from data_engine.runtime.staleness import stale_steps

        stale = stale_steps(runtime)
        if runtime.asking and not any(each.store().exists("reviewed_labels") for each in runtime.asking):
            return dg.SkipReason("nobody has answered a review batch yet; open and answer one first")
        if not stale:
            return dg.SkipReason("everything is up to date")
        return dg.RunRequest(
            run_key=f"daily:{context.scheduled_execution_time:%Y-%m-%d}", tags={"stale": ", ".join(stale)}
        )

    return [daily, *(_verification(each) for each in runtime.asking if each.corpus.review.verification.schedule)]


def _verification(runtime: CorpusRuntime) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=corpus_name(runtime, "verification"),
        job_name=corpus_name(runtime, "verify"),
        tags=tags_of(runtime),
        cron_schedule=runtime.corpus.review.verification.schedule,
        execution_timezone="UTC",
        description="Asks people, unseen, about automatic labels and about what they answered weeks ago.",
    )
