"""The block `alarms` of a corpus' YAML: which values are watched, and when an alarm is raised and settles.

Limits that have a place of their own stay there: `review.open_at_mean_uncertainty`, `review.min_agreement`, `drift`.
"""

from pydantic import Field

from data_engine.settings import Settings, Share


class Alarms(Settings):
    """When a watched value raises an alarm, and when that settles."""

    margin: float = Field(default=0.05, gt=0, lt=1)
    """How far the mean uncertainty or the agreement must come back beyond its limit before its alarm settles."""
    accepted_below: Share = 0.1
    """The gate raises an alarm when deciders take less than this share of the proposals without a person, having taken
    more before. 0 never raises it."""
    cooldown_hours: float = Field(default=24.0, ge=0)
    """Hours after an alarm before the same value raises another one."""
