"""The layers of the packed BERT: products, norms, GELU and pooling by their definitions, each text by itself."""

import math

import pytest
import torch

from data_engine.embedding.bert.layers import BertConfig, Linear, Norm, PackedBert, first_token, mean_of_tokens

of_both_precisions = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])


@of_both_precisions
def test_a_product_adds_the_bias_and_the_other_rows(dtype: torch.dtype) -> None:
    linear = Linear.of(torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 0.0]]), torch.tensor([0.5, 0.0, -1.0]), dtype)
    rows = torch.tensor([[1.0, 1.0], [2.0, -4.0]], dtype=dtype)
    assert linear(rows).tolist() == [[3.5, -1.0, 2.0], [-5.5, 4.0, 5.0]]
    assert linear.plus(rows, torch.ones(2, 3, dtype=dtype)).tolist() == [[4.5, 0.0, 3.0], [-4.5, 5.0, 6.0]]


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
    norm = Norm(torch.full((dim,), 4.0), torch.arange(float(dim)), 1e-12)
    expected = torch.arange(float(dim)) + 4 * torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(1, dim // 2)
    torch.testing.assert_close(norm(rows), expected.to(dtype), rtol=0, atol=1e-5)


def test_a_row_of_one_value_alone_is_normed_to_the_bias() -> None:
    norm = Norm(torch.full((64,), 4.0), torch.full((64,), 3.0), 1e-12)
    assert norm(torch.full((2, 64), 7.0).bfloat16()).tolist() == [[3.0] * 64] * 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gelu_is_each_value_times_the_share_of_the_normal_distribution_below_it(dtype: torch.dtype) -> None:
    values = torch.cat([torch.linspace(-6, 6, 1019), torch.tensor([0.0, 1.0, -1.0, 100.0, -100.0])]).to(dtype)
    expected = [value * (1 + math.erf(value / 2**0.5)) / 2 for value in values.tolist()]
    same = Linear.of(torch.eye(32), torch.zeros(32), dtype)
    found = same.gelu(values.view(32, 32)).flatten().double()
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
