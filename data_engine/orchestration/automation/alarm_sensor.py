"""The sensor of alarms: a value that crosses its limit raises one, which settles when the value comes back.

What is watched is in `data_engine.runtime.alarms.watched`; drift has a sensor of its own in `drift_sensor.py`, and the
same table.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg

from data_engine.drift.crossing import crossing
from data_engine.orchestration.names import asset_key, corpus_name, tags_of
from data_engine.runtime.alarms.alarm_table import Alarm, alarms_of, keep_alarms
from data_engine.runtime.alarms.watched import WATCHES, Measured, Watch
from data_engine.runtime.corpus_runtime import CorpusRuntime


def alarm_sensor(runtime: CorpusRuntime) -> dg.SensorDefinition:
    """The sensor `<corpus>_alarms`."""

    @dg.sensor(
        name=corpus_name(runtime, "alarms"),
        tags=tags_of(runtime),
        minimum_interval_seconds=60,
        description="Raises an alarm when the uncertainty of the proposals, the agreement of annotators, the share "
        "that the gate accepts, or what checks hold back crosses its limit; has people asked, and settles it when the "
        "value comes back. Drift has a sensor of its own.",
    )
    def alarms(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        was_right, now = set(json.loads(context.cursor or "[]")), datetime.now(UTC)
        changed: list[Alarm] = []
        for watch in WATCHES:
            known = alarms_of(runtime, watch.kind)
            for owner in runtime.asking if watch.of_questions else (runtime,):
                for measured in watch.measure(owner):
                    name = f"{watch.kind}:{measured.subject}"
                    found = _look_at(owner, watch, measured, known, now, was_right=name in was_right)
                    changed += [] if found is None else [found]
                    if crossing(measured.value, measured.threshold, is_on=False) is None:
                        was_right.add(name)
        if changed:
            keep_alarms(runtime, changed, run_id="alarm sensor")
        said = "; ".join(_said(alarm) for alarm in changed) or "no value has crossed its limit"
        return dg.SensorResult(
            skip_reason=dg.SkipReason(said),
            cursor=json.dumps(sorted(was_right)),
            asset_events=[_observed(runtime, alarm) for alarm in changed],
        )

    return alarms


def _look_at(
    owner: CorpusRuntime, watch: Watch, measured: Measured, known: dict[str, Alarm], now: datetime, *, was_right: bool
) -> Alarm | None:
    """The alarm that a value raises or settles; None where it does neither."""
    own = [alarm for alarm in known.values() if alarm.subject == measured.subject]
    waiting = next((alarm for alarm in own if alarm.settled_at is None), None)
    what = crossing(measured.value, measured.threshold, is_on=waiting is not None)
    if what == "settled" and waiting is not None:
        return replace(waiting, settled_at=now, settled_by=measured.said)
    cause = f"{measured.subject}:{measured.version}"
    if what != "raised" or cause in known or not (was_right or watch.first_counts):
        return None
    last = max((alarm.raised_at for alarm in own), default=None)
    if last is not None and now - last < timedelta(hours=owner.corpus.alarms.cooldown_hours):
        return None
    launched = watch.launch(owner, measured)
    return Alarm(watch.kind, measured.subject, cause, measured.value, measured.threshold.raise_at, now, launched)


def _said(alarm: Alarm) -> str:
    if alarm.settled_by is not None:
        return f"the alarm {alarm.kind} of {alarm.subject} is settled: {alarm.settled_by}"
    return f"alarm {alarm.kind} of {alarm.subject}: {alarm.value:.3g} crossed {alarm.threshold:.3g}; {alarm.launched}"


def _observed(runtime: CorpusRuntime, alarm: Alarm) -> dg.AssetObservation:
    """What became of an alarm, for the page of the asset that it is about."""
    about = {"uncertainty": "proposals", "gate": "proposals", "agreement": "reviewed_labels"}
    question, _, step = about.get(alarm.kind, alarm.subject).rpartition(" ")
    names = (alarm.subject, f"{runtime.corpus.name}.{question}")
    owner = next((each for each in runtime.asking if each.corpus.name in names), runtime)
    return dg.AssetObservation(
        asset_key(owner, step),
        metadata={
            "alarm": alarm.kind,
            "value": alarm.value,
            "threshold": alarm.threshold,
            "launched": alarm.launched,
            "settled by": alarm.settled_by or "not settled yet",
        },
    )
