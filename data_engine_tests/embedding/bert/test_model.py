"""Packed BERT: the numbers of the reference model without its padding, and a version for other numbers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_engine.embedding import load_encoder
from data_engine.embedding.bert import model
from data_engine.embedding.bert.folder import folder_of, recognise
from data_engine.embedding.bert.model import load_packed
from data_engine.errors import InvalidInput
from data_engine.runtime.code_fingerprint import code_fingerprint, import_closure

#: The code that decides the numbers of an encoder, as it is with this revision.
DECIDE_NO_NUMBERS = ("data_engine.embedding.encoder", "data_engine.errors")
REVISION, CODE = "packed5", "5b57babcd4d41ccf"

TEXTS = [
    "",
    "MIT",
    "Licensed under the Apache License, Version 2.0",
    "許諾 ß 🙂",
    "the same words " * 200,
    "a b c d e f",
]


@pytest.fixture(scope="module")
def reference() -> Iterator[Any]:
    from sentence_transformers import SentenceTransformer

    yield SentenceTransformer(str(folder_of("all-MiniLM-L6-v2")), device="cpu")


def test_every_text_is_within_a_thousandth_of_the_reference(reference: Any) -> None:
    expected = reference.encode(TEXTS, normalize_embeddings=True)
    cosines = (load_encoder("all-MiniLM-L6-v2").encode(TEXTS) * expected).sum(axis=1)
    assert cosines.min() >= 0.999


def test_without_bfloat16_products_the_numbers_are_those_of_float32(
    reference: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_engine.embedding.bert.model.has_bfloat16_products", lambda: False)
    model = recognise(folder)
    assert model is not None
    encoder = load_packed("minilm", model)
    assert encoder.version.endswith("-float32")
    assert load_packed("minilm", model, precision="float32").version == encoder.version
    np.testing.assert_allclose(encoder.encode(TEXTS), reference.encode(TEXTS, normalize_embeddings=True), atol=2e-6)


def test_weights_that_differ_from_the_description_are_an_error(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 5}))
    with pytest.raises(InvalidInput, match="calls itself a BERT of 5 layers, but its weights differ"):
        load_encoder(str(folder))


def test_other_pooling_is_another_version_of_the_encoder(folder: Path) -> None:
    by_mean = load_encoder(str(folder))
    pooling = {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    by_first = load_encoder(str(folder))
    assert by_mean.version != by_first.version
    assert not np.allclose(by_mean.encode(["MIT License"]), by_first.encode(["MIT License"]), atol=0.01)


def test_the_version_says_in_which_precision_this_machine_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = []
    for has_products in (False, True):
        monkeypatch.setattr("data_engine.embedding.bert.model.has_bfloat16_products", lambda has=has_products: has)
        versions.append(load_encoder("all-MiniLM-L6-v2").version)
    assert versions == [f"all-MiniLM-L6-v2-05effcc91106-{REVISION}-{end}" for end in ("float32", "bfloat16")]


def test_code_that_decides_the_numbers_does_not_change_unnoticed() -> None:
    found = code_fingerprint(("data_engine.embedding.bert.model",), stops=DECIDE_NO_NUMBERS)
    assert (model.REVISION, found[:16]) == (REVISION, CODE), (
        "the numbers of text encoders may have changed: raise REVISION in model.py, unless they are the same to the "
        "last bit, and write the revision and the new fingerprint in this file"
    )


def test_all_parts_of_the_bert_belong_to_the_code_that_decides_the_numbers() -> None:
    written = {f"data_engine.embedding.bert.{path.stem}" for path in Path(model.__file__).parent.glob("*.py")}
    assert import_closure(("data_engine.embedding.bert.model",), stops=DECIDE_NO_NUMBERS) == written - {
        "data_engine.embedding.bert.__init__"
    }
