"""When Dagster's automation materializes a step by itself: new input, all of it past its gates, nothing in the way."""

import dagster as dg


def condition_for(step: str) -> dg.AutomationCondition | None:
    """The automation condition of a step; None for steps that only a sensor or a person starts."""
    if step in ("raw_index", "reviewed_labels"):
        return None
    if step in ("first_pass", "embeddings", "drift_report"):
        return dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
    return _when_gated_input_is_new()


def _when_gated_input_is_new() -> dg.AutomationCondition:
    """For steps over all batches: `eager()` would wait for a quarantined batch for ever."""
    return (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
        & dg.AutomationCondition.all_deps_blocking_checks_passed()
    )
