"""The contract of all modalities: ten tiny samples of each, made by its own tests, from the source to the release."""

import json
from dataclasses import dataclass, fields
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from data_engine.corpus import Corpus
from data_engine.embedding import load_encoder
from data_engine.errors import ContentMissing, InvalidInput
from data_engine.filtering.rules.registry import rules_of
from data_engine.indexing import Contents
from data_engine.indexing.registry import KINDS
from data_engine.modalities import find_modality, load, modality_names
from data_engine.modalities.modality import Modality
from data_engine.release_formats.registry import FOLDER_FORMATS
from data_engine.releasing.exporting import export_release
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.foundation_model.contents import COLUMNS, contents_of
from data_engine.runtime.plan import partition_column
from data_engine.runtime.review_page.sample_images import SampleImages
from data_engine.runtime.step_run import execute

NAMES = modality_names()
#: Fields that hold the name of a part.
PARTS = tuple(field.name for field in fields(Modality) if "PartName" in str(field.type))


def _of_its_tests(name: str) -> Any:
    """The module with the tests of a modality, which writes its samples."""
    path = Path(__file__).with_name(f"test_{name}.py")
    spec = spec_from_file_location(f"samples_of_{name}", path)
    assert spec is not None and spec.loader is not None, f"the tests of the modality {name} are missing: {path}"
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class _Run:
    """A corpus of ten samples at work, from its raw index to its release."""

    samples: Modality
    runtime: CorpusRuntime
    tables: dict[str, Any]
    release: Path

    def rows(self, step: str) -> list[dict[str, Any]]:
        return list(self.tables[step].to_pylist())


@pytest.fixture(scope="module", params=NAMES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> _Run:
    """Each modality runs once for all of its tests."""
    samples, folder = find_modality(request.param), tmp_path_factory.mktemp(request.param)
    (source := folder / "source").mkdir()
    tests = _of_its_tests(samples.name)
    described = tests.write_samples(source)
    tests.write_bad(source)
    corpus = Corpus.model_validate(
        {
            "name": "tiny",
            "modality": samples.name,
            "encoder": samples.without_weights,
            "tree": {"n_clusters": [3]},
            "subset": {"target_size": 4},
            **described,
            "first_pass": {"max_unreadable_share": 1, **described.get("first_pass", {})},
        }
    )
    runtime, tables = CorpusRuntime(corpus, folder), {}
    steps = ("raw_index", "first_pass", "embeddings", "cluster_tree", "balanced_subset", "quality_report", "release")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DATA_ENGINE_DATA", str(folder / "data"))
        for step in steps:
            _, result = execute(runtime, step, "top" if partition_column(step) == "batch" else "", run_id="one")
            tables[step] = runtime.store().read(step)
        return _Run(samples, runtime, tables, runtime.corpus_folder / "releases" / result.metadata["release"])


@pytest.fixture
def run(made: _Run, monkeypatch: pytest.MonkeyPatch) -> _Run:
    """The run, with its data where it left them."""
    monkeypatch.setenv("DATA_ENGINE_DATA", str(made.runtime.project_folder / "data"))
    return made


def test_every_part_of_a_declaration_is_there() -> None:
    for samples in map(find_modality, NAMES):
        assert samples.name in NAMES
        assert all(load(part) is not None for name in PARTS if (part := getattr(samples, name)))
        assert set(samples.kinds) <= set(KINDS)
        assert set(samples.formats) <= set(FOLDER_FORMATS)
        assert samples.holds_text or samples.is_read_again
        assert samples.defaults["encoder"]


def test_an_unknown_modality_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"modality is 'smell', which does not exist; use one of text, "):
        find_modality("smell")


def test_rules_of_one_name_give_one_reason() -> None:
    reasons: dict[str, str] = {}
    for rule in (rule for name in NAMES for rule in rules_of(name)):
        assert reasons.setdefault(rule.name, rule.reason) == rule.reason


