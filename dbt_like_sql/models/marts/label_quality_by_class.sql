-- How good the labels of each class are, and who made them. A label is suspicious when its quality is below 0.5,
-- where its neighbours and the classifier speak more against it than for it.
-- grain: a label
select
    label,
    count(*) as n_labels,
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
    avg(quality) as mean_quality,
    avg(posterior) as mean_posterior,
    count(*) filter (where quality < 0.5) as n_suspicious
from {{ ref('stg_labels') }}
group by label
order by n_labels desc, label
