-- Which stage of annotation each class is in, what decided it, and whether proposals make people faster.
-- grain: a question, a class, and whether annotators were simulated
select
    question,
    "class",
    is_simulated,
    stage_number,
    stage,
    target,
    proposed_low,
    proposed_n,
    proposed_changed_in,
    automatic_low,
    automatic_n,
    automatic_changed_in,
    seconds_with_help,
    seconds_without_help,
    n_with_help,
    n_without_help,
    help_low,
    help_high,
    is_helped
from {{ source('engine', 'class_stages') }}
