"""The block `review` of a corpus' YAML: when people are asked, and simulated annotators in their place.

What is asked is in `labels.py`.
"""

from collections.abc import Mapping

from pydantic import Field

from data_engine.corpus.notices import Notices
from data_engine.corpus.verification import Verification
from data_engine.settings import Name, Settings, Share


class SimulatedAnnotator(Settings):
    """Answers in the place of a person, from a column that holds the truth; marked `simulated` everywhere."""

    name: Name
    """Its name in the queue; stored as `simulated:<name>`."""
    error_rate: Share = 0.05
    """Share of its answers that are wrong, at random among the other classes; where objects are asked for, the share of
    objects that it does not see."""
    tremor_px: float = Field(default=1.0, ge=0)
    """How far its clicks on objects miss: standard deviation along x and along y, in pixels."""


class Review(Settings):
    """When people are asked, and what they are told."""

    instructions: str = ""
    """How to answer, in a few sentences; shown on the review page before the first task."""
    definitions: Mapping[str, str] = Field(default_factory=dict)
    """What classes mean, `{class: sentence}`; shown on the review page with examples."""
    answers_per_task: int = Field(default=1, ge=1, le=9)
    """Different annotators per task."""
    third_opinion_below: Share = 0.9
    """Where each task is answered by two or more: one annotator more is asked about a sample whose label is less
    probable than this by the answers and the classifier together, and about no other. 0 asks nobody."""
    arriving_share: Share = 0.0
    """Budget of questions about samples as they arrive, as a share of them: the sensor of new batches asks about those
    that the classifier in service is less sure of than a threshold that follows the budget. 0 leaves them to the
    rounds."""
    open_at_mean_uncertainty: Share = 0.3
    """A review batch opens when the mean uncertainty of the proposals crosses this."""
    open_at_uncertain_share: Share = 0.3
    """... or when the share of proposals above `uncertain_above` crosses this."""
    uncertain_above: Share = 0.5
    """A proposal with at least this uncertainty counts as uncertain."""
    max_open_tasks: int = Field(default=2000, ge=1)
    """No new review batch opens while this many tasks wait."""
    expires_after_days: float | None = Field(default=14, gt=0)
    """A review batch that is not answered after so many days keeps nobody waiting: the answers that it has are taken
    over, its open tasks are asked first, and the next batch may open. `null` waits for ever."""
    min_trap_catch_rate: Share = 0.6
    """Share of the traps an answered batch must catch, else its labels are held back. Judged by the upper end of the
    interval (Wilson, at the confidence of the labels) of the share caught: one missed trap alone holds nothing back."""
    verification: Verification = Verification()
    """Labels that are asked about again while time goes by."""
    notices: Notices | None = None
    """Who is told that a review batch opens, waits too long or is answered."""
    min_agreement: float = Field(default=0.4, ge=-1, le=1)
    """Least agreement of annotators beyond chance (Krippendorff's alpha) within a batch, else a check warns: the
    question or its classes are then not clear."""
    simulated: tuple[SimulatedAnnotator, ...] = ()
    """Simulated annotators for demos and tests; leave empty where people answer."""
    tasks_for_people: int = Field(default=0, ge=0)
    """Where simulated annotators answer the rounds: a run ends with so many tasks open that they leave to people."""
