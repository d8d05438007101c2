"""Every kind of source keeps the same promises, and the documents tell of every kind."""

import importlib.util
import io
import re
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawn_scenes import noise, write_scene
from made_sounds import made, written
from PIL import Image

from data_engine import schemas
from data_engine.errors import SourceError
from data_engine.indexing import Contents, list_batches, read_batch
from data_engine.indexing.registry import KINDS
from data_engine.indexing.source import Batches, Source
from data_engine.modalities import find_modality
from data_engine.rasters.settings import Raster
from data_engine_tests.support.made_videos import moving, write_video

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "sources.md"
TEXTS = ("first text", "second text")


def _png(colour: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(stream, "png")
    return stream.getvalue()


IMAGES = (_png("red"), _png("blue"))
SOUNDS = (written(made("melody", 1, 0.2)), written(made("noise", 1, 0.2), form="FLAC"))
#: The two samples of each modality, and the ending of their files.
SAMPLES: dict[str, tuple[tuple[bytes, ...], str]] = {
    "text": (tuple(text.encode() for text in TEXTS), "txt"),
    "image": (IMAGES, "png"),
    "audio": (SOUNDS, "wav"),
}


def _files(folder: Path, modality: str) -> dict[str, Any]:
    for number, content in enumerate(SAMPLES[modality][0]):
        (folder / f"{number}.bin").write_bytes(content)
    return {}


def _front_matter(folder: Path, _modality: str) -> dict[str, Any]:
    for number, text in enumerate(TEXTS):
        (folder / f"{number}.md").write_text(f"---\ntopic: a\n---\n{text}", "utf-8")
    return {}


def _values(folder: Path, modality: str) -> Sequence[str]:
    """Texts, or the names of files that are written beside the rows."""
    contents, ending = SAMPLES[modality]
    if modality == "text":
        return TEXTS
    for number, content in enumerate(contents):
        (folder / f"{number}.{ending}").write_bytes(content)
    return [f"{number}.{ending}" for number in range(len(contents))]


def _jsonl(folder: Path, modality: str) -> dict[str, Any]:
    values = _values(folder, modality)
    (folder / "rows.jsonl").write_text("".join(f'{{"text": "{value}"}}\n' for value in values), "utf-8")
    return {"pattern": "*.jsonl", "path_column": "text"}


def _csv(folder: Path, modality: str) -> dict[str, Any]:
    values = _values(folder, modality)
    (folder / "rows.csv").write_text("\n".join(["n,text", *(f"1,{value}" for value in values)]), "utf-8")
    return {"pattern": "*.csv", "path_column": "text"}


def _parquet(folder: Path, modality: str) -> dict[str, Any]:
    pq.write_table(pa.table({"text": TEXTS if modality == "text" else SAMPLES[modality][0]}), folder / "rows.parquet")
    return {"path_column": "text"}


def _saved_dataset(folder: Path, modality: str) -> dict[str, Any]:
    table = pa.table({"text": TEXTS if modality == "text" else SAMPLES[modality][0]})
    with (folder / "data-00000.arrow").open("wb") as stream, pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    (folder / "dataset_info.json").write_text("{}", "utf-8")
    return {"path_column": "text"}


def _archive(folder: Path, modality: str) -> dict[str, Any]:
    contents, ending = SAMPLES[modality]
    with tarfile.open(folder / "shard.tar", "w") as archive:
        for number, content in enumerate(contents):
            member = tarfile.TarInfo(f"{number}.{ending}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return {}


def _pixel_rows(folder: Path, _modality: str) -> dict[str, Any]:
    (folder / "digits.csv").write_text("0,255,seven\n255,0,one\n", "utf-8")
    return {"pixel_shape": (1, 2)}


def _image_tiles(folder: Path, _modality: str) -> dict[str, Any]:
    image = Image.new("RGB", (32, 16), "red")
    image.paste((0, 0, 255), (16, 0, 32, 16))
    image.save(folder / "a.bmp")
    return {"tile_px": 16}


def _raster_tiles(folder: Path, _modality: str) -> dict[str, Any]:
    write_scene(folder / "scene.tif", noise(2, 16, 32))
    return {"tile_px": 16}


def _video(folder: Path, _modality: str) -> dict[str, Any]:
    write_video(folder / "a.mp4", moving(11))
    return {"every_seconds": 1}


def _documents(folder: Path, _modality: str) -> dict[str, Any]:
    for number, text in enumerate(TEXTS):
        (folder / f"{number}.txt").write_text(text, "utf-8")
    return {}


#: Writes two samples into a folder, and gives the options of the source that they need.
SOURCES: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "folder": _files,
    "front_matter": _front_matter,
    "jsonl": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
    "webdataset": _archive,
    "huggingface": _saved_dataset,
    "pixel_rows": _pixel_rows,
    "image_tiles": _image_tiles,
    "raster_tiles": _raster_tiles,
    "video": _video,
    "documents": _documents,
    "audio": _files,
}
#: A value of every option that some kind cannot do without.
OPTIONS = {"pixel_shape": (1, 2), "tile_px": 16}
#: A value of every option that some kind takes and can do without.
TAKEN = {
    "tile_step_px": 8,
    "tile_class": "cell",
    "text_per": "page",
    "max_document_bytes": 1000,
    "raster": Raster(stretch=(1, 99)),
}
TAKEN |= {"frames_per_second": 2, "every_seconds": 2, "scene_change": 0.1, "max_frames": 5, "max_video_s": 9}
TAKEN |= {"scene_gap_s": 1}
TAKEN |= {"clip_s": 5.0, "clip_step_s": 2.5, "clip_silence_db": -40.0, "clip_pause_s": 0.5, "clip_min_s": 0.5}
#: What has to be given with an option.
TOGETHER = {name: {"clip_silence_db": -40.0} for name in ("clip_pause_s", "clip_min_s")}
CASES = [(kind, name) for kind in KINDS for name in SAMPLES if kind in find_modality(name).kinds]


def _source(kind: str, modality: str, folder: Path) -> Source:
    return Source(kind=kind, path=str(folder), **SOURCES[kind](folder, modality))


def _read(source: Source, folder: Path, modality: Any) -> pa.Table:
    files = [file for batch in list_batches(source, Batches(), folder).values() for file in batch]
    if modality != "text":
        # Tables name media that lie beside them; those are no files of the source.
        files = [file for file in files if source.kind == "folder" or not file.uri.endswith((".png", ".wav"))]
    return read_batch(source, files, batch="b", modality=modality)


def test_every_kind_is_covered_by_these_tests() -> None:
    assert list(SOURCES) == list(KINDS)


@pytest.mark.parametrize(("kind", "modality"), CASES)
def test_two_samples_are_two_readable_rows_the_same_at_every_reading(kind: str, modality: str, tmp_path: Path) -> None:
    source = _source(kind, modality, tmp_path)
    table = _read(source, tmp_path, modality)
    assert table.schema.equals(schemas.RAW_INDEX)
    assert table["error"].to_pylist() == [None, None]
    assert len(set(table["sample_id"].to_pylist())) == len(set(table["uri"].to_pylist())) == 2
    assert table.equals(_read(source, tmp_path, modality))
    if modality == "text":
        assert table["text"].to_pylist() == list(TEXTS)


@pytest.mark.parametrize(("kind", "modality"), [case for case in CASES if case[1] != "text"])
def test_the_bytes_of_its_media_are_found_again_in_any_order(kind: str, modality: str, tmp_path: Path) -> None:
    source = _source(kind, modality, tmp_path)
    rows = _read(source, tmp_path, modality).to_pylist()
    contents = Contents(source, tmp_path, modality)
    found = [contents.read(row) for row in [rows[1], rows[0], rows[1]]]
    assert found[0] == found[2]
    assert kind in ("pixel_rows", "image_tiles", "audio", "video") or found[:2] == list(SAMPLES[modality][0][::-1])


@pytest.mark.parametrize(
    ("kind", "modality"), [(kind, other) for kind in KINDS for other in SAMPLES if (kind, other) not in CASES]
)
def test_a_modality_that_it_does_not_have_is_refused_with_a_remedy(kind: str, modality: Any) -> None:
    options = {name: OPTIONS[name] for name in KINDS[kind].needs}
    with pytest.raises(SourceError, match=f"kind is {kind} but modality is {modality}; (use|set) "):
        read_batch(Source(kind=kind, path=".", **options), [], batch="b", modality=modality)


@pytest.mark.parametrize(("kind", "modality"), CASES)
def test_a_file_that_vanished_is_one_unreadable_row_or_an_error_that_names_it(
    kind: str, modality: Any, tmp_path: Path
) -> None:
    source = _source(kind, modality, tmp_path)
    (file, *_) = [
        f
        for batch in list_batches(source, Batches(), tmp_path).values()
        for f in batch
        if not f.uri.endswith((".png", ".wav"))
    ]
    Path(file.path).unlink()
    try:
        table = read_batch(source, [file], batch="b", modality=modality)
    except SourceError as error:
        assert file.uri in str(error)
    else:
        assert table["is_readable"].to_pylist() == [False]
        assert "vanished" in table["error"][0].as_py() or "No such file" in table["error"][0].as_py()


@pytest.mark.parametrize("kind", KINDS)
def test_the_options_that_it_needs_are_asked_for_and_go_with_no_other(kind: str) -> None:
    for name, value in OPTIONS.items():
        needing = [each for each in KINDS if name in KINDS[each].needs]
        named = " and ".join(needing)
        given = {other: OPTIONS[other] for other in KINDS[kind].needs if other != name}
        if kind in needing:
            with pytest.raises(ValueError, match=f"kind is {kind} and {name} is None; kind {named}, and no other"):
                Source(kind=kind, path=".", **given)
        else:
            said = rf"kind is {kind} and {name} is {re.escape(str(value))}; kind {named}, and no"
            with pytest.raises(ValueError, match=said):
                Source(kind=kind, path=".", **given, **{name: value})


@pytest.mark.parametrize("kind", KINDS)
def test_the_options_that_it_takes_go_with_no_other(kind: str) -> None:
    needed = {name: OPTIONS[name] for name in KINDS[kind].needs}
    assert {name for each in KINDS.values() for name in each.takes} == set(TAKEN)
    for name, value in TAKEN.items():
        if name in KINDS[kind].takes:
            given = {**TOGETHER.get(name, {}), name: value}
            assert getattr(Source(kind=kind, path=".", **needed, **given), name) == value
        else:
            with pytest.raises(ValueError, match=rf"kind is {kind}, and {name} is for kind [\w ]+ only; remove {name}"):
                Source(kind=kind, path=".", **needed, **{name: value})


def test_a_kind_whose_packages_are_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "warcio" else found(name))
    said = r"kind documents needs warcio, which is not installed; .* pip install 'data-engine\[documents\]'"
    with pytest.raises(ValueError, match=said):
        Source(kind="documents", path=".")
    assert Source(kind="csv", path=".").kind == "csv"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "rasterio" else found(name))
    with pytest.raises(ValueError, match=r"kind raster_tiles needs rasterio, .* pip install 'data-engine\[raster\]'"):
        Source(kind="raster_tiles", path=".", tile_px=64)


def test_a_kind_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="kind is 'excel', which does not exist; use one of folder, front_matter, jso"):
        Source(kind="excel", path=".")
    schema = Source.model_json_schema()["properties"]["kind"]
    assert schema["enum"] == list(KINDS)
    assert all(f"{name}: {kind.meaning}." in schema["description"] for name, kind in KINDS.items())


def test_the_document_tells_of_every_kind_and_of_no_other() -> None:
    told = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", "".join(told))) == sorted(KINDS)
