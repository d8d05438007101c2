"""The sensor of drift: a batch that differs has people asked, and the corpus retrained where the classifier suffers.

Which batches raise the alarm is in `data_engine.drift`, what answers say of the classifier in
`runtime/alarms/drift_review.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import dagster as dg

from data_engine.orchestration.names import asset_key, corpus_name, tags_of
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.alarms.alarm_table import Alarm, alarms_of, keep_alarms
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.encoders import encoder_used
from data_engine.runtime.versions import fingerprint

_KIND = "drift"
_RETRAINING = "retraining"
_REVIEW = "review batch "


def drift_sensor(runtime: CorpusRuntime) -> dg.SensorDefinition:
    """The sensor `<corpus>_drift`."""

    @dg.sensor(
        name=corpus_name(runtime, "drift"),
        job_name=corpus_name(runtime, "retrain"),
        tags=tags_of(runtime),
        minimum_interval_seconds=300,
        description="Asks people about what moved when a batch has drifted, and launches the retraining job when their "
        "answers say that the classifier is worse there; without a classifier it is launched at once.",
    )
    def drift(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        handled, now = set(json.loads(context.cursor or "[]")), datetime.now(UTC)
        tick = _Tick(runtime, now, alarms_of(runtime, _KIND))
        causes = _causes(runtime)
        waiting = [alarm for alarm in tick.known.values() if alarm.settled_at is None]
        for cause, (batch, p_value) in causes.items():
            if cause not in handled and cause not in tick.known:
                tick.raise_alarm(batch, cause, p_value)
        for alarm in waiting:
            tick.look_at(alarm)
        # Where the daemon ended between the table and the launch of the run, the cursor lacks the cause.
        lost = {cause for cause, alarm in tick.known.items() if cause not in handled and _retrained_at(alarm)}
        retrained = sorted({*tick.to_retrain(), *lost})
        if tick.changed:
            keep_alarms(runtime, tick.changed.values(), run_id="drift sensor")
        done = handled | {
            cause for cause, alarm in {**tick.known, **tick.changed}.items() if alarm.settled_at is not None
        }
        if not retrained:
            return dg.SensorResult(
                skip_reason=dg.SkipReason("; ".join(tick.said) or _why_nothing(causes, handled)),
                cursor=json.dumps(sorted(done)),
                asset_events=tick.observations(),
            )
        tags = {"drifted": ", ".join(retrained)[:200]}
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"drift:{fingerprint(retrained)}", tags=tags)],
            cursor=json.dumps(sorted(done)),
            asset_events=tick.observations(),
        )

    return drift


@dataclass
class _Tick:
    """What one evaluation of the sensor decides.

    Attributes:
        runtime: The corpus.
        now: The time of the evaluation.
        known: The alarms that there are, by cause.
        changed: Those that it raised or settled.
        said: What waits, as people read it.
    """

    runtime: CorpusRuntime
    now: datetime
    known: Mapping[str, Alarm]
    changed: dict[str, Alarm] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    _to_retrain: dict[str, tuple[Alarm, str]] = field(default_factory=dict)

    def raise_alarm(self, batch: str, cause: str, p_value: float) -> None:
        """Ask people about a drifted batch, or retrain where that is not possible."""
        from data_engine.runtime.alarms.drift_review import open_drift_review

        limits = self.runtime.corpus.drift
        alarm = Alarm(
            _KIND, batch, cause, p_value, _limit(p_value, limits.alarm_p, limits.repeated_p), self.now, _RETRAINING
        )
        why = f"drift of {batch}: p = {p_value:.2g}"
        asked = self.runtime.asking if limits.ask else ()
        opened = [open_drift_review(each, batch, limits.ask, cause=why) for each in asked]
        named = ", ".join(filter(None, opened))
        if not named:
            self._to_retrain[cause] = alarm, "nobody was asked"
            return
        self.changed[cause] = replace(alarm, launched=f"{_REVIEW}{named}")
        self.said.append(f"{named} is opened: {why}")

    def look_at(self, alarm: Alarm) -> None:
        """Settle an alarm about which people were asked, once they have answered."""
        from data_engine.review.queue_records import is_of_kind
        from data_engine.runtime.alarms.drift_review import what_answers_say

        answered = {
            batch: what_answers_say(each, batch)
            for batch in alarm.launched.removeprefix(_REVIEW).split(", ")
            for each in self.runtime.asking
            if is_of_kind(batch, each.corpus.name, "drifted")
        }
        told = "; ".join(found.told for found in answered.values() if found is not None)
        if any(found is not None and found.has_fallen for found in answered.values()):
            self._to_retrain[alarm.cause] = alarm, told
        elif None in answered.values():
            open_ones = ", ".join(batch for batch, found in answered.items() if found is None)
            self.said.append(f"{open_ones} is not answered yet")
        else:
            self.changed[alarm.cause] = self._settled(alarm, f"{told}: not retrained")
            self.said.append(f"{alarm.subject}: {told}, so nothing is retrained")

    def to_retrain(self) -> list[str]:
        """The causes for which the retraining job is launched now; none while the last one is too recent."""
        if not self._to_retrain:
            return []
        hours = self.runtime.corpus.drift.cooldown_hours
        last = max(filter(None, map(_retrained_at, self.known.values())), default=None)
        if last is not None and self.now - last < timedelta(hours=hours):
            again = last + timedelta(hours=hours)
            self.said.append(f"retraining waits until {again:%Y-%m-%d %H:%M} UTC (drift.cooldown_hours is {hours:g})")
            return []
        for cause, (alarm, why) in self._to_retrain.items():
            self.changed[cause] = self._settled(alarm, f"{why}: retrained")
        return sorted(self._to_retrain)

    def observations(self) -> list[dg.AssetObservation]:
        """What became of alarms, for the page of the asset `drift_report`."""
        return [
            dg.AssetObservation(
                asset_key(self.runtime, "drift_report"),
                metadata={
                    "batch": alarm.subject,
                    "p-value": alarm.value,
                    "launched": alarm.launched,
                    "settled by": alarm.settled_by or "not settled yet",
                },
            )
            for alarm in self.changed.values()
        ]

    def _settled(self, alarm: Alarm, how: str) -> Alarm:
        return replace(alarm, settled_at=self.now, settled_by=how)


def _retrained_at(alarm: Alarm) -> datetime | None:
    """When the retraining was launched for it; None where it was not."""
    return alarm.settled_at if (alarm.settled_by or "").endswith(": retrained") else None


def _limit(p_value: float, alarm_p: float, repeated_p: float) -> float:
    """The limit that was crossed: of one batch, or of two in a row."""
    return alarm_p if p_value < alarm_p else repeated_p


def _causes(runtime: CorpusRuntime) -> dict[str, tuple[str, float]]:
    """Drifted batches and their p-values, by the batch and its content.

    The content of a batch is the cause, not its report: retraining makes a new report of the same content.
    """
    from data_engine.drift import alarms

    gate = CheckGate(runtime, runtime.store(), "plan")
    columns = ["batch", "p_value", "is_alarm", "is_suspect"]
    report = AcceptedTables(gate.store, gate).read("drift_report", columns=columns)
    reports, encoder = gate.accepted("drift_report"), gate.encoder_in_use().version

    def of_now(batch: str) -> bool:
        """Whether its report compares the vectors of now, and not those of another encoder."""
        return batch in reports and encoder_used(gate.store, reports[batch]).version in ("", encoder)

    opened = {batch: version for batch, version in gate.accepted("embeddings").items() if of_now(batch)}
    return {
        f"{batch}:{opened[batch].data_version}": (batch, p_value)
        for batch, p_value in alarms(report).items()
        if batch in opened
    }


def _why_nothing(causes: Mapping[str, tuple[str, float]], handled: set[str]) -> str:
    n_handled = len(causes.keys() & handled)
    return f"{n_handled} drifted batches are handled already" if n_handled else "no batch has drifted"
