"""What rules, classifier and tree of a corpus say of any of its samples; what the foundation model says is asked.

How it is asked is in `runtime.foundation_model`, how a sample finds its decider in `labeling.deciders.cascade`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.deciders.audits import shut_by_audits, still_said, why_shut
from data_engine.labeling.deciders.cascade import Opinion, not_taken
from data_engine.labeling.deciders.hold_out import hold_out_classes
from data_engine.labeling.deciders.label_rules import label_rules, rules_opinion
from data_engine.labeling.deciders.registry import CLASSIFIER, RULES, TREE
from data_engine.labeling.proposals import classifier_opinion
from data_engine.runtime.deciders.audited_proposals import audited_proposals
from data_engine.runtime.deciders.distillation import is_taught
from data_engine.runtime.deciders.tree import opinion_of_tree, tree_of

if TYPE_CHECKING:
    from data_engine.labeling.gate import Gate
    from data_engine.labeling.inputs import Floats
    from data_engine.labeling.models.micro_model import MicroModel
    from data_engine.runtime.step_run import StepRun


@dataclass(frozen=True, eq=False)
class Deciders:
    """The deciders of a run of the step that cost nothing to ask.

    Attributes:
        step_run: reads texts, embeddings and the tree.
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        classifier: in service.
        gate: its gate.
    """

    step_run: "StepRun"
    reviewed: pa.Table
    classifier: "MicroModel"
    gate: "Gate"

    def opinions(self, names: Sequence[str], ids: Sequence[str]) -> dict[str, Opinion]:
        """The opinions of those of the deciders that are here, by name; the ids have an embedding."""
        found = {}
        for name in names:
            if name == RULES:
                found[name] = self._of_rules(ids)
            elif name == CLASSIFIER and ids:
                classes, shut = self.step_run.corpus.class_names, self.why_classifier_shut
                is_learnt = [each in self.learnt for each in ids]
                found[name] = classifier_opinion(
                    self._probabilities(ids), self.gate, classes, shut=shut, is_learnt=is_learnt
                )
            elif name == TREE and self._of_tree is not None:
                found[name] = self._of_tree(ids)
        return found

    def before(self, name: str) -> Callable[[list[str]], list[Opinion]]:
        """Gives the opinions of the deciders before this one, on any samples that have an embedding."""
        names = self.step_run.corpus.labels.decider_names
        earlier = names[: names.index(name)]
        return lambda ids: list(self.opinions(earlier, ids).values())

    @cached_property
    def learnt(self) -> frozenset[str]:
        """Samples that a version of the classifier learnt, or may have, from answers of the foundation model."""
        if not is_taught(self.step_run.corpus):
            return frozenset()
        return frozenset(self.step_run.look_up("distilled_answers")["sample_id"].to_pylist())

    @cached_property
    def why_classifier_shut(self) -> str:
        """Why audits of what this version of the classifier proposed shut it; empty where they do not."""
        corpus = self.step_run.corpus
        truths = hold_out_classes(self.reviewed, corpus.class_names, purpose="audit")
        is_asked = truths and CLASSIFIER in corpus.labels.decider_names
        asked = audited_proposals(self.step_run.runtime, truths) if is_asked else {}
        there = sorted(self.step_run.embeddings_of(pa.array(sorted(asked), pa.string()))) if asked else []
        reached = sorted(not_taken(there, self.before(CLASSIFIER)(there))) if there else []
        if not reached:
            return ""
        probabilities = self._probabilities(reached)
        tops = [corpus.class_names[top] for top in probabilities.argmax(axis=1).tolist()]
        now = dict(zip(reached, zip(tops, probabilities.max(axis=1).tolist(), strict=True), strict=True))
        own = {corpus.class_names[number]: gate for number, gate in self.gate.of_class.items()}
        return why_shut(self.gate, still_said(now, asked), truths, class_gates=own)

    def _probabilities(self, ids: Sequence[str]) -> "Floats":
        rows = self.step_run.embeddings_of(pa.array(ids, pa.string()))
        return self.classifier.predict_proba(np.stack([rows[each] for each in ids]))

    @cached_property
    def _of_tree(self) -> Callable[[Sequence[str]], Opinion] | None:
        corpus = self.step_run.corpus
        tree = tree_of(corpus, self.step_run.look_up, self.reviewed)
        if tree is None:
            return None
        chosen = self.step_run.look_up("balanced_subset", columns=["sample_id"])["sample_id"].to_pylist()
        return opinion_of_tree(tree, corpus, self.reviewed, chosen, self._not_taken_before_tree)

    def _not_taken_before_tree(self, ids: Sequence[str]) -> set[str]:
        there = sorted(self.step_run.embeddings_of(pa.array(ids, pa.string())))
        return not_taken(there, self.before(TREE)(there))

    def _of_rules(self, ids: Sequence[str]) -> Opinion:
        """The classes that the label rules of the corpus give, certified on the hold-out."""
        settings, classes = self.step_run.corpus.labels, self.step_run.corpus.class_names
        decider = settings.decider(RULES)
        held_out = self.reviewed.filter(pc.equal(self.reviewed["purpose"], "hold_out"))["sample_id"].to_pylist()
        audited = hold_out_classes(self.reviewed, classes, purpose="audit")
        wanted = {"sample_id": pa.array(sorted({*ids, *held_out, *audited}), pa.string())}
        table = self.step_run.look_up("raw_index", columns=["sample_id", "text"], among=wanted)
        texts = dict(zip(table["sample_id"].to_pylist(), table["text"].to_pylist(), strict=True))
        rules = label_rules({} if decider is None else decider.patterns, classes)
        opinion = rules_opinion(
            rules,
            [texts.get(sample_id) for sample_id in ids],
            self.reviewed,
            {sample_id: texts[sample_id] for sample_id in held_out if sample_id in texts},
            classes,
            target_precision=settings.target_of(RULES),
            confidence=settings.confidence,
        )
        kind = answer_kind(CLASS)
        answered = {name: rules.answer(texts.get(name)) for name in audited}
        said = {name: (str(kind.label_of(answer)), 1.0) for name, answer in answered.items() if answer is not None}
        return shut_by_audits(opinion, said, audited)
