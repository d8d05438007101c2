import json
from pathlib import Path

import pyarrow as pa
import pytest
from schema_tables import table

from data_engine.errors import StorageError
from data_engine.indexing.samples import sample_id_of_bytes, sample_id_of_text
from data_engine.releasing import damage_of_release, read_manifest, refuse_other_contents, write_release
from data_engine.releasing.integrity import ids_of_other_contents
from data_engine.releasing.rows import release_fingerprint

TEXTS = ("one", "two", "three")
IMAGE = b"an image"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = [{"sample_id": sample_id_of_text(text), "text": text, "metadata": "{}"} for text in TEXTS]
    rows = table("release", [*texts, {"sample_id": sample_id_of_bytes(IMAGE), "metadata": "{}"}])
    release_id = release_fingerprint(rows)
    rows = rows.set_column(1, rows.schema.field(1), pa.array([release_id] * 4))
    manifest = {"release_id": release_id, "n_samples": 4, "created_at": "2026-01-01"}
    images = [(f"{sample_id_of_bytes(IMAGE)}.png", IMAGE)]
    images += [(f"{row['sample_id']}.txt", row["text"].encode()) for row in texts]
    write_release(tmp_path / release_id, rows, manifest, "card\n", images=images)
    return tmp_path / release_id


def damage(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): what for path, what in damage_of_release(folder, read_manifest(folder))}


def test_a_release_as_it_was_written_has_no_damage(folder: Path) -> None:
    assert damage(folder) == {}


@pytest.mark.parametrize("name", ["data.parquet", "data.jsonl", "README.md"])
def test_a_changed_cut_or_missing_file_is_named(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    for other in (content[:-1], content + b"x", content[:-1] + bytes([content[-1] ^ 1])):
        (folder / name).write_bytes(other)
        assert set(damage(folder)) == {name}
    (folder / name).unlink()
    assert damage(folder) == {name: "is missing"}


def test_any_change_of_the_manifest_is_found(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "created_at": "2026-01-02"}, indent=2, sort_keys=True) + "\n")
    assert damage(folder) == {"manifest.json": "is not the manifest that was written: its checksum differs"}
    path.write_text(path.read_text().replace("2026-01-02", "2026-01-01").replace("  ", "   ", 1))
    assert set(damage(folder)) == {"manifest.json"}


def test_a_manifest_without_a_checksum_is_an_earlier_one(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = {name: value for name, value in json.loads(path.read_text()).items() if name != "manifest_sha256"}
    path.write_text(json.dumps(manifest))
    assert damage(folder) == {}
    path.write_text(json.dumps({**manifest, "release_id": "x", "n_samples": 5}))
    assert damage(folder) == {
        "manifest.json": f"names release 'x', but the folder is that of {folder.name}",
        "data.parquet": "has 4 rows, but the manifest says 5",
    }
    path.write_text('{"n_samples": 4}')
    assert "names no files" in damage(folder)["manifest.json"]


def test_a_release_with_other_rows_than_its_id_is_found_though_its_hashes_fit(folder: Path) -> None:
    other = folder.with_name("0" * 16)
    folder.rename(other)
    assert damage(other)["data.parquet"] == (
        f"its rows, and what is declared of them, are not those that release {other.name} is the fingerprint of"
    )


def test_images_are_compared_with_their_names(folder: Path) -> None:
    image = folder / "images" / f"{sample_id_of_bytes(IMAGE)}.png"
    image.write_bytes(b"another")
    assert damage(folder) == {f"images/{image.name}": "is not the sample that its name is the hash of"}
    image.rename(image.with_name("other.png"))
    assert set(damage(folder).values()) == {
        "the file of this released sample is missing",
        "is no file of a released sample",
    }


@pytest.mark.parametrize("text", ["", "[1]", "{", '"x"', "[" * 100_000, "{}", '{"n_samples": "many"}'])
def test_a_broken_manifest_is_one_sentence_with_file_and_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(StorageError, match=r"manifest\.json cannot be read .*; restore that file from a backup"):
        read_manifest(tmp_path)


def test_a_text_that_is_not_the_one_of_its_id_stops_a_release() -> None:
    sound = {"sample_id": sample_id_of_text("one"), "text": "one"}
    raw = table("raw_index", [sound, {"sample_id": "a image", "text": None}])
    refuse_other_contents(raw, "notes")
    assert ids_of_other_contents(raw) == []
    damaged = table("raw_index", [sound, {"sample_id": sample_id_of_text("two"), "text": "twO"}])
    with pytest.raises(StorageError, match=r"1 texts .* nothing was released: data-engine check notes"):
        refuse_other_contents(damaged, "notes")
