from pathlib import Path

from written_steps import notes_runtime, write_step

from data_engine.indexing.samples import sample_id_of_bytes, sample_id_of_text
from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.integrity.sample_ids import check_sample_ids


def test_a_text_that_is_not_the_one_of_its_id_is_counted_by_batch(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    sound = {"sample_id": sample_id_of_text("one"), "text": "one", "uri": "a"}
    unread = {"sample_id": "x", "text": None, "is_readable": False}
    write_step(runtime.store(), "raw_index", [sound, unread], "may")
    assert list(check_sample_ids(CheckedCorpus(runtime))) == []
    write_step(runtime.store(), "raw_index", [sound, {**sound, "text": "One", "uri": "b"}], "june")
    (finding,) = check_sample_ids(CheckedCorpus(runtime))
    assert finding.where == "raw_index of june"
    assert finding.what == "1 texts are not those that their ids are the hash of, such as b"
    assert finding.remedy == "data-engine backfill notes --batches june"


def test_images_that_the_source_no_longer_has_are_a_note(tmp_path: Path) -> None:
    source = {"kind": "folder", "path": "source"}
    changes = {"modality": "image", "encoder": "color-histogram", "source": source, "known_label_column": None}
    runtime = notes_runtime(tmp_path, review={}, **changes)
    (tmp_path / "source").mkdir()
    for name in ("a", "b"):
        (tmp_path / "source" / f"{name}.png").write_bytes(name.encode())
    rows = [{"sample_id": sample_id_of_bytes(n.encode()), "uri": f"{n}.png", "metadata": "{}"} for n in ("a", "b")]
    write_step(runtime.store(), "raw_index", rows, "top")
    assert list(check_sample_ids(CheckedCorpus(runtime))) == []
    (tmp_path / "source" / "b.png").write_bytes(b"other")
    (finding,) = check_sample_ids(CheckedCorpus(runtime))
    assert (finding.severity, finding.where) == ("note", "source of top")
    assert finding.what == "1 images are no longer at their source as they were read"
