from types import SimpleNamespace
from typing import Any

import pytest
from reviewed_rows import reviewed
from schema_tables import table

from data_engine.corpus import Corpus
from data_engine.runtime.steps.proposals import _rules_opinion

HELD = [f"h{n}" for n in range(60)]


def _step_run(texts: dict[str, str]) -> Any:
    corpus = Corpus.model_validate(
        {
            "name": "c",
            "source": {"kind": "jsonl", "path": "x"},
            "subset": {"target_size": 10},
            "labels": {
                "question": "What is it about?",
                "classes": ["baking", "sailing"],
                "deciders": [{"name": "rules", "patterns": {"sailing": ["boat"]}}, "person"],
            },
        }
    )
    rows = [{"sample_id": name, "text": text} for name, text in texts.items()]
    return SimpleNamespace(corpus=corpus, look_up=lambda name, columns, among: table(name, rows).select(columns))


@pytest.mark.parametrize(("n_wrong", "is_sure"), [(0, True), (8, False)])
def test_audits_that_contradict_the_rules_shut_them(n_wrong: int, is_sure: bool) -> None:
    audited = [f"a{n}" for n in range(20)]
    answers = [(name, "sailing", "hold_out") for name in HELD]
    answers += [(name, "baking" if n < n_wrong else "sailing", "audit") for n, name in enumerate(audited)]
    step_run = _step_run(dict.fromkeys([*HELD, *audited, "x"], "a boat"))
    opinion = _rules_opinion(step_run, ["x"], reviewed(*answers))["rules"]
    assert opinion.gate.threshold == 1.0
    assert opinion.is_sure.tolist() == [is_sure]
    assert ("shut by its audits: 12 of 20 right" in opinion.why(0)) == (not is_sure)
