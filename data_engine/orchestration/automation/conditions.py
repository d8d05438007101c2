"""When Dagster's automation materializes a step by itself: new input, all of it accepted, nothing in the way.

The plan says what starts a step; sensors that do are in `sensors.py`.
"""

from typing import Any

import dagster as dg

from data_engine.orchestration.names import asset_key, corpus_name, group_name, steps_read, tags_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import StepSpec


def condition_of(runtime: CorpusRuntime, spec: StepSpec) -> dg.AutomationCondition | None:
    """The automation condition of a step; None for steps that only a sensor or a person starts.

    What a step merely looks up is in its lineage, but is no reason to run and nothing to wait for.
    """
    if spec.starts != "new_input":
        return None
    condition = on_new_input_of_a_batch() if spec.partition else on_accepted_input()
    lookups = [asset_key(each, step) for each, step in steps_read(runtime, spec.lookups)]
    if not lookups:
        return condition
    ignored: dg.AutomationCondition = condition.ignore(dg.AssetSelection.assets(*lookups))
    return ignored


def automation_sensor(runtime: CorpusRuntime) -> dg.AutomationConditionSensorDefinition:
    """The sensor that looks at the conditions of this corpus alone, stopped until somebody turns it on."""
    groups = [group_name(each) for each in (runtime, *runtime.questions)]
    return dg.AutomationConditionSensorDefinition(
        corpus_name(runtime, "automation"),
        target=dg.AssetSelection.groups(*groups, corpus_name(runtime, "sql")),
        tags=tags_of(runtime),
        description="Materializes each step of this corpus once its input is new and past its checks.",
    )


def on_new_input_of_a_batch() -> Any:
    """For steps of one batch."""
    return dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()


def on_accepted_input() -> Any:
    """For steps over all batches: `eager()` would wait for a held batch for ever."""
    return (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
        & dg.AutomationCondition.all_deps_blocking_checks_passed()
    )
