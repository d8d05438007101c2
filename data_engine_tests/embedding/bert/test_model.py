"""Packed BERT: the numbers of the reference model without its padding, and only for folders that it understands."""

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data_engine.embedding import load_encoder
from data_engine.embedding.bert.layers import (
    BertConfig,
    Norm,
    PackedBert,
    fastest_gelu,
    first_token,
    mean_of_tokens,
)
from data_engine.embedding.bert.model import load_packed, packs_of, recognise
from data_engine.embedding.model_folder import folder_of
from data_engine.errors import InvalidInput

TEXTS = [
    "",
    "MIT",
    "Licensed under the Apache License, Version 2.0",
    "許諾 ß 🙂",
    "the same words " * 200,
    "a b c d e f",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of MiniLM's folder whose descriptions can be changed; the weights are linked."""
    model = folder_of("all-MiniLM-L6-v2")
    assert model is not None
    shutil.copytree(model, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    (tmp_path / "model" / "model.safetensors").symlink_to(model / "model.safetensors")
    return tmp_path / "model"


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
    np.testing.assert_allclose(encoder.encode(TEXTS), reference.encode(TEXTS, normalize_embeddings=True), atol=2e-6)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}),
    ],
)
def test_a_folder_that_describes_anything_else_is_left_to_sentence_transformers(
    folder: Path, file: str, change: dict[str, object]
) -> None:
    assert recognise(folder) is not None
    described = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(described | change))
    assert recognise(folder) is None


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


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([5] * 8, [[0, 1], [2, 3], [4, 5], [6, 7]]),
        ([1] * 4, [[0, 1], [2, 3]]),
        ([2, 1, 30, 3, 2, 2], [[2], [3, 0, 4, 5, 1]]),
        ([7], [[0]]),
    ],
)
def test_every_thread_gets_as_many_packs_of_about_equal_length_the_longest_texts_first(
    lengths: list[int], expected: list[list[int]]
) -> None:
    assert list(packs_of(lengths, budget=10, n_threads=2)) == expected


def test_pooling_takes_each_text_by_itself() -> None:
    states = torch.tensor([[3.0, 0.0], [0.0, 3.0], [0.0, -2.0]])
    half = 0.5**0.5
    torch.testing.assert_close(mean_of_tokens(states, [2, 1]), torch.tensor([[half, half], [0.0, -1.0]]))
    torch.testing.assert_close(first_token(states, [2, 1]), torch.tensor([[1.0, 0.0], [0.0, -1.0]]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("dim", [8, 32, 96])
def test_a_normed_row_has_the_given_bias_as_its_mean_and_the_weight_as_its_deviation(
    dim: int, dtype: torch.dtype
) -> None:
    rows = torch.tensor([[5.0, 1.0], [-2.0, 2.0]]).repeat(1, dim // 2).to(dtype)
    norm = Norm.of(torch.full((dim,), 4.0), torch.arange(float(dim)), 1e-12, dtype)
    expected = torch.arange(float(dim)) + 4 * torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(1, dim // 2)
    torch.testing.assert_close(norm(rows), expected.to(dtype), rtol=0, atol=1e-5)


def test_a_row_of_one_value_alone_is_normed_to_the_bias() -> None:
    norm = Norm.of(torch.full((64,), 4.0), torch.full((64,), 3.0), 1e-12, torch.bfloat16)
    assert norm(torch.full((2, 64), 7.0).bfloat16()).tolist() == [[3.0] * 64] * 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gelu_is_each_value_times_the_share_of_the_normal_distribution_below_it(dtype: torch.dtype) -> None:
    values = torch.cat([torch.linspace(-6, 6, 1019), torch.tensor([0.0, 1.0, -1.0, 100.0, -100.0])]).to(dtype)
    expected = [value * (1 + math.erf(value / 2**0.5)) / 2 for value in values.tolist()]
    found = fastest_gelu(dtype)(values.view(32, 32).clone()).flatten().double()
    relative, absolute = {torch.float32: (1e-6, 1e-6), torch.bfloat16: (2**-8, 2e-4)}[dtype]
    torch.testing.assert_close(found, torch.tensor(expected).double(), rtol=relative, atol=absolute)


def test_the_neighbours_in_a_pack_do_not_change_a_text() -> None:
    bert = _small_bert()
    alone = bert.states(torch.tensor([4, 2, 7]), [3])
    together = bert.states(torch.tensor([1, 1, 1, 5, 4, 2, 7, 9]), [3, 1, 3, 1])
    torch.testing.assert_close(together[4:7], alone)


def _small_bert() -> PackedBert:
    """One layer of 8 values and 2 heads, with random weights."""
    draw = torch.Generator().manual_seed(0)
    shapes = {
        "embeddings.word_embeddings.weight": (10, 8),
        "embeddings.position_embeddings.weight": (6, 8),
        "embeddings.token_type_embeddings.weight": (2, 8),
    }
    layer = "encoder.layer.0"
    for name, size in [
        *((f"{layer}.attention.self.{part}", (8, 8)) for part in ("query", "key", "value")),
        (f"{layer}.attention.output.dense", (8, 8)),
        (f"{layer}.intermediate.dense", (16, 8)),
        (f"{layer}.output.dense", (8, 16)),
    ]:
        shapes |= {f"{name}.weight": size, f"{name}.bias": (size[0],)}
    for name in ("embeddings", f"{layer}.attention.output", f"{layer}.output"):
        shapes |= {f"{name}.LayerNorm.weight": (8,), f"{name}.LayerNorm.bias": (8,)}
    weights = {name: torch.randn(shape, generator=draw) for name, shape in shapes.items()}
    return PackedBert.of(weights, BertConfig(n_layers=1, n_heads=2, norm_eps=1e-12), torch.float32)
