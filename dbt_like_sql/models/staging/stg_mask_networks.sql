-- The networks for masks that were trained from reviewed objects, and why each is in service or not.
-- grain: a network
select
    number,
    network_version,
    trained_at,
    n_training,
    n_held_out,
    n_simulated,
    iou,
    against,
    iou_against,
    low,
    high,
    took_over,
    objects_version,
    artefact
from {{ source('engine', 'mask_networks') }}
