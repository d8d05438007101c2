from pathlib import Path

import numpy as np
import pyarrow as pa

from data_engine.storage.scratch import ScratchTexts


def test_texts_come_back_by_row_in_any_order(tmp_path: Path) -> None:
    texts = ScratchTexts(tmp_path)
    texts.add(pa.array(["cut off", "grün", None]).slice(1))
    texts.add(pa.array([], pa.string()))
    texts.add(pa.array(["", "日本", "end"]))
    assert len(texts) == 5
    assert texts.read([1, 0, 4, 3, 3, 2]) == ["", "grün", "end", "日本", "日本", ""]
    assert texts.n_bytes.tolist() == [5, 0, 0, 6, 3]


def test_texts_can_be_added_after_some_were_read(tmp_path: Path) -> None:
    texts = ScratchTexts(tmp_path)
    assert (len(texts), texts.read(np.array([], np.int64))) == (0, [])
    texts.add(pa.array(["a"]))
    assert texts.read([0]) == ["a"]
    texts.add(pa.array(["b"]))
    assert texts.read([1, 0]) == ["b", "a"]
