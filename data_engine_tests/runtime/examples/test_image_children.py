"""Children of images: embedded as the images that they are, and none of what is held out."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from schema_tables import table

from data_engine.corpus import Corpus
from data_engine.embedding import load_encoder
from data_engine.errors import ChecksFailed
from data_engine.images.children import changed
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.examples.image_children import answered_children, child_embeddings
from data_engine.runtime.made_from.encoders import EncoderUsed
from data_engine.runtime.step_run import execute

ENCODER = "colour-and-gradient-histograms"


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    (tmp_path / "source").mkdir()
    for name in "ab":
        Image.effect_noise((60, 40), 90).convert("RGB").save(tmp_path / "source" / f"{name}.png")
    described = {
        "name": "squares",
        "modality": "image",
        "source": {"kind": "folder", "path": "source"},
        "encoder": ENCODER,
        "subset": {"target_size": 3},
        "labels": {"question": "Which?", "classes": ["a", "b"]},
    }
    made = CorpusRuntime(Corpus.model_validate(described), tmp_path)
    execute(made, "raw_index", "top", run_id="run")
    return made


def test_a_child_is_embedded_as_its_parent_changed_and_one_whose_parent_is_gone_is_left_out(
    runtime: CorpusRuntime,
) -> None:
    ids = {row["uri"]: row["sample_id"] for row in runtime.store().read("raw_index").to_pylist()}
    encoder, source = load_encoder(ENCODER), runtime.project_folder / "source"
    (source / "b.png").unlink()
    children = [f"{ids['a.png']}+crop", f"{ids['a.png']}+contrast", f"{ids['b.png']}+crop", "nobody+crop"]
    vectors = EncoderUsed(ENCODER, encoder.version)
    found = child_embeddings(runtime, runtime.store().read, children, vectors)
    assert sorted(found) == sorted(children[:2])
    with Image.open(source / "a.png") as opened:
        image = opened.convert("RGB")
    for child, row in found.items():
        (wanted,) = encoder.encode([changed(image, child.partition("+")[2])])
        np.testing.assert_allclose(row, wanted, atol=1e-6)
    with pytest.raises(ChecksFailed, match="a child of an image was made from vectors of colour"):
        child_embeddings(runtime, runtime.store().read, children, EncoderUsed("another", "another"))


def test_a_child_of_a_held_out_image_is_never_learnt_from() -> None:
    purposes = {"a": "hold_out", "b": "query", "a+crop": "synthesised", "b+crop": "synthesised"}
    answers = table("reviewed_labels", [{"sample_id": key, "purpose": value} for key, value in purposes.items()])
    assert answered_children(answers) == ["b+crop"]
    assert answered_children(pa.concat_tables([answers, answers])) == ["b+crop"]
