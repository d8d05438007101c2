"""The terms of the report and what they mean; the page lists those that stand on it.

What words mean in code and tables is in `docs/words.md`.
"""

import html
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One term."""

    name: str
    meaning: str
    pattern: str = ""
    """What shows that a page uses it, as a regular expression; its name by default."""

    def is_in(self, text: str) -> bool:
        """Whether a text uses the term."""
        return re.search(rf"\b(?:{self.pattern or re.escape(self.name)})", text, re.IGNORECASE) is not None


TERMS = (
    Term(
        "90 % interval",
        "With the same kind of data, 9 of 10 such intervals hold the true value.",
        r"90\s+?%\s+interval",
    ),
    Term("Balanced subset", "The chosen samples: those that stand best for all of them."),
    Term("Calibration error", "How far probabilities are from the share that is right, on average over 10 bins."),
    Term("Certified", "A bound that holds with the stated confidence, from samples that people checked."),
    Term(
        "Cluster, leaf, level",
        "Samples that lie near each other; level 1 is the finest, its clusters are leaves.",
        "cluster",
    ),
    Term("Control batch", "Random questions, as many as in the query batch, to hold that against."),
    Term(
        "Decision by a gate",
        "A proposal at least as probable as the gate's threshold is accepted without a person.",
        "gate",
    ),
    Term("Distance", "1 - cosine of the embeddings of two samples: 0 is the same direction."),
    Term("Drift", "New samples differ from what the corpus held before."),
    Term("Embedding", "A vector of length 1 that an encoder makes of a sample; near vectors mean alike samples."),
    Term("Gini", "0 when all clusters hold equally many samples, towards 1 when few hold nearly all."),
    Term(
        "Groups covered",
        "Share of the groups that have at least one sample in the set.",
        "groups covered|labels covered",
    ),
    Term("Hold-out", "Random samples that people label and no classifier is ever trained on."),
    Term(
        "KL to uniform", "Kullback-Leibler divergence of the shares of the groups to equal shares, in nats; 0 is even."
    ),
    Term("Known label", "A label that came with the source, to measure with."),
    Term(
        "Krippendorff's alpha",
        "Agreement of annotators beyond chance: 0 is chance, 1 is full agreement.",
        "Krippendorff",
    ),
    Term(
        "Label quality",
        "In [0, 1]: the root of the share of neighbours with the same label times the probability that a classifier "
        "gives the label without having seen it.",
        "label quality|mean quality",
    ),
    Term(
        "Macro accuracy",
        "The mean over labels of the share of each that is right: rare labels count as much as common ones.",
    ),
    Term("n", "How many observations a figure comes from.", r"n\s=\s\d"),
    Term("Near duplicate", "Nearly the same content as a kept sample."),
    Term("p-value", "How often chance alone would give a difference at least as large."),
    Term("Proposal", "The class that the classifier suggests for a sample."),
    Term(
        "Provenance",
        "Who made a label: a person, a person who saw a proposal, a gate, a rule, a simulated annotator.",
        "made by",
    ),
    Term("Query batch", "The questions of a round whose answers teach the classifier most."),
    Term("Rarest third", "The third of the labels with the fewest samples."),
    Term("Semantic duplicate", "A sample that says the same as another one, by their embeddings."),
    Term(
        "Silhouette, clearness",
        "1 when samples sit on their own centroid, 0 on the border to the next, below 0 beyond it.",
        "silhouette",
    ),
    Term(
        "Simulated",
        "No person answered: an annotator of the machine that reads the known label, and errs at a set rate.",
    ),
    Term("Trap", "A question with a proposal that is known to be wrong.", "known-wrong proposal"),
)


def terms_on(page: str) -> tuple[Term, ...]:
    """The terms that a page, as HTML, uses in what a reader sees of it, in the order of the alphabet."""
    text = html.unescape(re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL))
    return tuple(term for term in TERMS if term.is_in(text))
