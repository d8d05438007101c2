"""The notice that stands before every figure about labels in which simulated annotators had a part.

The figures are computed in `metrics/label_metrics.py`.
"""

from data_engine.reporting import number_format
from data_engine.reporting.metrics.funnel import Metrics


def simulation(metrics: Metrics) -> str:
    """The shares of simulated answers and labels, in a few sentences; empty when no simulated annotator took part."""
    answers = metrics.get(("simulated_answer_share", "all"))
    labels = metrics.get(("provenance_share", "simulated"))
    automatic = metrics.get(("provenance_share", "model_auto"))
    by_rules = metrics.get(("provenance_share", "rule_auto"))
    sentences = []
    if answers is not None and answers.value > 0:
        total = answers.n or 0
        simulated = round(answers.value * total)
        people = "No person answered" if simulated == total else f"People gave {total - simulated:,} answers"
        sentences.append(
            f"{people}; {simulated:,} of {total:,} answers come from simulated annotators, which read the label known "
            "beforehand and err at a set rate."
        )
    if labels is not None:
        sentences.append(f"{number_format.share(labels.value)} of the labels are simulated.")
    if sentences and automatic is not None:
        sentences.append(
            f"Another {number_format.share(automatic.value)} were accepted automatically, from a classifier that "
            "learnt from such answers."
        )
    if sentences and by_rules is not None:
        sentences.append(
            f"{number_format.share(by_rules.value)} were decided by label rules, which were certified on such answers."
        )
    return " ".join(sentences)
