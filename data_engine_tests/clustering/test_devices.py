import numpy as np
import pytest

from data_engine.clustering import devices
from data_engine.clustering.devices import device_for, open_device
from data_engine.errors import InvalidInput

SMALL = np.zeros((10, 2), np.float32)
LARGE = np.broadcast_to(np.float32(0), (25_000_000, 2))


@pytest.mark.parametrize(
    ("choice", "sees_gpu", "of_small", "of_large"),
    [
        ("cpu", True, None, None),
        ("cuda", False, "cuda", "cuda"),
        ("auto", True, None, "cuda"),
        ("auto", False, None, None),
    ],
)
def test_a_gpu_is_taken_where_it_is_asked_for_or_there_and_worth_it(
    choice: str, sees_gpu: bool, of_small: str | None, of_large: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_sees_gpu", lambda: sees_gpu)
    assert device_for(choice, SMALL) == of_small  # type: ignore[arg-type]
    assert device_for(choice, LARGE) == of_large  # type: ignore[arg-type]


def test_no_name_is_no_device_and_a_name_that_torch_does_not_know_is_refused() -> None:
    assert open_device(None, SMALL) is None
    with pytest.raises(InvalidInput, match="device is 'gpu'; give a device that torch knows, such as 'cuda', or None"):
        open_device("gpu", SMALL)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_sees_gpu", lambda: False)
    with pytest.raises(InvalidInput, match=r"device is 'cuda' but torch sees \d+ GPUs; leave device out"):
        open_device("cuda", SMALL)
