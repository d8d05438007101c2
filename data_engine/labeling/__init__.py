"""Labelling: whom to ask, what a small classifier learns from the answers, what it may decide alone, and who made
each label. Arrays and Arrow tables in, arrays, tables and small frozen objects out; no paths, no Dagster."""

from data_engine.labeling.agreement import krippendorff_alpha
from data_engine.labeling.answers.given_answers import with_distilled_answers, with_given_answers
from data_engine.labeling.calibration import calibration_error, reliability
from data_engine.labeling.classifier import Classifier, fit_classifier
from data_engine.labeling.consensus import Consensus, consensus
from data_engine.labeling.difficulty import difficulty, neighbour_classes
from data_engine.labeling.gate import Gate, binomial_interval, certify
from data_engine.labeling.labels import labels_from
from data_engine.labeling.models.micro_model import MicroModel
from data_engine.labeling.models.promotion import Comparison, compare
from data_engine.labeling.models.registry import MODELS, fit_model, load_model
from data_engine.labeling.proposals import probabilities_of, propose
from data_engine.labeling.provenance import CORRECTION, GIVEN, provenance
from data_engine.labeling.quality import label_quality
from data_engine.labeling.rounds import HoldOutSize, PlannedTask, hold_out_size, least_hold_out, plan_review_batch
from data_engine.labeling.simulated import SimulatedLabeller
from data_engine.labeling.strategies.registry import STRATEGIES, choose, utility
from data_engine.labeling.strategies.strategy import Strategy
from data_engine.labeling.training import (
    TRAINING_PURPOSES,
    LabelledSet,
    TrainedRound,
    classifier_row,
    gate_of,
    probabilities_from_examples,
    row_in_service,
    train_round,
)

__all__ = [
    "CORRECTION",
    "GIVEN",
    "MODELS",
    "STRATEGIES",
    "TRAINING_PURPOSES",
    "Classifier",
    "Comparison",
    "Consensus",
    "Gate",
    "HoldOutSize",
    "LabelledSet",
    "MicroModel",
    "PlannedTask",
    "SimulatedLabeller",
    "Strategy",
    "TrainedRound",
    "binomial_interval",
    "calibration_error",
    "certify",
    "choose",
    "classifier_row",
    "compare",
    "consensus",
    "difficulty",
    "fit_classifier",
    "fit_model",
    "gate_of",
    "hold_out_size",
    "krippendorff_alpha",
    "label_quality",
    "labels_from",
    "least_hold_out",
    "load_model",
    "neighbour_classes",
    "plan_review_batch",
    "probabilities_from_examples",
    "probabilities_of",
    "propose",
    "provenance",
    "reliability",
    "row_in_service",
    "train_round",
    "utility",
    "with_distilled_answers",
    "with_given_answers",
]
