from typing import Any

import pytest
from pydantic import ValidationError

from data_engine.corpus import Corpus
from data_engine.corpus.foundation_model import FoundationModel

MODEL = {"name": "small", "url": "http://127.0.0.1:11434/v1/", "model": "small-1"}
DECIDERS = ["classifier", "foundation_model", "person"]


def _corpus(deciders: list[Any] | None = None, **blocks: Any) -> Corpus:
    labels = {"question": "q", "classes": ["a", "b"], **({"deciders": deciders} if deciders else {})}
    source = {"kind": "jsonl", "path": "x"}
    return Corpus.model_validate(
        {"name": "c", "source": source, "subset": {"target_size": 10}, "labels": labels, **blocks}
    )


def test_a_block_and_its_name_among_the_deciders_belong_together() -> None:
    assert _corpus(DECIDERS, foundation_model=MODEL).foundation_model is not None
    with pytest.raises(ValidationError, match="foundation_model has no block that says which"):
        _corpus(DECIDERS)
    with pytest.raises(ValidationError, match="foundation_model is not among labels"):
        _corpus(foundation_model=MODEL)


def test_a_corpus_without_it_is_described_as_before() -> None:
    assert "foundation_model" not in _corpus().shown()
    assert _corpus(DECIDERS, foundation_model=MODEL).shown()["foundation_model"]["url"] == "http://127.0.0.1:11434/v1"


def test_its_cost_is_counted_and_not_said() -> None:
    with pytest.raises(ValidationError, match="its calls are counted one by one"):
        _corpus([{"name": "foundation_model", "cost": 3}, "person"], foundation_model=MODEL)


@pytest.mark.parametrize("missing", ["url", "model"])
def test_a_model_that_is_not_simulated_is_somewhere(missing: str) -> None:
    without = {name: value for name, value in MODEL.items() if name != missing}
    with pytest.raises(ValidationError, match=f"foundation_model has no {missing}; say where the model is"):
        FoundationModel.model_validate(without)


@pytest.mark.parametrize(
    "url", ["127.0.0.1/v1", "ftp://h/v1", "http://me:secret@h/v1", "http://h/v1?key=secret", "sk-1"]
)
def test_an_address_is_http_and_holds_no_secret(url: str) -> None:
    with pytest.raises(ValidationError, match="url is no address as http://host:port/v1") as caught:
        FoundationModel.model_validate({**MODEL, "url": url})
    assert "secret" not in str(caught.value)


def test_a_budget_needs_prices() -> None:
    with pytest.raises(ValidationError, match="has a max_cost but no prices"):
        FoundationModel.model_validate({**MODEL, "max_cost_per_run": 1})
    FoundationModel.model_validate({**MODEL, "max_cost_per_run": 1, "price_in": 0.1})


def test_a_request_costs_its_tokens_and_less_in_a_batch_file() -> None:
    model = FoundationModel.model_validate({**MODEL, "price_in": 2, "price_out": 10})
    assert model.cost_of(500_000, 100_000) == 2.0
    assert model.cost_of(500_000, 100_000, in_batch_file=True) == 1.0


def test_a_simulated_model_needs_no_server_but_labels_known_beforehand() -> None:
    simulated = {"name": "stand_in", "simulated": {"error_rate": 0.1}}
    with pytest.raises(ValidationError, match="answers from labels known beforehand"):
        _corpus(DECIDERS, foundation_model=simulated)
    made = _corpus(DECIDERS, foundation_model=simulated, known_label_column="topic").foundation_model
    assert made is not None
    assert made.model == "simulated foundation model"
