import json
from pathlib import Path

import mlcroissant
import pyarrow as pa
import pytest
from released_folders import TEXTS, text_release

from data_engine.releasing.croissant import croissant_text
from data_engine.releasing.exporting import rows_of_folder


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what mlcroissant itself calls
@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_mlcroissant_finds_nothing_wrong_and_reads_the_rows(form: str, tmp_path: Path) -> None:
    folder = text_release(tmp_path / "r", formats=(form,))
    found = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    assert (list(found.metadata.ctx.issues.errors), list(found.metadata.ctx.issues.warnings)) == ([], [])
    assert found.metadata.name == "A title: “x”"
    if form == "jsonl":
        # The library reads these with a guess at the type of every text, which a text like 1e9 of a hash defeats.
        return
    rows = list(found.records("samples"))
    read = {row["samples/sample_id"].decode(): row["samples/label"].decode() for row in rows}
    wanted = rows_of_folder(folder)
    assert read == dict(zip(wanted["sample_id"].to_pylist(), wanted["label"].to_pylist(), strict=True))
    assert len(rows) == len(TEXTS)


def test_every_column_is_said_with_what_it_means_and_a_question_has_the_meaning_of_one() -> None:
    schema = pa.schema([("sample_id", pa.string()), ("mood_posterior", pa.float32()), ("leaf", pa.int32())])
    files = {"data.parquet": {"sha256": "0" * 64, "n_bytes": 12}, "README.md": {"sha256": "1" * 64, "n_bytes": 1}}
    said = json.loads(croissant_text({"release_id": "r1", "corpus": "notes"}, schema, files))
    assert [(each["@id"], each["contentSize"]) for each in said["distribution"]] == [("data.parquet", "12 B")]
    fields = said["recordSet"][0]["field"]
    assert [(each["name"], each["dataType"]) for each in fields] == [
        ("sample_id", "sc:Text"),
        ("mood_posterior", "sc:Float"),
        ("leaf", "sc:Integer"),
    ]
    assert fields[1]["description"] == "probability of the label"
    assert "datePublished" not in said
