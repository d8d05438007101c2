"""The block `drift` of a corpus' YAML: when a batch counts as drifted.

The tests are in `data_engine.drift`.
"""

from pydantic import Field

from data_engine.settings import Settings


class DriftAlarm(Settings):
    """When a batch counts as drifted."""

    alarm_p: float = Field(default=0.01, gt=0, lt=1)
    """A batch whose p-value is below this raises the alarm and launches the retraining job."""
    repeated_p: float = Field(default=0.05, gt=0, lt=1)
    """So does a batch whose p-value is below this, as that of the batch before it was."""
    min_samples: int = Field(default=300, ge=1)
    """Below this many samples the answer is `not enough data`."""
