"""The block `review.verification` of a corpus' YAML: labels that are asked about again, unseen, while time goes by.

What the answers say over time is in the report; when a review batch opens otherwise is in `review.py`.
"""

from pydantic import Field

from data_engine.settings import Settings, Share


class Verification(Settings):
    """Which labels people see again, and when."""

    schedule: str = Field(default="", pattern=r"^$|^\S+( \S+){4}$")
    """When a review batch of them opens, as five fields of cron in UTC, such as `0 6 * * 1` for Mondays at six; empty:
    never. The schedule `CORPUS_verification` has to be on."""
    share: Share = 0.02
    """Share of the labels made without a person that each such batch asks about, at random and without showing them."""
    again: int = Field(default=20, ge=0)
    """Samples in each such batch that people answered before; where the same person answers one again, it tells how
    steady the answers are."""
    again_after_weeks: float = Field(default=4.0, gt=0)
    """So long ago, at least, that answer has to be."""
