"""The sensor of routes: what a decider had decided goes back to people when audits shut it, once per time it is shut.

Which routes are shut is found in `runtime/alarms/shut_routes.py`; the step `proposals` shuts them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg

from data_engine.orchestration.names import asset_key, corpus_name, tags_of
from data_engine.runtime.alarms.alarm_table import Alarm, alarms_of, keep_alarms
from data_engine.runtime.alarms.shut_routes import RoutesNow, open_withdrawn_review, routes_now
from data_engine.runtime.corpus_runtime import CorpusRuntime

_KIND = "route"


def route_sensor(runtime: CorpusRuntime) -> dg.SensorDefinition:
    """The sensor `<corpus>_routes`."""

    @dg.sensor(
        name=corpus_name(runtime, "routes"),
        job_name=corpus_name(runtime, "publish"),
        tags=tags_of(runtime),
        minimum_interval_seconds=60,
        description="When audits have shut a decider, withdraws the labels that it made and asks people about them; "
        "notes when a new certificate opens it again. Every time that it is shut is one alarm.",
    )
    def routes(_context: dg.SensorEvaluationContext) -> dg.SensorResult:
        now, found = datetime.now(UTC), routes_now(runtime)
        known = alarms_of(runtime, _KIND)
        waiting = [alarm for alarm in known.values() if alarm.settled_at is None]
        opened = list(_opened_again(waiting, found, now))
        raised = list(_raised(runtime, [*known.values()], found, now))
        if opened or raised:
            keep_alarms(runtime, [*opened, *raised], run_id="route sensor")
        # Where the daemon ended between the table and the launch, the run key was never seen; it is asked for again.
        pending = [alarm for alarm in (*waiting, *raised) if alarm.settled_at is None and alarm.subject in found.shut]
        requests = [
            dg.RunRequest(
                run_key=f"route:{alarm.cause}",
                asset_selection=[asset_key(runtime, "labels")],
                tags={"shut": alarm.subject},
            )
            for alarm in pending
        ]
        said = "; ".join(_told(alarm) for alarm in (*opened, *raised)) or _why_nothing(pending)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(said),
            asset_events=[_observed(runtime, alarm) for alarm in (*opened, *raised)],
        )

    return routes


def _raised(runtime: CorpusRuntime, known: Sequence[Alarm], found: RoutesNow, now: datetime) -> Iterable[Alarm]:
    """An alarm for each decider that is shut and for which none waits; people are asked about what it had decided."""
    for name, (shut, sample_ids) in found.shut.items():
        before = [alarm for alarm in known if alarm.subject == name]
        if any(alarm.settled_at is None for alarm in before):
            continue
        batch, n = open_withdrawn_review(runtime, sample_ids, cause=f"{shut.told}: what it decided is asked again")
        launched = "labels withdrawn"
        launched += f", review batch {batch} about {n} of {len(sample_ids)} samples" if batch else ""
        yield Alarm(_KIND, name, f"{name}:{len(before) + 1}:{found.version}", shut.most, shut.promise, now, launched)


def _opened_again(waiting: Iterable[Alarm], found: RoutesNow, now: datetime) -> Iterable[Alarm]:
    """The alarms of deciders that take samples again, which takes a certificate that their audits do not contradict."""
    for alarm in waiting:
        bound = found.certified.get(alarm.subject)
        if alarm.subject not in found.shut and bound is not None:
            how = f"open again by a new certificate of {bound:.3f}"
            yield replace(alarm, settled_at=now, settled_by=how)


def _told(alarm: Alarm) -> str:
    return f"{alarm.subject}: {alarm.settled_by or alarm.launched}"


def _why_nothing(pending: Iterable[Alarm]) -> str:
    shut = ", ".join(sorted(alarm.subject for alarm in pending))
    return f"{shut} stays shut until a new certificate" if shut else "no route is shut by its audits"


def _observed(runtime: CorpusRuntime, alarm: Alarm) -> dg.AssetObservation:
    """What became of an alarm, for the page of the asset `proposals`."""
    return dg.AssetObservation(
        asset_key(runtime, "proposals"),
        metadata={
            "decider": alarm.subject,
            "most of its answers that are right": alarm.value,
            "promised": alarm.threshold,
            "launched": alarm.launched,
            "settled by": alarm.settled_by or "not settled yet",
        },
    )
