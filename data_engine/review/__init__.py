"""The review queue: people and simulated annotators answer tasks; no Dagster, and no run that waits."""

from data_engine.review.queue import ReviewQueue
from data_engine.review.queue_records import (
    ARMS,
    ARMS_SHOWING_PROPOSAL,
    PURPOSES,
    SIMULATED_PREFIX,
    BatchInfo,
    BatchProgress,
    Change,
    Lease,
    NewTask,
    Submitted,
    Task,
)
from data_engine.review.queue_tables import SCHEMA_VERSION
from data_engine.review.simulated_annotators import AnswerFunction, answer_as_simulated

__all__ = [
    "ARMS",
    "ARMS_SHOWING_PROPOSAL",
    "PURPOSES",
    "SCHEMA_VERSION",
    "SIMULATED_PREFIX",
    "AnswerFunction",
    "BatchInfo",
    "BatchProgress",
    "Change",
    "Lease",
    "NewTask",
    "ReviewQueue",
    "Submitted",
    "Task",
    "answer_as_simulated",
]
