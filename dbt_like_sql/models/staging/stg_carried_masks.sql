-- How masks that were carried along videos agree with what was answered, by the frames that they came.
-- grain: a question, a number of frames, and whether annotators were simulated
select
    question,
    is_simulated,
    n_frames,
    n_images,
    n_objects,
    mean_iou,
    low,
    high,
    left_share,
    mean_consistency
from {{ source('engine', 'carried_masks') }}
