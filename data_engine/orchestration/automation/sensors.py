"""Sensors: what makes things happen without a person. Each fires once per cause; a skip always gives its reason.

Those of the review queue are in `review_sensors.py`, that of drift in `drift_sensor.py`, those of routes in
`route_sensor.py`, that of other alarms in `alarm_sensor.py`.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from data_engine.errors import ConcurrentWrite, SourceError
from data_engine.orchestration.automation.alarm_sensor import alarm_sensor
from data_engine.orchestration.automation.drift_sensor import drift_sensor
from data_engine.orchestration.automation.mask_training import mask_trainer
from data_engine.orchestration.automation.notice_sensor import notice_sensors
from data_engine.orchestration.automation.review_sensors import review_closer, review_opener
from data_engine.orchestration.automation.route_sensor import route_sensor
from data_engine.orchestration.launch.command_lock import corpus_lock
from data_engine.orchestration.launch.moves import forget_gone
from data_engine.orchestration.names import asset_key, batch_partitions, corpus_name, tags_of
from data_engine.runtime.accepted_samples import orphaned_duplicates
from data_engine.runtime.amendments.arrivals import Arrivals, ask_about_arrivals
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import JOBS, steps_from
from data_engine.runtime.source_listing import batches_of
from data_engine.runtime.versions import fingerprint

if TYPE_CHECKING:
    from data_engine.indexing import SourceFile
    from data_engine.runtime.versions import StepVersion

    Versions = Mapping[tuple[str, str], StepVersion]

#: How long a batch of which something could not be read, such as from a server that is down, is left alone.
_TRY_AGAIN = timedelta(minutes=10)


def build_sensors(runtime: CorpusRuntime) -> Sequence[dg.SensorDefinition]:
    """The six sensors of a corpus, stopped until somebody turns them on; without labels the three about batches, and
    of several questions those about reviews and routes for each; where objects are asked for, one about networks."""
    of_review = [sensor(each) for each in runtime.asking for sensor in (review_opener, review_closer)]
    notices = [sensor for each in runtime.asking for sensor in notice_sensors(each)]
    routes = [route_sensor(each) for each in runtime.asking]
    routes += [mask_trainer(runtime)] if runtime.corpus.asks_for_objects else []
    return [_new_batches(runtime), *of_review, *routes, drift_sensor(runtime), alarm_sensor(runtime), *notices]


def _new_batches(runtime: CorpusRuntime) -> dg.SensorDefinition:
    @dg.sensor(
        name=corpus_name(runtime, "new_batches"),
        job_name=corpus_name(runtime, "ingest"),
        tags=tags_of(runtime),
        minimum_interval_seconds=60,
        description="Takes out batches that the source no longer has, finds new and changed files, adds their batches "
        "and ingests them; once all are read, also batches with duplicates of something that has left. Then asks about "
        "samples that arrived and leave the classifier in doubt, where review.arriving_share gives a budget.",
    )
    def new_batches(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        from data_engine.runtime.versions import step_versions

        try:
            batches = batches_of(runtime)
            # What moves from one batch to another has left the first before the second is judged.
            left = _forget_gone(runtime, batches, context.instance)
        except (SourceError, ConcurrentWrite) as error:
            return dg.SkipReason(str(error))
        if left:
            context.log.info(left)
        versions = step_versions(runtime.store())
        causes, steps = _unread(batches, versions), JOBS["ingest"]
        # Looking for lost twins reads all verdicts, so it waits until a step has written something.
        state = fingerprint({"/".join(key): version.run_id for key, version in versions.items()})
        settled, _, stream = (context.cursor or "").partition("|")
        if not causes and settled != state:
            causes, steps = _with_orphaned_duplicates(runtime, versions, batches), steps_from("ingest", "first_pass")
        if not causes:
            said = f"all {len(batches)} batches are read, none has changed, and no duplicate has lost its twin"
            said = f"{left}. {said[0].upper()}{said[1:]}" if left else said
            streams = json.loads(stream) if stream else {}
            for each in runtime.asking:
                arrivals = ask_about_arrivals(each, Arrivals.from_text(streams.get(each.corpus.name, "")))
                said += f"; {arrivals.asked} asks about samples that arrived" if arrivals.asked else ""
                streams |= {each.corpus.name: arrivals.text} if arrivals.seen is not None else {}
            cursor = f"{state}|{json.dumps(streams)}" if streams else state
            return dg.SensorResult(skip_reason=dg.SkipReason(said), cursor=cursor)
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    partition_key=batch, run_key=cause, asset_selection=[asset_key(runtime, step) for step in steps]
                )
                for batch, cause in causes.items()
            ],
            dynamic_partitions_requests=[batch_partitions(runtime).build_add_request(list(causes))],
        )

    return new_batches


def _forget_gone(
    runtime: CorpusRuntime, listed: "Mapping[str, Sequence[SourceFile]]", instance: dg.DagsterInstance
) -> str:
    """Take out what the source no longer has, and say which. Raises: ConcurrentWrite while a command is at work."""
    from data_engine.runtime.amendments.forgetting import batches_taken_in

    if not batches_taken_in(runtime).keys() - set(listed):
        return ""
    with corpus_lock(runtime):
        return forget_gone(runtime, listed, instance)


def _unread(batches: "Mapping[str, Sequence[SourceFile]]", versions: "Versions") -> dict[str, str]:
    """A run key for each batch whose files are new or have changed since they were read, or could not all be read."""
    from data_engine import indexing

    causes = {}
    for batch, files in batches.items():
        last, found = versions.get(("raw_index", batch)), indexing.fingerprint(files)
        tried = fingerprint({"files": indexing.fingerprint(files, is_whole=False)})
        if last is not None and last.input_version == tried and datetime.now(UTC) - last.written_at < _TRY_AGAIN:
            continue
        if last is None or last.input_version != fingerprint({"files": found}):
            # With the version that is replaced in the key, files that are put back as they once were fire again.
            causes[batch] = f"ingest:{batch}:{last.table_version if last else 'new'}:{found}"
    return causes


def _with_orphaned_duplicates(runtime: CorpusRuntime, versions: "Versions", listed: Collection[str]) -> dict[str, str]:
    """A run key for each batch with duplicates of something that is no longer kept.

    A batch that the source no longer has is judged by its raw index; of images that holds no pixels to look at.
    """
    if not any(step == "first_pass" for step, _ in versions):
        return {}
    lost = orphaned_duplicates(runtime, runtime.store())
    judged = [batch for batch in lost if batch in listed or not runtime.corpus.samples.is_read_again]
    return {batch: f"lost twins:{batch}:{versions['first_pass', batch].table_version}" for batch in judged}
