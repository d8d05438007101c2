"""Images of a corpus read again from its source: three squares of one colour each."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from written_steps import notes_runtime

from data_engine.corpus import Corpus
from data_engine.errors import ContentMissing
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.media import image_file, load_items, read_looks, released_images
from data_engine.runtime.step_run import execute


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    (tmp_path / "source").mkdir()
    Image.new("RGB", (40, 20), "red").save(tmp_path / "source" / "a.png")
    Image.new("RGB", (40, 20), "blue").save(tmp_path / "source" / "b.png")
    Image.new("RGB", (30, 30), "green").save(tmp_path / "source" / "c.jpg")
    (tmp_path / "source" / "d.png").write_bytes(b"no image")
    described = {
        "name": "squares",
        "modality": "image",
        "source": {"kind": "folder", "path": "source"},
        "first_pass": {"max_unreadable_share": 0.5},
        "subset": {"target_size": 3},
        "labels": {"question": "Which?", "classes": ["a", "b"]},
    }
    made = CorpusRuntime(Corpus.model_validate(described), tmp_path)
    execute(made, "raw_index", "top", run_id="run")
    return made


def test_images_are_loaded_by_row_with_their_shorter_side_reduced(runtime: CorpusRuntime) -> None:
    load = load_items(runtime, runtime.store().read("raw_index"), 10)
    second, first = load([1, 0])
    assert (first.size, second.size) == ((20, 10), (20, 10))
    assert (first.getpixel((5, 5)), second.getpixel((5, 5))) == ((255, 0, 0), (0, 0, 255))


def test_an_image_that_is_gone_or_broken_is_named(runtime: CorpusRuntime) -> None:
    raw = runtime.store().read("raw_index")
    (runtime.project_folder / "source" / "a.png").unlink()
    load = load_items(runtime, raw, 10)
    with pytest.raises(ContentMissing, match=r"a\.png"):
        load([0])
    with pytest.raises(ContentMissing, match=r"image d\.png cannot be decoded any more"):
        load([3])


def test_the_rules_are_shown_every_image_and_nothing_in_the_place_of_an_unreadable_one(
    runtime: CorpusRuntime,
) -> None:
    done: list[int] = []
    looks = list(read_looks(runtime, done.append)(runtime.store().read("raw_index")))
    assert [look is None for look in looks] == [False, False, False, True]
    assert sum(done) == 4


def test_released_images_are_the_bytes_of_the_source_under_their_ids(runtime: CorpusRuntime) -> None:
    raw = runtime.store().read("raw_index")
    ids = raw["sample_id"].to_pylist()
    released = dict(released_images(runtime, raw, [ids[2], ids[0]]))
    source = runtime.project_folder / "source"
    assert released == {
        f"{ids[2]}.jpg": (source / "c.jpg").read_bytes(),
        f"{ids[0]}.png": (source / "a.png").read_bytes(),
    }
    assert Image.open(BytesIO(released[f"{ids[0]}.png"])).size == (40, 20)


def test_a_corpus_of_texts_releases_no_images(tmp_path: Path) -> None:
    texts = notes_runtime(tmp_path)
    released: Iterator[tuple[str, bytes]] = released_images(texts, texts.store().read("raw_index"), ["a"])
    assert list(released) == []


def test_the_image_of_a_sample_is_given_under_its_name(runtime: CorpusRuntime) -> None:
    raw = runtime.store().read("raw_index")
    name, content = image_file(runtime, raw.slice(2, 1))
    assert name == f"{raw['sample_id'][2].as_py()}.jpg"
    assert content == (runtime.project_folder / "source" / "c.jpg").read_bytes()
