-- What the newest release holds of each class, and who made these labels.
-- grain: a label of the release
select
    release_id,
    label,
    count(*) as n_samples,
    count(*) / sum(count(*)) over (partition by release_id) as share_of_release,
    count(*) filter (where provenance = 'human') as n_human,
    count(*) filter (where provenance = 'adjudicated') as n_adjudicated,
    count(*) filter (where provenance = 'human_assisted') as n_human_assisted,
    count(*) filter (where provenance = 'model_accepted') as n_model_accepted,
    count(*) filter (where provenance = 'model_edited') as n_model_edited,
    count(*) filter (where provenance = 'imported') as n_imported,
    count(*) filter (where provenance = 'model_auto') as n_model_auto,
    count(*) filter (where provenance = 'rule_auto') as n_rule_auto,
    count(*) filter (where provenance = 'foundation_auto') as n_foundation_auto,
    count(*) filter (where provenance = 'simulated') as n_simulated,
    count(*) filter (where not in_subset) as n_outside_subset,
    avg(quality) as mean_quality
from {{ ref('stg_release') }}
group by release_id, label
order by release_id, n_samples desc, label
