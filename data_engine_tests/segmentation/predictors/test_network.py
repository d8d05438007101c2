from pathlib import Path

import numpy as np
import pytest
from drawn_objects import drawn_objects

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.segmentation import load_segmenter
from data_engine.segmentation.masks import iou
from data_engine.segmentation.predictors.network import (
    MaskNetwork,
    Reviewed,
    network_from_bytes,
    network_iou,
    train_network,
)
from data_engine.segmentation.simulated_clicks import simulated_points

OBJECTS = [Reviewed(one.image, one.mask) for one in drawn_objects(12)]


@pytest.fixture(scope="module")
def network() -> MaskNetwork:
    return train_network(OBJECTS[:8], seed=0, n_rounds=6)


def test_a_network_learns_from_few_masks(network: MaskNetwork) -> None:
    assert network_iou(network, OBJECTS[8:]) > 0.5


def test_weights_survive_their_bytes(network: MaskNetwork, tmp_path: Path) -> None:
    again = network_from_bytes(network.to_bytes())
    assert again.version == network.version
    path = tmp_path / "masks.npz"
    path.write_bytes(network.to_bytes())
    segmenter = load_segmenter(f"network/{path}")
    assert segmenter.version == network.version and segmenter.takes_clicks
    one = OBJECTS[9]
    assert iou(segmenter.predict(one.image, simulated_points(one.mask)), one.mask) > 0.5


def test_the_same_seed_gives_the_same_version_and_going_on_another_one(network: MaskNetwork) -> None:
    first, same = (train_network(OBJECTS[:8], seed=3, n_rounds=1) for _ in range(2))
    assert first.version == same.version
    assert train_network(OBJECTS[:8], seed=3, n_rounds=1, start=first).version != first.version


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04"])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="these are not the weights of a mask network"):
        network_from_bytes(content)


def test_few_or_empty_masks_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="2 reviewed masks are too few to train on; give at least 8"):
        train_network(OBJECTS[:2], seed=0)
    with pytest.raises(InvalidInput, match="the mask is empty"):
        train_network([*OBJECTS[:7], Reviewed(OBJECTS[0].image, OBJECTS[0].mask & False)], seed=0, n_rounds=1)
    with pytest.raises(NotEnoughData, match="no held-out masks"):
        network_iou(MaskNetwork({}, lambda crop: np.zeros((1, 1), np.float32)), [])
