-- The versions of the micro-model with what they reached on the hold-out; the weights stay in the table.
-- grain: a classifier version
select
    classifier_version,
    n_rounds,
    n_training,
    n_hold_out,
    accuracy,
    accuracy_low,
    accuracy_high,
    calibration_error,
    temperature,
    query_accuracy,
    control_accuracy,
    gate_threshold,
    gate_lower_bound,
    gate_target,
    gate_n_checked,
    is_in_service,
    encoder_version,
    given_labels,
    took_over,
    comparison,
    model,
    training_version,
    hold_out_version,
    borrowed_from
from {{ source('engine', 'classifier') }}
