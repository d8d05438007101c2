import numpy as np

from data_engine.labeling.deciders.cascade import Opinion, not_taken
from data_engine.labeling.gate import Gate

GATE = Gate(0.5, 0.96, 60, 0.95, 0.9)


def test_what_no_opinion_is_sure_of_goes_on() -> None:
    opinions = [
        Opinion("rules", GATE, ("x", None, "x"), np.array([1.0, 0.0, 0.1])),
        Opinion("classifier", GATE, ("x", "x", "x"), np.array([0.1, 0.6, 0.1])),
    ]
    assert not_taken(["a", "b", "c"], opinions) == {"c"}
    assert not_taken(["a"], []) == {"a"}
