"""One contract for all encoders of the registry that can be loaded here, and the names that it gives."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_images import disc, stripes

from data_engine.embedding import Encoder, encoder_names, load_encoder, registry
from data_engine.embedding.bert.folder import folder_of
from data_engine.embedding.bert.model import REVISION
from data_engine.embedding.registry import ANY_OTHER, ENCODERS, EncoderEntry, encoder_entry
from data_engine.errors import DataEngineError, InvalidInput, SourceMissing
from data_engine.modalities import modality_names

TEXTS: list[Any] = ["a long text about licences " * 20, "short", "the MIT License", ""]
IMAGES: list[Any] = [disc("red"), stripes(0), disc("blue", 20, (9, 90)).convert("L")]


def _own_name(name: str) -> Callable[[Path], str]:
    return lambda _: name


def _folder_for_sentence_transformers(folder: Path) -> str:
    """A copy of MiniLM with a setting that the packed BERT does not know."""
    model = folder_of("all-MiniLM-L6-v2")
    assert model is not None
    shutil.copytree(model, folder / "copy", ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "copy" / "model.safetensors").symlink_to(model / "model.safetensors")
    settings = folder / "copy" / "sentence_bert_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"do_lower_case": True}))
    return str(folder / "copy")


#: By the entry's name: what is loaded, its number of values, and how its version begins. Fingerprints are of weights
#: that come with a package, so these versions are the same on every machine.
CASES: dict[str, tuple[Callable[[Path], str], int, str]] = {
    "all-MiniLM-L6-v2": (_own_name("all-MiniLM-L6-v2"), 384, f"all-MiniLM-L6-v2-05effcc91106-{REVISION}-"),
    "hashed-ngrams": (_own_name("hashed-ngrams"), 256, "hashed-ngrams-256-1"),
    "hashed-ngrams/<values>": (_own_name("hashed-ngrams/32"), 32, "hashed-ngrams-32-1"),
    "efficientnet-lite0": (_own_name("efficientnet-lite0"), 1280, "efficientnet-lite0-579344248a93-"),
    "colour-and-gradient-histograms": (
        _own_name("colour-and-gradient-histograms"),
        640,
        "colour-and-gradient-histograms-640-1",
    ),
    "<sentence-transformers name or path>": (_folder_for_sentence_transformers, 384, "copy-9d4bc361409f"),
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The name of an entry, and a name that it loads."""
    name_of, _, _ = CASES[request.param]
    return request.param, name_of(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def encoder(case: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_ENGINE_CACHE", str(tmp_path_factory.getbasetemp() / "converted-models"))
        return load_encoder(case[1])


def _items(encoder: Encoder) -> list[Any]:
    return IMAGES if encoder.modality == "image" else TEXTS


def test_every_entry_is_in_the_contract_but_the_one_whose_weights_are_fetched_from_a_hub() -> None:
    assert [entry.name for entry in (*ENCODERS, ANY_OTHER) if entry.name not in CASES] == ["timm/<model>"]


def test_rows_are_float32_of_norm_1_in_the_order_of_the_items(encoder: Encoder, case: tuple[str, str]) -> None:
    items, told = _items(encoder), list[int]()
    rows = encoder.encode(items, progress=told.append)
    assert (rows.shape, rows.dtype, sum(told)) == ((len(items), encoder.dim), np.float32, len(items))
    assert encoder.dim == CASES[case[0]][1]
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3 if encoder.modality == "image" else 1e-5)
    for position in range(len(items)):
        np.testing.assert_allclose(encoder.encode(items[position : position + 1])[0], rows[position], atol=0.02)


def test_the_same_items_give_the_same_rows(encoder: Encoder) -> None:
    items = _items(encoder)
    np.testing.assert_array_equal(encoder.encode(items), encoder.encode(items))


def test_no_items_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_the_other_modality_is_a_clear_error(encoder: Encoder) -> None:
    takes, other = ("images", "texts") if encoder.modality == "image" else ("texts", "images")
    with pytest.raises(InvalidInput, match=f"takes {takes} only; name an encoder of {other}"):
        encoder.encode(TEXTS if other == "texts" else IMAGES)


def test_an_encoder_is_of_the_modality_that_its_entry_says(encoder: Encoder, case: tuple[str, str]) -> None:
    assert encoder_entry(case[1]).name == case[0]
    assert encoder_entry(case[1]).modality in (None, encoder.modality)


def test_the_version_is_stable_and_the_name_is_the_one_that_was_asked_for(
    encoder: Encoder, case: tuple[str, str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_CACHE", str(tmp_path_factory.getbasetemp() / "converted-models"))
    assert encoder.version.startswith(CASES[case[0]][2])
    assert load_encoder(case[1]).version == encoder.version
    assert encoder.name == case[1]


def test_names_are_given_by_modality_and_each_once() -> None:
    texts, images = encoder_names("text"), encoder_names("image")
    assert texts[:2] == ["all-MiniLM-L6-v2", "hashed-ngrams"]
    assert images[:3] == ["efficientnet-lite0", "colour-and-gradient-histograms", "timm/<model>"]
    assert texts[-1:] == images[-1:] == list(set(texts) & set(images)) == ["<sentence-transformers name or path>"]
    everywhere = {name for modality in modality_names() for name in encoder_names(modality)}
    assert sorted(encoder_names()) == sorted(everywhere) and everywhere >= {*texts, *images}


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("timm/vit_small_patch16_224", "timm/<model>"),
        ("timm", "<sentence-transformers name or path>"),
        ("./hashed-ngrams", "<sentence-transformers name or path>"),
        ("BAAI/bge-small-en-v1.5", "<sentence-transformers name or path>"),
    ],
)
def test_a_name_is_loaded_by_the_first_entry_that_matches_it(name: str, entry: str) -> None:
    assert encoder_entry(name).name == entry


def test_an_unknown_encoder_is_an_error_with_a_remedy() -> None:
    with pytest.raises(SourceMissing, match="give a path, or install one of"):
        load_encoder("no/such-encoder")


@pytest.mark.parametrize(
    ("name", "without_weights"),
    [("no/such-encoder", "hashed-ngrams for texts"), ("timm/no_such_model", "colour-and-gradient-histograms")],
)
def test_an_encoder_that_cannot_be_loaded_is_named_with_one_that_needs_no_weights(
    name: str, without_weights: str
) -> None:
    with pytest.raises(DataEngineError) as failed:
        load_encoder(name)
    said = str(failed.value)
    assert name.removeprefix("timm/") in said and without_weights in said


def test_a_library_that_fails_in_its_own_words_is_an_error_with_name_reason_and_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_name: str) -> Encoder:
        raise ImportError("no module of that name\nand more")

    monkeypatch.setattr(registry, "ENCODERS", (EncoderEntry("mine", "text", broken),))
    sentence = "the encoder 'mine' cannot be loaded (ImportError: no module of that name); correct the name, install "
    with pytest.raises(SourceMissing, match=re.escape(sentence) + ".*hashed-ngrams, which needs no weights"):
        load_encoder("mine")


def test_importing_the_package_imports_no_library_of_any_encoder() -> None:
    heavy = {"torch", "sentence_transformers", "sklearn", "openvino", "transformers", "tokenizers", "PIL", "deltalake"}
    code = "import sys, data_engine.embedding; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert heavy & set(out.split()) == set()
