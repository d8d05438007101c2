"""The block `drift` of a corpus' YAML: when a batch counts as drifted.

The tests are in `data_engine.drift`.
"""

from pydantic import Field

from data_engine.settings import Settings


class DriftAlarm(Settings):
    """When a batch counts as drifted."""

    alarm_p: float = Field(default=0.01, gt=0, lt=1)
    """A batch whose p-value is below this raises the alarm."""
    repeated_p: float = Field(default=0.05, gt=0, lt=1)
    """So does a batch whose p-value is below this, as that of the batch before it was."""
    ask: int = Field(default=50, ge=0)
    """Samples that moved which an alarm asks people about, where the corpus has a classifier; the retraining job is
    launched if the classifier is worse on them than on the hold-out. 0: it is launched at once and nobody is asked."""
    cooldown_hours: float = Field(default=1.0, ge=0)
    """Hours after a retraining that an alarm launched, before another alarm may launch one."""
    min_samples: int = Field(default=300, ge=1)
    """Below this many samples the answer is `not enough data`."""
