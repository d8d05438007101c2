import numpy as np
import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.models.micro_model import examples_of, opened


def test_examples_know_which_classes_occur() -> None:
    examples = examples_of(np.eye(3), np.array([4, 0, 4]), n_classes=5)
    assert (examples.seen.tolist(), examples.compact.tolist()) == ([0, 4], [1, 0, 1])
    assert examples.has_examples.tolist() == [True, False, False, False, True]
    assert examples.x.dtype == np.float32
    with pytest.raises(NotEnoughData, match="label at least one"):
        examples_of(np.empty((0, 3)), np.empty(0, int), n_classes=2)


def test_bytes_that_are_no_archive_or_lack_a_part_are_refused() -> None:
    with pytest.raises(InvalidInput, match="artefact of 3 bytes is no classifier"), opened(b"abc"):
        pass
    with pytest.raises(InvalidInput, match="is no classifier"), opened(b""):
        pass
