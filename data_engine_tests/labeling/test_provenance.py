import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.provenance import least_human, provenance


@pytest.mark.parametrize(
    ("arm", "proposed", "label", "wanted"),
    [
        ("manual", None, "mit", "human"),
        ("manual", "mit", "mit", "human"),
        ("blind", "mit", "mit", "human"),
        ("assisted", "mit", "mit", "human_assisted"),
        ("assisted", "mit", "bsd", "human_assisted"),
        ("assisted", None, "bsd", "human"),
        ("proposed", "mit", "mit", "model_accepted"),
        ("proposed", "mit", "bsd", "model_edited"),
        ("trap", "mit", "mit", "model_accepted"),
        ("trap", "mit", "bsd", "model_edited"),
    ],
)
def test_provenance_follows_the_arm_and_the_answer(arm: str, proposed: str | None, label: str, wanted: str) -> None:
    assert provenance(arm, proposed, label, is_simulated=False) == wanted
    assert provenance(arm, proposed, label, is_simulated=True) == "simulated"


def test_an_unknown_arm_is_refused() -> None:
    with pytest.raises(InvalidInput, match="arm is 'auto'"):
        provenance("auto", None, "mit", is_simulated=False)


def test_a_label_is_as_human_as_its_least_human_answer() -> None:
    assert least_human(["human", "human"]) == "human"
    assert least_human(["human", "model_accepted", "human_assisted"]) == "model_accepted"
    with pytest.raises(InvalidInput, match="robot"):
        least_human(["human", "robot"])
    with pytest.raises(InvalidInput, match="none"):
        least_human([])
