"""Modules compiled by OpenVINO: converted once, and the same results from what was kept."""

from pathlib import Path

import numpy as np
import pytest

from data_engine.embedding import openvino


def test_a_converted_model_is_kept_and_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setenv("DATA_ENGINE_CACHE", str(tmp_path))
    made: list[str] = []

    def make() -> tuple[torch.nn.Module, torch.Tensor]:
        made.append("made")
        return torch.nn.Linear(3, 2).eval(), torch.zeros(2, 3)

    numbers = [np.float32([[n, 0, 1], [0, n, 1]])[: 1 if n == 9 else 2] for n in range(10)]
    first, second = (
        openvino.compiled("linear", make, batch_shape=(2, 3), precision="f32")(iter(numbers)) for _ in range(2)
    )
    results = list(first)
    assert [len(part) for part in results] == [2] * 9 + [1]
    assert all(np.array_equal(*pair) for pair in zip(results, second, strict=True))
    assert made == ["made"]
    assert sorted(path.suffix for path in tmp_path.glob("linear-openvino-*")) == [".bin", ".xml"]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_the_conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DATA_ENGINE_CACHE", str(tmp_path / "file" / "cache"))
    module = torch.nn.Identity().eval()
    run = openvino.compiled("same", lambda: (module, torch.zeros(1, 2)), batch_shape=(1, 2), precision="f32")
    assert [part.tolist() for part in run(iter([np.float32([[1, 2]])]))] == [[[1.0, 2.0]]]