def test_ten_samples_are_read_and_each_bad_file_says_what_it_lacks(run: _Run) -> None:
    rows = run.rows("raw_index")
    bad = [row for row in rows if "bad_" in row["uri"]]
    good = [row for row in rows if row not in bad]
    assert (len(good), [row["error"] for row in good if row["error"]]) == (10, [])
    assert len(bad) >= 3
    assert all(row["error"] and not row["is_readable"] for row in bad)
    assert len({row["sample_id"] for row in rows}) == len(rows)
    assert {row["text"] is not None for row in good} == {run.samples.holds_text}
    assert {row["thumbnail"] is not None for row in good} == {run.samples.has_image}


def test_its_rules_measure_every_sample_and_the_near_duplicate_is_found(run: _Run) -> None:
    judged = [row for row in run.rows("first_pass") if "bad_" not in row["uri"]]
    always = {rule.signal for rule in rules_of(run.samples.name) if not rule.is_costly}
    assert all(always & dict(row["signals"]).keys() for row in judged)
    repeats = [row for row in judged if row["verdict"] == "rejected"]
    assert [row["reason"] for row in repeats] == ["near_duplicate"]
    assert repeats[0]["duplicate_of"] in {row["sample_id"] for row in judged if row["verdict"] == "kept"}


def test_the_kept_samples_are_embedded_clustered_and_chosen_from(run: _Run) -> None:
    kept = {row["sample_id"] for row in run.rows("first_pass") if row["verdict"] == "kept"}
    embedded = run.rows("embeddings")
    assert {row["sample_id"] for row in embedded} == kept
    assert {row["dim"] for row in embedded} == {load_encoder(run.samples.without_weights).dim}
    chosen = {row["sample_id"] for row in run.rows("balanced_subset")}
    assert len(chosen) == 4
    assert chosen <= kept


def test_a_page_shows_what_it_has_of_a_sample(run: _Run) -> None:
    if not run.samples.has_image:
        assert run.samples.image is None
        return
    images, row = SampleImages(run.runtime), run.rows("balanced_subset")[0]
    shown = images(row["sample_id"], False)
    assert shown.media_type.startswith("image/")
    assert images(row["sample_id"], True).media_type == "image/jpeg"
    if run.samples.player is not None:
        assert len(images.player(row["sample_id"]).content) > 100


def test_a_foundation_model_is_shown_its_image_or_its_text(run: _Run) -> None:
    raw = run.tables["raw_index"].select(COLUMNS)
    row = next(row for row in run.rows("raw_index") if row["is_readable"])
    content = contents_of(run.runtime, raw)(row["sample_id"])
    # A modality of neither has nothing that such a model could be shown.
    assert (content is not None) == (run.samples.has_image or run.samples.holds_text)
    assert (content is not None and content.image is not None) == run.samples.has_image


def test_the_release_holds_its_samples_and_fits_every_format_that_it_names(run: _Run, tmp_path: Path) -> None:
    manifest = json.loads((run.release / "manifest.json").read_text("utf-8"))
    assert manifest["n_samples"] == 4
    files = list((run.release / "images").iterdir()) if run.samples.is_read_again else []
    assert len(files) == (4 if run.samples.is_read_again else 0)
    for name in run.samples.formats:
        if not (FOLDER_FORMATS[name].needs_labels or FOLDER_FORMATS[name].needs_objects):
            assert list(export_release(run.release, name, tmp_path / name).iterdir())


def test_a_sample_that_has_changed_is_not_taken_for_the_one_that_was_read(run: _Run) -> None:
    if not run.samples.is_read_again:
        return
    row = next(row for row in run.rows("raw_index") if row["is_readable"])
    contents = Contents(run.runtime.corpus.source, run.runtime.project_folder, run.samples.name)
    assert contents.read(row)
    with pytest.raises(ContentMissing, match="has changed since it was indexed"):
        contents.read({**row, "sample_id": "0" * 32})
